"""The grammar and the formatter: no conflicts, names, layout of lines, precedence, and texts that parse back to themselves."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import List

import pytest
import shipped
from hypothesis import given, settings
from lark import Lark
from lark import logger as lark_logger

import rewardlang
from rewardlang.lang import format, syntax
from rewardlang.lang import nodes as n
from rewardlang.lang.syntax import parse_text
from rewardlang.lang.syntax_errors import RESERVED, STATEMENTS

from .trees import EXPRESSIONS, FILES

DATA = Path(__file__).parents[1] / "data"
SHIPPED = Path(__file__).parents[2] / "reward_specs"


def expression(text: str) -> n.Expr:
    (statement,) = parse_text(f"x = {text}").statements
    assert isinstance(statement, n.Definition)
    return statement.value


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def conflicts(grammar: str) -> List[str]:
    """What Lark resolved silently in favour of a shift."""
    handler, level = Records(), lark_logger.level
    lark_logger.addHandler(handler)
    lark_logger.setLevel(logging.DEBUG)
    try:
        Lark(
            grammar,
            start="statement",
            parser="lalr",
            lexer="contextual",
            keep_all_tokens=True,
            maybe_placeholders=False,
            debug=True,
        )
    finally:
        lark_logger.removeHandler(handler)
        lark_logger.setLevel(level)
    return [text for text in handler.texts if "onflict" in text]


def test_no_conflicts() -> None:
    grammar = (Path(syntax.__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    assert conflicts(grammar) == []
    ambiguous = grammar.replace(
        "?negation: comparison", "?negation: comparison\n    | negation STAR negation -> double"
    )
    assert conflicts(ambiguous), "the handler must see a conflict when there is one"


# names


@pytest.mark.parametrize("word", RESERVED)
@pytest.mark.parametrize(
    "text",
    [
        "{} = 2",
        "x = {} * 2",
        "f({}) = 2",
        "reward {} = 2",
        "x = 2 * {}",
        "x = a.{}",
        "x = f({}=2)",
        "metric {} = x",
    ],
)
def test_reserved_words_are_no_names(word: str, text: str) -> None:
    if text == "x = f({}=2)" and word == "not" or (word == "not" and text in ("x = {} * 2", "f({}) = 2")):
        return  # these fail too, but as a `not` without its operand
    with pytest.raises(rewardlang.RewardError) as problem:
        parse_text(text.format(word))
    assert all(d.code.startswith("RW0") for d in problem.value.diagnostics)


@pytest.mark.parametrize("word", [w for w in STATEMENTS if w not in ("expect", "reward", "total")])
def test_statement_words_are_names(word: str) -> None:
    text = f"{word} = 2\nx = {word} * 3 - {word}.x + {word}(1)\n{word}(a) = a\n\nreward {word} =\n    {word} as {word}\n\nterminate {word} when {word}\n"
    assert format.file(parse_text(text)) == format.file(parse_text(format.file(parse_text(text))))
    assert [type(s).__name__ for s in parse_text(text).statements] == [
        "Definition",
        "Definition",
        "Function",
        "Reward",
        "Terminate",
    ]
    assert isinstance(parse_text(f"{word} * 2").statements[0], n.Reward)


def test_reward_and_total_as_names_in_total() -> None:
    statement = parse_text("total = max(reward, 0) + reward * 2").statements[0]
    assert isinstance(statement, n.Total)
    assert isinstance(expression("orange + android * notes - inner / password"), n.Sum), (
        "words that begin with reserved ones"
    )


# lines


SAME = n.Reward(
    None, "reward", None, False, n.Sum(None, (("+", n.Name(None, "alive")), ("-", n.Name(None, "x"))))
)  # type: ignore[arg-type]
LAYOUTS = {
    "one line": "reward = alive - x",
    "indented": "reward =\n    alive\n    - x",
    "operator in column 0": "reward = alive\n- x",
    "operator at the end": "reward = alive -\n    x",
    "tabs": "\treward".strip() + " =\talive\n\t-\tx",
    "blank lines": "\n\nreward = alive\n\n\n  - x\n\n",
    "comments": "# a\nreward = alive # b\n# c\n   # d\n- x # e - y",
    "crlf": "reward = alive\r\n  - x\r\n",
    "bare cr": "reward = alive\r  - x\r",
    "bom": "\ufeffreward = alive - x",
    "form feed": "reward = alive\f - x",
    "parentheses": "reward = ((alive)) - (x\n)",
    "spaces at the end": "reward = alive   \n  - x   ",
    "comment without newline": "reward = alive - x #",
    "bare": "alive\n- x",
    "leading plus": "reward =\n  + alive\n  - x",
    "bom and crlf": "\ufeff# comment\r\nreward = alive\r\n- x\r\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts(text: str) -> None:
    assert parse_text(text).statements == (SAME,)


def test_lines_that_continue() -> None:
    """An operator, `and or as`, or a closing bracket in column 0; anything else starts a statement."""
    text = "a = x\n* 2\n/ 3\n^ 2\n** 2\nb = (x\n) \nc = x\n< 3\nd = x\nand y\nor z\nreward = f(a\n, b\n)\nas name\nandroid = 3\n"
    assert [s.name if hasattr(s, "name") else s.group for s in parse_text(text).statements] == [
        "a",
        "b",
        "c",
        "d",
        "reward",
        "android",
    ]


def test_positions_after_crlf_tabs_and_a_bom() -> None:
    with pytest.raises(rewardlang.RewardError) as problem:
        rewardlang.compile(
            "\ufeffa = 1\r\n\treward".replace("\treward", "reward") + " =\talive\r\n\t+\tfowrard_vel\r\n"
        )
    (found,) = problem.value.diagnostics
    assert found.where().endswith(":3:4") and found.span.text == "fowrard_vel"


# precedence


PRECEDENCE = {
    "-x^2": "-(x^2)",
    "2^-x": "2^(-x)",
    "2^x^y": "2^(x^y)",
    "2**x": "2^x",
    "-x*y": "(-x)*y",
    "a - b - c": "(a - b) - c",
    "a / b / c": "(a/b)/c",
    "a / b * c": "(a/b)*c",
    "a + b * c": "a + (b*c)",
    "-x.y": "-(x.y)",
    "x.y^2": "(x.y)^2",
    "-x[a]": "-(x[a])",
    "f(x)^2": "(f(x))^2",
    "a < b + 1": "a < (b + 1)",
    "not a < b": "not (a < b)",
    "not a and b": "(not a) and b",
    "not not a": "not (not a)",
    "a and b or c and d": "(a and b) or (c and d)",
    "a or b and c": "a or (b and c)",
    "x * not a": "x * (not a)",
    "x * not a * y": "(x * (not a)) * y",
    "x + not a": "x + (not a)",
    "x - not a < b": "(x - (not a)) < b",
    "x^not a": "x^(not a)",
    "2 * -x": "2 * (-x)",
    "a < b < c": "a < b < c",
    "a * (b + c)": "a * (b + c)",
    "- - x": "-(-x)",
    "+x": "x",
    "2[m] ^ 2": "(2[m])^2",
    "a < b and c < d": "(a < b) and (c < d)",
    "a and not b": "a and (not b)",
    "a == b != c": "a == b != c",
    "-2^2": "-(2^2)",
    "x^2^-y": "x^(2^(-y))",
    "a*b^c*d": "(a*(b^c))*d",
}


def normal(expr: n.Expr) -> object:
    """Nested products and sums on the left taken apart: `(a*b)*c` is `a*b*c`."""
    if isinstance(expr, (n.Product, n.Sum)):
        parts = list(expr.factors if isinstance(expr, n.Product) else expr.addends)
        first = normal(parts[0][1])
        head = (
            list(first[1]) if isinstance(first, tuple) and first[0] is type(expr) else [(parts[0][0], first)]
        )
        return type(expr), tuple(head + [(op, normal(part)) for op, part in parts[1:]])
    fields = [getattr(expr, f) for f in expr.__dataclass_fields__ if f != "span"]
    return type(expr), tuple(
        tuple(normal(x) if hasattr(x, "span") else x for x in f)
        if isinstance(f, tuple)
        else normal(f)
        if hasattr(f, "span")
        else f
        for f in fields
    )


@pytest.mark.parametrize("text", PRECEDENCE)
def test_precedence(text: str) -> None:
    full = PRECEDENCE[text]
    assert normal(expression(text)) == normal(expression(str(full)))


@pytest.mark.parametrize(
    "text",
    ["a b", "x ! y", "1.2.3", "x..y", "a not b", "f(a b)", "[]", "x[]", "()", "x as y as z", "a = = b"],
)
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(rewardlang.RewardError) as problem:
        parse_text(f"x = {text}")
    assert all(d.code.startswith("RW0") for d in problem.value.diagnostics)


@pytest.mark.parametrize(
    "text, value",
    [
        ("1", 1),
        ("1.", 1),
        (".5", 0.5),
        ("1e-3", 1e-3),
        ("50_000", 50000),
        ("1_0.5e+2", 1050),
        ("0", 0),
        ("007", 7),
        ("3.4e38", 3.4e38),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert expression(text) == n.Number(None, float(value))  # type: ignore[arg-type]
    assert expression(f"{text} [m/s]") == n.Number(None, float(value), "m/s")  # type: ignore[arg-type]


# formatting


@settings(max_examples=150)
@given(FILES)
def test_the_format_parses_back(tree: n.File) -> None:
    text = format.file(tree)
    back = parse_text(text)
    assert back == tree
    assert format.file(back) == text


@settings(max_examples=100)
@given(EXPRESSIONS)
def test_an_expression_on_one_line_parses_back(expr: n.Expr) -> None:
    text = format.expression(expr)
    assert "\n" not in text and expression(text) == expr


CORPUS = sorted([*(DATA / "specs").glob("*.reward"), *(DATA / "check").glob("ok_*.reward"), *shipped.ALL])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_formats(path: Path) -> None:
    tree = rewardlang.load(path).tree
    text = format.file(tree)
    assert parse_text(text) == tree and format.file(parse_text(text)) == text
    if path not in shipped.OF_A_HOST:
        assert rewardlang.compile(text).hash == rewardlang.compile(rewardlang.load(path)).hash
