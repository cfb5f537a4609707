"""Changes to a sound spec, one each: to a token, a subtree, a stretch of text. Each says where the change lies."""

from __future__ import annotations

import random
import re
from typing import Any, Callable, List, NamedTuple, Tuple

import rewardlang
from rewardlang.lang import nodes as n
from rewardlang.lang.registry import BUILTINS
from rewardlang.lang.source import decode
from rewardlang.lang.syntax import parse

TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\d[\w.]*(?:[eE][-+]?\d+)?|\*\*|[<>=!]=|\+=|\S")
LOOK_ALIKES = {"-": "−–—", "*": "·×∗", "/": "÷∕", "<": "≤＜", "(": "（", ")": "）", ",": "，", "a": "а", "e": "е", "o": "о", "1": "１", " ": "\u00a0\u2003\u3000",
               "x": "х", '"': "“”", "=": "＝≠", "2": "²"}  # fmt: skip
UNITS = [
    "[m]",
    "[s]",
    "[m/s]",
    "[rad]",
    "[N]",
    "[N*m]",
    "[kg]",
    "[1]",
    "[W]",
    "[m^2]",
    "[s/m]",
    "[m/s^2]",
    "[degrees]",
    "[]",
    "[m/]",
    "[/s]",
    "[m^99]",
]
NUMBERS = [
    "0",
    "1",
    "-1",
    "1e400",
    "1e38",
    "3.5e38",
    "1e-400",
    "0x10",
    "1.2.3",
    "1_000",
    "1__0",
    "00",
    ".",
    "1e",
    "99999999999999999999",
    "nan",
    "inf",
    "1j",
]
PIECES = [*"()[]{},.+-*/^<>=!:\"'#\n\t @;&|~%$?\\", "**", "==", "!=", "+=", " and ", " or ", " not ", " as ", " in ", " when ", " per ", "\nreward ", "\ntotal = ",
          "\nparam ", "\nterminate ", "\ndrop ", "\nweight ", "\nexpect ", "\nmetric ", "\nimport \"a.reward\" as a\n", "\nextends \"humanoid/walk.reward\"\n",
          "reward = ", "lambda", "for", "if", "\0", "\ufeff", "\u202e", "\u2028", "\x1b[31m", "\r", "\f", "\v", "é", "π", "🤖", ".x", ".xy", ".zyx", ".T",
          "[0]", "[:]", "[0, 0, 1]", '["*_knee"]', '["*"]', "over=joints", "over=bodies", "where=alive", "reset_when=alive"]  # fmt: skip
AXES = ["joints", "bodies", "xyz", "xy", "feet", "knees", "pairs", "N", "envs"]


class Mutation(NamedTuple):
    """A text after one change: of what kind, and where the change now lies."""

    kind: str
    text: str
    start: int
    end: int


# mutations: (random numbers, text) → where to cut, and what to put there


def _tokens(text: str) -> List[Tuple[int, int]]:
    return [m.span() for m in TOKEN.finditer(text)] or [(0, len(text))]


def _spans(text: str, kinds: Any = n.Expr) -> List[Tuple[int, int]]:
    """Where the subtrees of these kinds stand; of the tokens if the text does not parse."""
    try:
        tree = parse(decode(text.encode("utf-8", "surrogatepass"), "f"))
    except rewardlang.RewardError:
        return _tokens(text)
    todo: List[Any] = [
        getattr(s, f) for s in tree.statements for f in ("value", "body", "condition") if hasattr(s, f)
    ]
    found = []
    while todo:
        expr = todo.pop()
        todo += n.children(expr)
        if kinds is n.Expr or isinstance(expr, kinds):
            found.append((expr.span.start, expr.span.end))
    return sorted(found) or _tokens(text)


Edit = Tuple[int, int, str]
CORPUS: List[str] = []  # what pieces of other specs are taken from


def drop_token(r: random.Random, text: str) -> Edit:
    return (*r.choice(_tokens(text)), "")


def double_token(r: random.Random, text: str) -> Edit:
    start, end = r.choice(_tokens(text))
    return start, end, f"{text[start:end]} {text[start:end]}"


def swap_tokens(r: random.Random, text: str) -> Edit:
    tokens = _tokens(text)
    at = r.randrange(max(1, len(tokens) - 1))
    (a, b), (c, d) = tokens[at], tokens[min(at + 1, len(tokens) - 1)]
    return a, d, text[c:d] + text[b:c] + text[a:b]


def another_token(r: random.Random, text: str) -> Edit:
    other = r.choice(CORPUS)
    start, end = r.choice(_tokens(other))
    return (*r.choice(_tokens(text)), other[start:end])


def inserted_piece(r: random.Random, text: str) -> Edit:
    at = r.choice(_tokens(text))[r.randrange(2)]
    return at, at, r.choice(PIECES)


def bracket(r: random.Random, text: str) -> Edit:
    places = [m.span() for m in re.finditer(r"[()\[\]]", text)]
    if places and r.random() < 0.6:
        start, end = r.choice(places)
        return start, end, r.choice(["", "(", ")", "[", "]"])
    at = r.choice(_tokens(text))[r.randrange(2)]
    return at, at, r.choice("()[]")


def typo(r: random.Random, text: str) -> Edit:
    names = [m.span() for m in re.finditer(r"[A-Za-z_]\w{2,}", text)] or _tokens(text)
    start, end = r.choice(names)
    word, at = text[start:end], r.randrange(max(1, end - start))
    changed = [word[:at] + word[at + 1 :], word[:at] + r.choice("aesxq_") + word[at:], word[:at] + word[at : at + 2][::-1] + word[at + 2 :], word.upper(),
               word + "s", word.replace("_", "")]  # fmt: skip
    return start, end, r.choice(changed)


def another_expression(r: random.Random, text: str) -> Edit:
    other = r.choice(CORPUS)
    start, end = r.choice(_spans(other))
    return (*r.choice(_spans(text)), f"({other[start:end]})")


def moved_expression(r: random.Random, text: str) -> Edit:
    start, end = r.choice(_spans(text))
    return (*r.choice(_spans(text)), text[start:end])


def called(r: random.Random, text: str) -> Edit:
    start, end = r.choice(_spans(text))
    extra = r.choice(
        [
            "",
            "",
            ", 2",
            ", 0.1[s]",
            ", alive",
            ", over=joints",
            ", [0, 0, 1]",
            ', "*"',
            ", feet",
            ', shape="cosine"',
        ]
    )
    return start, end, f"{r.choice([*BUILTINS, 'table', 'joints', 'bodies'])}({text[start:end]}{extra})"


def arity(r: random.Random, text: str) -> Edit:
    """An argument more or less."""
    start, end = r.choice(_spans(text, n.Call))
    inside = text[start:end]
    if "," in inside and r.random() < 0.5:
        return start, end, inside[: inside.rindex(",")] + ")"
    return (
        start,
        end,
        inside[:-1] + r.choice([", 1", ", alive", ", x=1", ", over=joints", ",", ", *x", ', "a": 1']) + ")",
    )


def unit(r: random.Random, text: str) -> Edit:
    places = [m.span() for m in re.finditer(r"\[[A-Za-z1][\w/^*]*\]", text)] + [
        m.span(1) for m in re.finditer(r"\d()(?![\w.\[])", text)
    ]
    return (*r.choice(places or _tokens(text)), r.choice(UNITS))


def axis(r: random.Random, text: str) -> Edit:
    places = [m.span() for m in re.finditer(rf"\b({'|'.join(AXES)})\b", text)] + [
        m.span() for m in re.finditer(r"\.[xyz]{1,2}\b", text)
    ]
    return (*r.choice(places or _tokens(text)), r.choice([*AXES, ".x", ".xy", ".z", ".w", ""]))


def number(r: random.Random, text: str) -> Edit:
    places = [m.span() for m in re.finditer(r"\d[\d.]*", text)]
    return (*r.choice(places or _tokens(text)), r.choice(NUMBERS))


def deep(r: random.Random, text: str) -> Edit:
    start, end = r.choice(_spans(text))
    count, (left, right) = (
        r.choice([10, 60, 119, 121, 400]),
        r.choice([("(", ")"), ("abs(", ")"), ("-", ""), ("not ", ""), ("prev(", ")"), ("[", "]")]),
    )
    return start, end, left * count + text[start:end] + right * count


def look_alike(r: random.Random, text: str) -> Edit:
    places = [i for i, c in enumerate(text) if c in LOOK_ALIKES]
    at = r.choice(places or [0])
    return at, at + 1, r.choice(LOOK_ALIKES.get(text[at : at + 1], "é"))


def spaces(r: random.Random, text: str) -> Edit:
    at = r.choice(_tokens(text))[r.randrange(2)]
    return at, at, r.choice(["\n", "\n\n  ", "\t", "\r\n", "\r", "\f", "   ", "\n# comment\n", " # ", "\v"])


def merged_lines(r: random.Random, text: str) -> Edit:
    places = [i for i, c in enumerate(text) if c == "\n"] or [len(text)]
    at = r.choice(places)
    return at, at + 1, r.choice(["", " "])


def line(r: random.Random, text: str) -> Edit:
    """A line dropped, doubled or moved."""
    starts = [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]
    at = r.randrange(len(starts))
    start, end = starts[at], starts[at + 1] if at + 1 < len(starts) else len(text)
    other = r.choice(starts)
    return r.choice([(start, end, ""), (end, end, text[start:end]), (other, other, text[start:end])])


def truncated(r: random.Random, text: str) -> Edit:
    return r.randrange(len(text) + 1), len(text), ""


def garbage(r: random.Random, text: str) -> Edit:
    at = r.randrange(len(text) + 1)
    return (
        at,
        min(len(text), at + r.choice([0, 1, 5, 40])),
        "".join(
            chr(r.choice([r.randrange(128), r.randrange(0x3000), 0xDC80]))
            for _ in range(r.choice([1, 4, 30]))
        ),
    )


KINDS: Tuple[Callable[[random.Random, str], Edit], ...] = (
    drop_token, double_token, swap_tokens, another_token, inserted_piece, bracket, typo, another_expression, moved_expression, called, arity, unit, axis,
    number, deep, look_alike, spaces, merged_lines, line, truncated, garbage,
)  # fmt: skip


def mutate(r: random.Random, text: str) -> Mutation:
    kind = r.choice(KINDS)
    start, end, put = kind(r, text)
    return Mutation(kind.__name__, text[:start] + put + text[end:], start, start + len(put))
