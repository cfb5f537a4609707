"""Who finds a defect: the tables of docs/defects.md are what is so. `benchmarks/defects.py` runs the simulator too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import List

import pytest

import rewardlang
from rewardlang.testing.runner import test as try_laws
from rewardlang.testing.subject import Subject

from .inventory import KNOWN
from .specs import DEFECTIVE, Defective, slip

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "defects.md"
PLANTED = ROOT / "tests" / "testing" / "test_planted_defects.py"


@pytest.mark.parametrize("spec", DEFECTIVE, ids=lambda d: d.wrong)
def test_who_finds_it(spec: Defective) -> None:
    """`check` finds what the table says, and nothing where it says so."""
    try:
        program = rewardlang.compile(rewardlang.parse(spec.text), observations=True)
    except rewardlang.RewardError as problem:
        found = {f"check {d.code}" for d in problem.diagnostics}
    else:
        found = {f"check {w.code}" for w in program.warnings}
    assert found == {who for who in spec.found.split(", ") if who.startswith("check")}


LAWS = [(d, law) for d in DEFECTIVE for law in re.findall(r"test (\w+)", d.found) if law in ("finite", "dt")]


@pytest.mark.parametrize(("spec", "law"), LAWS, ids=[f"{law}-{d.wrong}" for d, law in LAWS])
def test_which_law_finds_it(spec: Defective, law: str) -> None:
    assert any(r.outcome == "fail" for r in try_laws(Subject(spec.text), [law], examples=32))


def test_ant_is_told_and_with_an_expect_line_refused() -> None:
    text = slip("zoo/isaacgymenvs/ant", "count(abs(scaled_pos) > 0.99)", "count(scaled_pos > 0.99)")
    of = lambda text: next(r for r in try_laws(Subject(text), ["mirror"]) if r.part == "joints_at_limit")
    told, refused = of(text), of(f"{text}\nexpect symmetric(joints_at_limit)\n")
    assert told.outcome == "skip" and "it changes under the mirror" in told.reason
    assert refused.outcome == "fail"


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k.defect)
def test_what_is_shown_is_there(known: Defective) -> None:
    file, name = known.shown.split("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text or f'Defect("{name}"' in text
    codes = re.findall(r"RW\d{3}", known.caught)
    assert all(f"### {code}\n" in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") for code in codes)


def test_the_page_says_so(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "run pytest --update-golden tests/defects"


def page() -> str:
    """docs/defects.md"""
    planted = re.findall(r'Defect\("([^"]+)", "([^"]+)"', PLANTED.read_text(encoding="utf-8"))
    assert len(planted) >= 30
    count = Counter(next(iter(re.findall(r"^\w+ ?\w*", d.found)), "").split(" ")[0] for d in DEFECTIVE)
    code = lambda text: ", ".join(f"`{one}`" for one in text.split())
    lines = [
        "# What catches what",
        "",
        "<!-- Written by tests/defects: `pytest tests/defects --update-golden`. The tests there and in tests/testing show each row. -->",
        "",
        "## Defects of shipped reward code",
        "",
        *_table(("defect", "here"), [(k.defect, k.caught) for k in KNOWN]),
        "## Defects planted in the compiler and the runtime",
        "",
        "Each in the emitted code or the runtime, with what `rewardlang test` says then.",
        "",
        *_table(("defect", "laws that break"), [(name, code(laws)) for name, laws in planted]),
        "## Defects in specs",
        "",
        f"{len(DEFECTIVE)} specs with a defect each: {count['check']} are found by `rewardlang check`, {count['probe']} more by "
        f"`rewardlang check --probe`, {count['test']} more by `rewardlang test`, {count['']} by none. On the specs that are shipped none of "
        "them is an alarm but those that a line allows, and a pose that ends the episode where the published robot is larger.",
        "",
        *_table(("defect", "found by"), [(d.wrong, d.found or "nobody") for d in DEFECTIVE]),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(head: tuple, rows: List[tuple]) -> List[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---", "---"), *rows)] + [""]
