"""What the docs say is so: specs compile, Python runs, commands are commands, settings load, links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

import rewardlang
from rewardlang import cli
from rewardlang.lang.registry import BUILTINS, described

ROOT = Path(__file__).parents[1]
GENERATED = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")),
         *sorted((ROOT / "reward_specs").rglob("*.md"))]  # fmt: skip
FENCE = re.compile(r"^```(\w+)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPLAINED = ROOT / "docs" / "errors.md"  # its examples are to fail
TRANSLATION = ROOT / "docs" / "translation.md"


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks(language, pages=PAGES):
    """The fenced blocks of a language: page, name given after the language, text."""
    for page in pages:
        for i, (lang, name, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8"))):
            if lang == language and page != EXPLAINED:
                yield pytest.param(page, name, text, id=f"{name_of(page)}-{i}")


def test_the_tables_of_the_performance_page_are_of_the_numbers_kept():
    """`python benchmarks/tables.py` writes them."""
    tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    text = tables["page"]()
    assert text == (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert {name for _, name, _ in tables["TABLE"].findall(text)} == {"goals", *tables["TABLES"]}
    assert text.count("microseconds") >= 3 and "/root" not in text


@pytest.mark.parametrize(("page", "name", "text"), list(blocks("reward")))
def test_specs_compile(page, name, text, tmp_path):
    """Each is a file beside the named ones of its page (a library: it has no reward)."""
    for _, other, library in FENCE.findall(page.read_text(encoding="utf-8")):
        if other.endswith(".reward"):
            (tmp_path / other).write_text(library, encoding="utf-8")
    path = tmp_path / (name or "example.reward")
    path.write_text(text, encoding="utf-8")
    try:
        program = rewardlang.compile(rewardlang.load(path))
    except rewardlang.RewardError as problem:
        assert name and [d.code for d in problem.diagnostics] == ["RW404"], problem
    else:
        assert not program.warnings


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")], ids=name_of
)
def test_python_runs(page, monkeypatch):
    """A page's blocks, one after another in one namespace."""
    if page.stem == "gymnasium":
        pytest.importorskip("gymnasium", minversion="1.1")
    monkeypatch.chdir(ROOT)
    space = {"__name__": "docs"}
    for language, _, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, name_of(page), "exec"), space)


# commands

INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`(rewardlang [a-z][^`]*)`")
READING = {"check", "explain", "fmt", "quantities", "functions"}


def command_pages():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found = [body for lang, _, body in FENCE.findall(text) if lang in ("bash", "sh")]
        rest = FENCE.sub("", text)
        found += ["\n".join(line.strip() for line in block.splitlines()) for block in INDENTED.findall(rest)]
        lines = [line for body in found for line in body.splitlines()]
        if lines or INLINE.search(rest):
            yield pytest.param(lines, INLINE.findall(rest), id=name_of(page))


@pytest.mark.parametrize(("lines", "inline"), list(command_pages()))
def test_commands(lines, inline, tmp_path, monkeypatch, capsys):
    """Those that only read are run, where their file is there; the others are parsed."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "reward_specs", tmp_path / "reward_specs")
    for line in lines:
        if line.split(" ", 1)[0] not in ("echo", "make", "python", "rewardlang"):
            continue  # what a command prints
        words = shlex.split(line, comments=True)
        if words[0] == "echo":
            Path(words[words.index(">") + 1]).write_text(
                " ".join(words[1 : words.index(">")]), encoding="utf-8"
            )
        elif words[0] == "make":
            assert re.search(
                rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
            ), line
        elif words[0] == "python":
            path = Path(words[2].replace(".", "/") + ".py") if words[1] == "-m" else Path(words[1])
            assert (ROOT / path).exists(), line
        else:
            arguments = cli.parser().parse_args(words[1:])
            files = [arguments.file] if hasattr(arguments, "file") else getattr(arguments, "files", [])
            if Path(getattr(arguments, "task", None) or "").suffix in (".yaml", ".xml"):
                files = [*files, arguments.task]
            if words[1] in READING and all(file and Path(file).exists() for file in files):
                assert cli.main(words[1:]) == 0, line
    known = next(a.choices for a in cli.parser()._actions if isinstance(a.choices, dict))
    for text in inline:  # in a sentence, with placeholders
        command, *words = text.split()[1:]
        options = known[command]._option_string_actions
        assert [word for word in words if word.startswith("-") and word not in options] == [], text
    capsys.readouterr()


# settings


@pytest.mark.parametrize(("page", "name", "text"), list(blocks("yaml")))
def test_settings_load(page, name, text, tmp_path):
    """A fragment of ppo.yaml (`params`, `cpu`) or of task.yaml, laid over those of the task named after `yaml`; or a whole task."""
    given, task = yaml.safe_load(text), name or "humanoid_velocity"
    shutil.copytree(ROOT / "tasks", tmp_path / "tasks")
    folder, settings = tmp_path / "tasks" / task, set(given) <= {"params", "cpu"}
    path = folder / ("ppo.yaml" if settings else "task.yaml")
    whole = {"name", "asset"} <= set(given)
    if whole and not (folder / given["asset"]["file"]).exists():
        pytest.skip("its robot is not part of this repository")
    base = {} if whole else yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(_laid_over(base, given), sort_keys=False), encoding="utf-8")
    if settings:
        from rewardlang.rl.ppo_config import load_settings

        load_settings(path, "ppo")
    else:
        rewardlang.compile("alive", rewardlang.load_task(folder), observations=True)


def _laid_over(base, given):
    if not (isinstance(base, dict) and isinstance(given, dict)):
        return given
    return {**base, **{key: _laid_over(base.get(key), value) for key, value in given.items()}}


# links


def anchors(page):
    """GitHub's anchors of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not link.startswith(("http://", "https://")):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{link} leads nowhere"
            assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


# the generated pages


@pytest.mark.parametrize("page", list(GENERATED), ids=name_of)
def test_generated_pages_are_up_to_date(page):
    assert page.read_text(encoding="utf-8") == GENERATED[page], "run `python -m docs.generate`"


@pytest.mark.parametrize(
    "function", [f for members in described().values() for f in members], ids=lambda f: f.name
)
def test_functions_are_explained(function):
    """A line, a formula, and an example that compiles: as a term, or under a reduction."""
    assert function.doc.endswith("."), "the first paragraph is a sentence"
    assert "formula" in function.fields or function.name not in BUILTINS
    example = function.fields.get("example")
    if example is not None:
        assert f"{function.name}(" in example
        assert any(compiles(form.format(example)) for form in ("{}", "sum({})", "norm({})", "count({})")), (
            example
        )


def compiles(expression):
    try:
        return not rewardlang.compile(f"reward = ({expression}) as x", "humanoid_velocity").warnings
    except rewardlang.RewardError:
        return False


def test_every_statement_is_in_the_table():
    grammar = (ROOT / "rewardlang" / "lang" / "grammar.lark").read_text(encoding="utf-8")
    words = {word.lower() for word in re.findall(r"^([A-Z]+)\.2: /[a-z]+\(\?=", grammar, re.MULTILINE)} | {
        "expect"
    }
    assert len(words) == 12
    table = re.search(
        r"## Statements\n(.*?)\n## ", (ROOT / "docs" / "language.md").read_text(encoding="utf-8"), re.DOTALL
    )[1]
    assert {word for word in words if f"`{word} " not in table} == set()


def test_every_quantity_has_a_line():
    text = (ROOT / "docs" / "reference" / "quantities.md").read_text(encoding="utf-8")
    from rewardlang.quantities import ROWS

    assert [row.name for row in ROWS if f"| `{row.name}` |" not in text] == []


# error codes

SECTIONS = dict(
    re.findall(
        r"^### (RW\d{3})\n(.*?)(?=^##|\Z)", EXPLAINED.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
)
EXAMPLES = {code: re.findall(r"```reward\n(.*?)```", text, re.DOTALL) for code, text in SECTIONS.items()}


def findings(text, probed=False):
    try:
        program = rewardlang.compile(text, observations=True)
        found = [*program.warnings]
        if probed:
            from rewardlang.rl.probe import probe_task

            found += probe_task(program, None, {}).findings
        return [w.code for w in found]
    except rewardlang.RewardError as problem:
        return [d.code for d in problem.diagnostics]


@pytest.mark.parametrize("code", [code for code, examples in EXAMPLES.items() if examples])
def test_the_example_fails_and_the_fix_does_not(code):
    bad, good = EXAMPLES[code]
    probed = SECTIONS[code].lstrip().startswith("Warning *(probe)*")
    assert findings(bad, probed) == [code]
    assert findings(good, probed) == []


def test_every_code_is_documented():
    raised = set()
    for path in (ROOT / "rewardlang").rglob("*.py"):
        raised |= set(re.findall(r'"(RW\d{3})"', path.read_text(encoding="utf-8")))
    assert raised == set(SECTIONS)


# the translation


def translated():
    """The lines of the translation's tables, each with the definitions that stand above its table."""
    text = TRANSLATION.read_text(encoding="utf-8")
    definitions, lines = "task humanoid_velocity\n", False
    for part in re.split(r"(^```reward \S+\n.*?^```$)", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```reward "):
            definitions = part.split("\n", 1)[1].rstrip("`")
            continue
        for line in part.splitlines():
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            if not cells:
                lines = False
            elif cells[-1].strip() == "rewardlang":
                lines = len(cells) == 3
            elif lines and "---" not in cells[0]:
                code = re.match(r" `([^`]*)`", cells[-1])[1].replace("\\|", "|")
                yield pytest.param(definitions, code, id=re.sub(r"[`\s]+", " ", cells[0]).strip())


@pytest.mark.parametrize(("definitions", "line"), list(translated()))
def test_translations_compile(definitions, line):
    statement = re.match(r"(total|terminate|metric) ", line)
    added = f"{line}\nreward = alive" if statement else f"reward = ({line}) as translated"
    found = rewardlang.compile(f"{definitions}\n{added}\n").warnings
    assert [
        w for w in found if w.code != "RW516"
    ] == []  # a line does not read all of its table's definitions
