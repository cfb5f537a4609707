"""Lark's "unexpected" as a sentence about what the writer most likely meant."""

from __future__ import annotations

import re
from typing import List, Optional

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from .diagnostics import Diagnostic, Label, did_you_mean, error
from .source import Source, Span
from .units import SYMBOLS

STATEMENTS = ("task", "param", "reward", "total", "terminate", "success", "metric", "expect", "import", "extends",
              "weight", "drop")  # fmt: skip
RESERVED = ("and", "or", "not", "as", "in", "when", "per")
OPERANDS = {"NUMBER", "NAME", "STRING", "LPAR", "LSQB"}
# Words of Python that are no part of the language → what to write instead.
PYTHON = {
    "if": "`where(condition, a, b)` chooses", "else": "`where(condition, a, b)` chooses", "for": "an operation works on a whole axis; `sum(x)` adds it up",
    "lambda": "`f(x) = ...` on a line of its own defines a function", "def": "`f(x) = ...` defines a function", "return": "a definition is `name = ...`",
    "while": "there are no loops", "is": "`==` compares", "from": '`import "file.reward" as name` imports',
}  # fmt: skip
# A character outside the language → what to write instead.
LOOK_ALIKES = {
    "−": "-", "–": "-", "—": "-", "·": "*", "×": "*", "∗": "*", "÷": "/", "∕": "/", "≤": "<=", "≥": ">=", "≠": "!=",
    "²": "^2", "³": "^3", "½": "0.5", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "π": "pi", "√": "sqrt(...)",
    "∑": "sum(...)", "Σ": "sum(...)", "∧": "and", "∨": "or", "¬": "not", "（": "(", "）": ")", "，": ",",
    "\u00a0": "a plain space", "\u2003": "a plain space", "\u200b": "nothing", "\ufeff": "nothing",
    "&": "and", "|": "abs(...) for a size, `or` for logic", "!": "not", "%": "mod(x, y)", "@": "dot(a, b)", ";": "a new line", "~": "not",
    "{": "(", "}": ")", "`": "nothing", "?": "where(condition, a, b)", "$": "nothing", "\\": "nothing",
}  # fmt: skip


def explain_character(source: Source, offset: int, problem: UnexpectedCharacters) -> Diagnostic:
    """The diagnostic for a character that starts no word of the language."""
    at = offset + (problem.pos_in_stream or 0)
    char = source.text[at]
    span = Span(source, at, at + 1)
    line_end = source.text.find("\n", at)
    rest = source.text[at : line_end if line_end >= 0 else len(source.text)]
    if char in "\"'":
        return error("RW003", span, "the string is not closed on its line", help=f"end it with {char}")
    if char in "0123456789" or (char == "." and rest[1:2].isdigit()):
        return _number(source, at, rest)
    if char in LOOK_ALIKES:
        name = f"U+{ord(char):04X} " if ord(char) > 126 else ""
        return error(
            "RW008",
            span,
            f"`{char}` {name}is not part of the language",
            help=f"write {_quoted(LOOK_ALIKES[char])}",
        )
    if ord(char) > 126:
        return error("RW008", span, f"`{char}` (U+{ord(char):04X}) outside a comment or a string",
                     help="names and operators are ASCII")  # fmt: skip
    return error("RW003", span, f"`{char}` cannot stand here")


def explain_token(source: Source, start: int, end: int, problem: UnexpectedToken) -> Diagnostic:
    """The diagnostic for a word that cannot stand where it does."""
    token = problem.token
    before = _words(source.text[start:end], token)
    opened = _open_bracket(before)
    if token.type == "$END":
        last = before[-1] if before else token
        if opened is not None:
            return error("RW009", _span(source, start, opened), f"`{opened}` is never closed",
                         help="a line in column 1 starts a new statement: indent what belongs inside the brackets")  # fmt: skip
        return error("RW003", _span(source, start, last), f"the statement ends after `{last}`", under="something must follow",
                     help=_expected(problem.accepts or problem.expected))  # fmt: skip
    span = _span(source, start, token)
    previous = before[-1] if before else None
    word = str(token)
    if token.type in ("RPAR", "RSQB") and (opened is None or {"(": ")", "[": "]"}[str(opened)] != word):
        if opened is None:
            return error("RW009", span, f"`{word}` closes nothing")
        return error(
            "RW009",
            span,
            f"`{word}` does not close `{opened}`",
            others=(Label(_span(source, start, opened)),),
        )
    expects_operand = bool({"NUMBER", "NAME"} & set(problem.accepts or problem.expected or ()))
    if token.type == "AS" and previous is not None and expects_operand:
        return error("RW003", span, f"a value is missing between `{previous}` and `as`")
    if token.type == "AS" and previous is not None:
        return error(
            "RW003",
            span,
            "`as` names one addend of a sum",
            help="put what it should name in parentheses: `(a > b) as name`",
        )
    if word in STATEMENTS and opened is None and not source.text[: span.start].rpartition("\n")[2].strip():
        return error("RW003", span, f"`{word}` cannot stand here",
                     help="this line is indented and so continues the one above: a statement starts in column 1")  # fmt: skip
    if word in RESERVED:
        return error(
            "RW003",
            span,
            f"`{word}` cannot stand here",
            help=f"`{word}` is a reserved word and cannot be a name",
        )
    if word == "," and opened is not None and not expects_operand:
        return error("RW003", span, "`,` cannot stand here", others=(Label(_span(source, start, opened)),),
                     help="arguments follow a function's name, `min(a, b)`; a vector is written `[x, y]`")  # fmt: skip
    if word == ":":
        return error(
            "RW003", span, "`:` cannot stand here", help='elements are selected by patterns: `x["*_knee"]`'
        )
    if token.type == "ASSIGN":
        turned = source.text[span.end : span.end + 1]
        if turned and turned in "<>":
            return error("RW003", span, f"`={turned}` is not part of the language", help=f"write `{turned}=`")
        return error(
            "RW003",
            span,
            "`=` cannot stand here",
            help="`==` compares; a definition is a line of its own: `name = ...`",
        )
    for python in (word, str(previous)):
        if python in PYTHON and token.type in OPERANDS:
            at = span if python == word or previous is None else _span(source, start, previous)
            return error("RW003", at, f"`{python}` is not part of the language", help=PYTHON[python])
    if token.type == "DOT" and previous is not None and before[0] in ("weight", "drop"):
        last = re.match(r"\s*(\w*)", source.text[span.end : end])
        name = f"{previous}_{last[1] if last else ''}"
        return error(
            "RW003", span, "`.` cannot stand here", help=f"a term's name has none: `{before[0]} {name}`"
        )
    if set(problem.accepts or problem.expected or ()) == {"WHEN"}:
        return error("RW003", span, f"`when` is due before `{word}`", help=_form(str(before[0])))
    if token.type in OPERANDS and not expects_operand and previous is not None:
        return _two_operands(source, start, previous, token)
    if expects_operand and previous is not None and token.type not in OPERANDS:
        if previous.type == "AS":
            return error("RW003", span, f"a name is missing between `as` and `{word}`")
        return error("RW003", span, f"a value is missing between `{previous}` and `{word}`",
                     help=_double_operator(str(previous) + word))  # fmt: skip
    return error(
        "RW003", span, f"`{word}` cannot stand here", help=_expected(problem.accepts or problem.expected)
    )


def _two_operands(source: Source, start: int, previous: Token, token: Token) -> Diagnostic:
    span = _span(source, start, token)
    first = str(previous)
    head = did_you_mean(first, STATEMENTS) if previous.start_pos == 0 and first not in STATEMENTS else ""
    if first == "import" and previous.start_pos == 0:
        return error("RW003", span, "`import` wants a quoted .reward file; Python's modules cannot be imported",
                     help='its form is `import "file.reward" as NAME`')  # fmt: skip
    if first == "task" and previous.start_pos == 0:
        return error("RW003", span, "a task's name stands without quotes", help="its form is `task NAME`")
    if previous.start_pos == 0 and first in STATEMENTS:
        return error(
            "RW003", span, f"this `{first}` statement lacks something before `{token}`", help=_form(first)
        )
    if token in ("where", "over") or previous in ("where", "over"):
        return error("RW003", span, f"an operator is missing between `{previous}` and `{token}`",
                     help="`where=` and `over=` are arguments: `mean(x, where=condition)`, `sum(x, over=joints)`")  # fmt: skip
    if previous.type == "NUMBER":
        return error("RW003", span, f"`{previous} {token}`: an operator is missing",
                     help=f"a unit goes in brackets: `{previous}[{token}]`" if token in SYMBOLS else f"write `{previous} * {token}`")  # fmt: skip
    if "\n" in source.text[start + (previous.end_pos or 0) : span.start]:
        return error("RW003", span, f"an operator is missing before `{token}`",
                     help="an indented line continues the one before; start a new statement in column 1")  # fmt: skip
    return error(
        "RW003",
        span,
        f"an operator is missing between `{previous}` and `{token}`",
        help=head or "write `*` to multiply",
    )


def _number(source: Source, at: int, rest: str) -> Diagnostic:
    size = next((i for i, c in enumerate(rest) if not (c.isalnum() or c in "._")), len(rest))
    digits = next((i for i, c in enumerate(rest) if c.isalpha() or c == "_"), size)
    number, unit = rest[:digits], rest[digits:size]
    span = Span(source, at, at + size)
    if source.text[:at].rstrip().endswith(" as"):
        return error("RW003", span, f"`{rest[:size]}` cannot be a name", help="a name starts with a letter")
    if unit.replace("_", "").isalpha() and number and len(unit) < 20:
        product = f"a product is `{number}*{unit}`"
        return error("RW003", span, f"`{number}{unit}`: an operator is missing",
                     help=f"a unit goes in brackets: `{number}[{unit}]`" if unit in SYMBOLS else product)  # fmt: skip
    return error(
        "RW003",
        span,
        f"`{rest[: min(size, 30)]}` is not a number",
        help="numbers are decimal: 12, 0.5, 1e-3, 50_000",
    )


def _double_operator(pair: str) -> str:
    known = {"++": "write one `+`", "//": "write `floor(a / b)`", "<>": "write `!=`", "=<": "write `<=`", "=>": "write `>=`",
             "===": "write `==`"}  # fmt: skip
    return known.get(pair, "")


def _words(text: str, stop: Token) -> List[Token]:
    """The words before the one that could not stand."""
    from .syntax import grammar

    out: List[Token] = []
    limit = stop.start_pos if stop.type != "$END" else len(text)
    try:
        for token in grammar().lex(text[:limit], dont_ignore=False):
            out.append(token)
    except UnexpectedCharacters:
        pass
    return out


def _open_bracket(tokens: List[Token]) -> Optional[Token]:
    opened: List[Token] = []
    for token in tokens:
        if str(token) in ("(", "["):
            opened.append(token)
        elif str(token) in (")", "]") and opened:
            opened.pop()
    return opened[-1] if opened else None


def _span(source: Source, start: int, token: Token) -> Span:
    return Span(source, start + (token.start_pos or 0), start + (token.end_pos or (token.start_pos or 0) + 1))


def _expected(expected: object) -> str:
    names = set(expected or ())  # type: ignore[call-overload]
    if {"NUMBER", "NAME"} & names:
        return "a value is due: a number, a name, a call or parentheses"
    if names == {"ASSIGN"} or "ASSIGN" in names and len(names) < 4:
        return "`=` is due"
    if names == {"NAME"}:
        return "a name is due"
    if "WHEN" in names:
        return "`when` and a condition are due"
    return ""


def _form(word: str) -> str:
    forms = {
        "task": "task NAME", "param": "param NAME = VALUE in [lo, hi]", "reward": "reward [GROUP] [per second] = expression",
        "total": "total = expression", "terminate": "terminate NAME when condition", "success": "success NAME when condition",
        "metric": "metric NAME = expression", "import": 'import "file.reward" as NAME', "extends": 'extends "file.reward"',
        "weight": "weight NAME = expression", "drop": "drop NAME",
    }  # fmt: skip
    return f"its form is `{forms[word]}`" if word in forms else ""


def _quoted(text: str) -> str:
    return text if " " in text or text == "nothing" else f"`{text}`"
