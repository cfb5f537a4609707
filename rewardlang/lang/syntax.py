"""Text → syntax tree. Statements are cut apart first, so one file reports every statement's first error."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from lark.visitors import Transformer_NonRecursive

from ..uncollected import uncollected
from . import nodes as n
from .diagnostics import Diagnostic, RewardError, error, fail
from .folding import MAX_FLOAT32
from .qualified import written_out
from .source import Source, Span, decode
from .syntax_errors import explain_character, explain_token

MAX_DEPTH = 120
MAX_TOKENS = 60_000
# A line that starts like this continues the statement above it.
CONTINUES = re.compile(r"[\s+\-*/^<>=!,.)\]:]|(?:and|or|as)(?![A-Za-z0-9_])")
WORD = re.compile(r"[A-Za-z0-9_.]+|[^\sA-Za-z0-9_.]")


def parse(source: Source) -> n.File:
    """The syntax tree of a text. Raises RewardError (RW0xx, RW6xx) with the first error of each statement."""
    tree, found = parse_parts(source)
    if found:
        raise RewardError(found)
    return tree


@uncollected
def parse_parts(source: Source) -> Tuple[n.File, List[Diagnostic]]:
    """The statements of a text that parse, as editors want them, and the first error of each that does not."""
    found: List[Diagnostic] = []
    statements: List[n.Statement] = []
    words = sum(1 for _ in WORD.finditer(source.text)) if len(source.text) > MAX_TOKENS else 0
    if words > MAX_TOKENS:
        found.append(error("RW601", Span(source, 0, 1), f"the file has about {words:,} words; at most {MAX_TOKENS:,} are read",
                           help="split it and `import` or `extends` the parts"))  # fmt: skip
        return n.File(source, ()), found
    for start, end in _cut(source):
        try:
            statements.append(_parse_statement(source, start, end))
        except RewardError as problem:
            found += problem.diagnostics
    return n.File(source, written_out(statements)), found


def parse_text(text: str, name: str = "<text>") -> n.File:
    """The syntax tree of a string, as if it stood in a file of that name."""
    return parse(decode(text.encode("utf-8", "surrogatepass"), name))


def parse_expression(span: Span) -> n.Expr:
    """The syntax tree of a stretch of text that is one expression, such as an observation in a task.yaml."""
    statement = _parse_statement(span.source, span.start, span.end)
    if not isinstance(statement, n.Reward):
        fail(error("RW003", span, "expected one expression"))
    return statement.value


@lru_cache(maxsize=None)
def grammar(debug: bool = False) -> Lark:
    """Lark's parser for one statement."""
    text = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(text, start="statement", parser="lalr", lexer="contextual", keep_all_tokens=True,
                maybe_placeholders=False, debug=debug)  # fmt: skip


@lru_cache(maxsize=2048)
def _parsed(text: str) -> Any:
    """Lark's tree of a statement, places counted from its start: an editor parses the same ones again and again."""
    return grammar().parse(text)


def _cut(source: Source) -> Iterator[Tuple[int, int]]:
    """Start and end offset of each statement."""
    starts = source.line_starts
    begin: Optional[int] = None
    end = 0
    for start, after in zip(starts, starts[1:] + [len(source.text) + 1]):
        line = source.text[start : after - 1]
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        if begin is None or not CONTINUES.match(line):
            if begin is not None:
                yield begin, end
            begin = start
        end = after - 1
    if begin is not None:
        yield begin, end


def _parse_statement(source: Source, start: int, end: int) -> n.Statement:
    text = source.text[start:end]
    if text[0] in " \t":
        fail(error("RW004", Span(source, start, start + 1), "a statement starts in column 1; an indented line continues the one before",
                   help="remove the spaces at the start of the line"))  # fmt: skip
    try:
        tree = _parsed(text)
        statement = Build(source, start).transform(tree)
    except UnexpectedToken as problem:
        fail(explain_token(source, start, end, problem))
    except UnexpectedCharacters as problem:
        fail(explain_character(source, start, problem))
    except VisitError as problem:
        raise problem.orig_exc from None
    except UnexpectedInput as problem:  # pragma: no cover - a kind that LALR does not raise
        raise AssertionError(problem) from problem
    _check_depth(statement)
    return statement


def _check_depth(statement: n.Statement) -> None:
    level: List[Any] = [
        getattr(statement, f) for f in ("value", "body", "condition") if hasattr(statement, f)
    ]
    for _ in range(MAX_DEPTH):
        level = [child for expr in level for child in n.children(expr)]
        if not level:
            return
    fail(error("RW602", level[0].span, f"the expression is nested deeper than {MAX_DEPTH} levels",
               help="name a part of it: `part = ...` on a line of its own"))  # fmt: skip


class Build(Transformer_NonRecursive):
    """Lark's tree of one statement → our nodes. Every token is kept, so a node spans its first to its last child."""

    def __init__(self, source: Source, offset: int) -> None:
        super().__init__(visit_tokens=False)
        self.source = source
        self.offset = offset

    def span(self, children: List[Any]) -> Span:
        first, last = children[0], children[-1]
        start = self.offset + (first.start_pos or 0) if isinstance(first, Token) else first.span.start
        end = self.offset + (last.end_pos or 0) if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    # expressions

    def number(self, c: List[Any]) -> n.Number:
        span = self.span(c)
        digits, bracket, unit = str(c[0]).partition("[")
        value = float(digits.replace("_", ""))
        if abs(value) > MAX_FLOAT32:
            fail(
                error(
                    "RW005",
                    span,
                    "the number does not fit in float32",
                    help=f"the largest is {MAX_FLOAT32:.4g}",
                )
            )
        return n.Number(span, value, unit[:-1].strip() if bracket else None, digits.strip())

    def string(self, c: List[Any]) -> n.String:
        return n.String(self.span(c), str(c[0])[1:-1])

    def read(self, c: List[Any]) -> n.Name:
        return n.Name(self.span(c), str(c[0]))

    def name(self, c: List[Any]) -> n.Name:
        return n.Name(self.span(c), "".join(map(str, c)))

    def parenthesis(self, c: List[Any]) -> n.Expr:
        return c[1]

    def vector(self, c: List[Any]) -> n.Vector:
        return n.Vector(self.span(c), tuple(c[1]))

    def items(self, c: List[Any]) -> List[n.Expr]:
        return c[::2]

    arguments = items

    def keyword(self, c: List[Any]) -> n.Keyword:
        return n.Keyword(self.span(c), str(c[0]), c[2])

    def row(self, c: List[Any]) -> n.Row:
        return n.Row(self.span(c), str(c[0])[1:-1], c[2])

    def component(self, c: List[Any]) -> n.Component:
        return n.Component(self.span(c), c[0], str(c[2]))

    def select(self, c: List[Any]) -> n.Select:
        return n.Select(self.span(c), c[0], tuple(c[2]))

    def call(self, c: List[Any]) -> n.Call:
        span, callee = self.span(c), c[0]
        arguments = c[2] if len(c) == 4 else []
        plain = tuple(a for a in arguments if not isinstance(a, (n.Keyword, n.Row)))
        keywords = tuple(a for a in arguments if isinstance(a, n.Keyword))
        named = False
        for argument in arguments:
            named = named or isinstance(argument, n.Keyword)
            if named and not isinstance(argument, n.Keyword):
                fail(error("RW003", argument.span, "an argument without a name after one with a name"))
        for at, keyword in enumerate(keywords):
            if any(keyword.name == other.name for other in keywords[:at]):
                fail(error("RW003", keyword.span, f"`{keyword.name}=` is given twice"))
        rows = tuple(a for a in arguments if isinstance(a, n.Row))
        function = n.dotted(callee)
        if not function:
            fail(
                error(
                    "RW003", callee.span, "only a function's name can be called", help="write `*` to multiply"
                )
            )
        return n.Call(span, function, plain, keywords, rows)

    def power(self, c: List[Any]) -> n.Power:
        return n.Power(self.span(c), c[0], c[2])

    def sign(self, c: List[Any]) -> n.Expr:
        return n.Minus(self.span(c), c[1]) if c[0] == "-" else c[1]

    def not_(self, c: List[Any]) -> n.Not:
        return n.Not(self.span(c), c[1])

    def product(self, c: List[Any]) -> n.Product:
        return n.Product(self.span(c), (("*", c[0]), *((str(c[i]), c[i + 1]) for i in range(1, len(c), 2))))

    def sum_(self, c: List[Any]) -> n.Sum:
        return n.Sum(self.span(c), (("+", c[0]), *((str(c[i]), c[i + 1]) for i in range(1, len(c), 2))))

    def named(self, c: List[Any]) -> n.Named:
        return n.Named(self.span(c), c[0], str(c[2]))

    def compare(self, c: List[Any]) -> n.Compare:
        return n.Compare(self.span(c), tuple(c[::2]), tuple(str(operator) for operator in c[1::2]))

    def both(self, c: List[Any]) -> n.Logic:
        return n.Logic(self.span(c), "and", tuple(c[::2]))

    def either(self, c: List[Any]) -> n.Logic:
        return n.Logic(self.span(c), "or", tuple(c[::2]))

    # statements

    def task(self, c: List[Any]) -> n.Task:
        return n.Task(self.span(c), str(c[1]), self.span(c[1:2]))

    def param(self, c: List[Any]) -> n.Param:
        return n.Param(self.span(c), c[1].id, c[1].span, c[3], c[5] if len(c) > 4 else None)

    def reward(self, c: List[Any]) -> n.Reward:
        head, value, adds = c[1:-2], c[-1], c[-2] == "+="
        group = head[0] if head and head[0].type == "NAME" else None
        per = head[-1] if head and len(head) - (group is not None) == 2 else None
        if per is not None and per not in ("step", "second"):
            fail(error("RW006", self.span([per]), f"a reward is paid per step or per second, not per {per}",
                       help="write `per step` (the default) or `per second`"))  # fmt: skip
        span = self.span([group]) if group is not None else self.span(c[:1])
        return n.Reward(
            self.span(c), str(group or "reward"), span, per == "second", value, adds, per == "step"
        )

    def total(self, c: List[Any]) -> n.Total:
        return n.Total(self.span(c), c[2])

    def terminate(self, c: List[Any]) -> n.Terminate:
        return n.Terminate(self.span(c), str(c[1]), self.span(c[1:2]), c[3], c[0] == "success")

    def metric(self, c: List[Any]) -> n.Metric:
        return n.Metric(self.span(c), str(c[1]), self.span(c[1:2]), c[3])

    def expect(self, c: List[Any]) -> n.Expect:
        return n.Expect(self.span(c), c[1])

    def import_(self, c: List[Any]) -> n.Import:
        return n.Import(self.span(c), str(c[1])[1:-1], str(c[3]), self.span(c[3:4]))

    def extends(self, c: List[Any]) -> n.Extends:
        return n.Extends(self.span(c), str(c[1])[1:-1])

    def weight(self, c: List[Any]) -> n.Weight:
        return n.Weight(self.span(c), str(c[1]), self.span(c[1:2]), c[3])

    def drop(self, c: List[Any]) -> n.Drop:
        return n.Drop(self.span(c), str(c[1]) if len(c) == 3 else "term", str(c[-1]), self.span(c[-1:]))

    def definition(self, c: List[Any]) -> n.Statement:
        left, value = c[0], c[2]
        if n.dotted(left):
            return n.Definition(self.span(c), n.dotted(left), left.span, value)
        if isinstance(left, n.Call) and not (left.keywords or left.rows):
            name_span = Span(left.span.source, left.span.start, left.span.start + len(left.function))
            for at, parameter in enumerate(left.arguments):
                if not isinstance(parameter, n.Name):
                    fail(error("RW007", parameter.span, f"a parameter of `{left.function}` must be a name"))
                if any(parameter == other for other in left.arguments[:at]):
                    fail(
                        error(
                            "RW007",
                            parameter.span,
                            f"`{left.function}` has the parameter `{parameter.id}` twice",
                        )
                    )
            names = tuple(p.id for p in left.arguments if isinstance(p, n.Name))
            return n.Function(self.span(c), left.function, name_span, names, value)
        fail(error("RW007", left.span, f"cannot define `{left.span.text}`",
                   help="the left side is a name, or a function such as `f(x, width)`; `==` compares"))  # fmt: skip

    def bare(self, c: List[Any]) -> n.Reward:
        return n.Reward(self.span(c), "reward", self.span(c), False, c[0])
