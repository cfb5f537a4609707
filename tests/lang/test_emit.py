"""The emitted torch source: golden files, nothing of the user's text in it but names, and each rule of the optimizer."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import List, Set, Tuple

import pytest

import rewardlang
from rewardlang.lang import optimize
from rewardlang.lang.registry import BUILTINS

DATA = Path(__file__).parents[1] / "data"
GOLDEN = ["card", "reference_page", "state", "groups", "schedules"]


@pytest.mark.parametrize("stem", GOLDEN)
def test_golden(stem: str, update_golden: bool) -> None:
    """`pytest --update-golden` rewrites the files; read the difference before committing it."""
    text = (DATA / "specs" / f"{stem}.reward").read_text(encoding="utf-8")
    source = rewardlang.compile(rewardlang.parse(text, f"{stem}.reward"), observations=stem == "card").source
    compile(source, stem, "exec")
    path = DATA / "emit" / f"{stem}.py"
    if update_golden:
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


ALL = sorted((DATA / "specs").glob("*.reward"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_style(path: Path) -> None:
    """A comment a line with shape and place, no trailing blanks, no line of an absurd length, deterministic."""
    source = rewardlang.compile(rewardlang.load(path)).source
    assert source == rewardlang.compile(rewardlang.load(path)).source
    body = source[source.index("def step(") :].split("def at_reset")[0]
    assignments = [
        line
        for line in body.splitlines()
        if re.match(r"    \w+ = ", line)
        and not re.match(
            r"    (real|paid|reward|state|values|causes|metrics|doubtful|contributions|observations|group_\w+) = ",
            line,
        )
    ]
    assert assignments and all("  # [" in line for line in assignments)
    assert not [line for line in source.splitlines() if line != line.rstrip()]
    assert (
        max(
            len(line.split("  # ")[0])
            for line in source.splitlines()
            if "torch.stack" not in line and "state = (" not in line
        )
        < 300
    )


# nothing of the user's text but names


def words(source: str) -> set:
    return {token.string for token in tokenize.generate_tokens(io.StringIO(source).readline)}


PAYLOAD = "__import__('os').system('x')"
HOSTILE: List[Tuple[str, str]] = [
    (f"reward = alive  # {PAYLOAD}", "comment"),
    (f"reward = sum(torques[\"*\", \"!{PAYLOAD.replace(chr(34), '')}*\", \"!left_knee\"])", "pattern that matches nothing"),
    ("reward = alive as exec\n", "name of a term"),
    ("task humanoid\nparam __builtins__ = 2\nreward = __builtins__ * alive as __import__", "names"),
    ("import_os = forward_vel\nreward = import_os as system", "names"),
    (f'extends "{PAYLOAD}"\nreward = alive', "path"),
]  # fmt: skip


@pytest.mark.parametrize("text, what", HOSTILE, ids=[what for _, what in HOSTILE])
def test_hostile_text_stays_outside(text: str, what: str) -> None:
    try:
        source = rewardlang.compile(text).source
    except rewardlang.RewardError:
        return
    assert "system('" not in source and "os'" not in source
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert {call.func.id for call in calls} <= {*BUILTINS, "len"}, what  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [
        "a\nimport os\nos.abort()\n#",
        'a"""\nimport os\n"""',
        "a\\",
        "a\r\nimport os",
        "\u2028import os",
        "{name}",
        "%s",
        "a'b",
    ],
)
def test_a_file_name_is_no_code(name: str) -> None:
    """A file's name stands in comments and in the title."""
    text = "v = prev(forward_vel)\nreward = v + 2*v*v as w\ntotal = reward\nmetric m = v"
    plain = rewardlang.compile(rewardlang.parse(text, "a.reward"))
    hostile = rewardlang.compile(rewardlang.parse(text, name))
    assert ast.dump(ast.parse(hostile.source.split("\n", 1)[1])) == ast.dump(
        ast.parse(plain.source.split("\n", 1)[1])
    )
    assert "import os" not in [line.strip() for line in hostile.source.splitlines()]
    assert hostile.hash == plain.hash
    compile(hostile.source, "x", "exec")


def test_every_string_in_the_source_is_a_name() -> None:
    for path in ALL:
        tree = ast.parse(rewardlang.compile(rewardlang.load(path)).source)
        docs = {
            node.body[0].value.value
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node)
        }  # type: ignore[attr-defined]
        strings = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        } - docs
        assert all(re.fullmatch(r"\w+", text) for text in strings), path
        imports = [
            node.names[0].name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        assert imports == ["torch"]
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not [name for name in attributes if name.startswith("_")]


def test_the_hash_is_of_the_code() -> None:
    one = rewardlang.compile(rewardlang.parse("reward = alive + forward_vel", "a.reward"))
    same = rewardlang.compile(rewardlang.parse("# comment\nreward =\n  alive\n  + forward_vel", "b.reward"))
    other = rewardlang.compile("reward = alive + 2*forward_vel")
    assert one.hash == same.hash != other.hash and re.fullmatch(r"[0-9a-f]{16}", one.hash)


# the optimizer


ROWS = [
    line.split(" | ")
    for line in (DATA / "optimize" / "rules.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def computed(value: str) -> str:
    """The line that computes a value."""
    source = rewardlang.compile(
        f"x = forward_vel\nh = base_height\nreward = x + h\nmetric t = {value}"
    ).source
    line = next(
        line.strip()
        for line in source[source.index("def step") :].splitlines()
        if line.startswith("    t = ")
    )
    return re.sub(r"\s+# .*", "", line)


@pytest.mark.parametrize("rule, value, expected", ROWS, ids=[f"{rule}: {value}" for rule, value, _ in ROWS])
def test_rules(rule: str, value: str, expected: str) -> None:
    assert computed(value) == f"t = {expected}"


def test_every_rule_has_a_row_and_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a rule, one of its rows comes out differently."""
    results = {value: computed(value) for _, value, _ in ROWS}
    for rule in optimize.RULES:
        mine = [value for name, value, _ in ROWS if name == rule.__name__]
        with monkeypatch.context() as patch:
            patch.setattr(
                optimize.Rewriter.__init__,
                "__defaults__",
                (tuple(r for r in optimize.RULES if r is not rule),),
            )
            assert mine and any(_differs(value, results[value]) for value in mine), rule.__name__


def _differs(value: str, before: str) -> bool:
    try:
        return computed(value) != before
    except StopIteration:  # it cannot even be emitted
        return True


def test_shared_parts_are_computed_once() -> None:
    source = rewardlang.compile("reward = exp(-abs(heading)) + exp(-abs(heading))*base_height as b + sum(timer(contact_forces.z > 1[N])) as c"
                                " + max(timer(contact_forces.z > 1[N])) as d").source  # fmt: skip
    assert source.count(".exp()") == 1
    state = source[source.index("STATE = ") :].split("\n\n")[0]
    assert state.count("timer") <= 1 and state.count('"real"') == 1, "equal timers are one"


def slots(text: str) -> int:
    """How many tensors the program of a spec keeps from step to step."""
    source = rewardlang.compile(text).source
    state = ast.parse(source[source.index("STATE = ") :].split("\n\n")[0]).body[0]
    assert isinstance(state, ast.Assign)
    return len(ast.literal_eval(state.value))


C, X = "forward_vel > 0", "forward_vel"
COSTS = {
    f"prev({X})": 1, f"delta({X})": 1, f"rate({X})": 1, f"prev2({X})": 2, f"delta2({X})": 2, f"ema({X}, 0.1)": 1, f"integral({X})": 1,
    f"integral({X}, reset_when={C})": 1, f"running_max({X})": 1, f"running_min({X}, reset_when={C})": 1, f"timer({C})": 1, f"last_duration({C})": 3,
    f"1*rising({C})": 1, f"1*falling({C})": 1, f"1*changed({X})": 1, f"1*ever({C})": 1, f"steps({C})": 1, f"1*debounce({C}, 3)": 1,
    f"sample({X}, {C})": 1, f"potential({X})": 1,
    # what is equal is kept once, wherever it stands
    f"prev({X})*delta({X})*rate({X})": 1, f"timer({C})*timer({C})*timer(0 < {X})": 2, f"prev({X})*potential({X})": 1,
    f"last_duration({C})*timer({C})*rising({C})": 3, "prev(2)": 0, f"mirror({X})": 0, f"mirror(mirror(prev({X})))": 1,
}  # fmt: skip


@pytest.mark.parametrize("text", COSTS)
def test_what_an_operator_keeps(text: str) -> None:
    """One tensor for each value that is remembered, none for what only looks like memory, none for what is not read."""
    assert slots(f"reward = {text} * alive") == COSTS[text]
    for unread in (
        f"x = {text}\nreward = alive",
        f"f(x) = x * {text}\nreward = alive",
        f"reward = alive + {text} as gone\ndrop gone",
    ):
        assert slots(unread) == 0


def test_what_nothing_reads_is_left_out() -> None:
    source = rewardlang.compile("unused = prev(sum(torques))\nreward = forward_vel").source
    assert "torques" not in source and "STATE = ()" in source
    body = source[source.index("def at_reset") :]
    assert "state = ()" in body and 'q["' not in body.replace('q["time_limit"]', ""), (
        "a reset asks for nothing"
    )


def test_only_what_is_read_is_computed_and_asked_for() -> None:
    """A derived quantity costs nothing until something reads it, and only then its raw ones are due."""
    names = rewardlang.compile("alive").vocabulary.quantities
    source = rewardlang.compile("drop terminate fallen\nreward = sum(torques^2) as effort").source
    assert raw_read(source) == {"torques"} and not re.search(r"def (?!weights|step|at_reset)", source)

    def below(name: str) -> Set[str]:
        parts = re.findall(r"\w+", names[name].definition)
        return {name} if not parts else set().union(*(below(part) for part in parts if part in names))

    for name, quantity in names.items():
        if quantity.kind in ("state", "model") and name != "time_limit":
            value = f"yaw({name})" if quantity.type.kind.value == "rotation" else name
            source = rewardlang.compile(f"drop terminate fallen\nreward = 0 + sum({value}) as x").source
            assert raw_read(source) | {"dt"} == below(name) | {"dt"}, name


def raw_read(source: str) -> Set[str]:
    return set(re.findall(r'q\["(\w+)"\]', source)) - {"time_limit"}
