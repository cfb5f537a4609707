"""A text as the compiler sees it, as far as it gets: its tree, its findings, the type of each part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from .. import task_of
from ..lang import nodes as n
from ..lang.check import Checker
from ..lang.claims import claims
from ..lang.compiler import allowed, examined
from ..lang.compose import Spec
from ..lang.diagnostics import Diagnostic, RewardError, error
from ..lang.ir import Program, TooLarge
from ..lang.loader import Loader
from ..lang.qualified import TAKEN
from ..lang.resolve import Resolved, resolve
from ..lang.source import Source, Span, decode
from ..lang.syntax import parse_parts
from ..lang.types import Type
from ..lang.vocabulary import Vocabulary
from ..quantities import vocabulary
from ..task import Task, load_task
from . import symbols

ROUNDS = 5
OPERAND = "operand_"  # a definition that stands for an expression whose type is asked for
Files = Dict[Source, Tuple[Path, Span]]


@dataclass
class Analysis:
    """What is known of one text. `files` says where texts of other files come from; `types` are those of parts of this text."""

    path: Optional[Path]
    source: Source
    tree: n.File
    files: Files = field(default_factory=dict)
    diagnostics: List[Diagnostic] = field(default_factory=list)
    task: Optional[Task] = None
    vocabulary: Optional[Vocabulary] = None
    joined: Optional[n.File] = None
    resolved: Optional[Resolved] = None
    program: Optional[Program] = (
        None  # of all of it; `salvaged` is of what is left without the statements that have mistakes
    )
    salvaged: Optional[Program] = None
    types: Dict[Tuple[int, int], Type] = field(default_factory=dict)
    names: Dict[str, Type] = field(default_factory=dict)
    uses: List[symbols.Use] = field(default_factory=list)

    @property
    def errors(self) -> List[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    def at_home(self, span: Span) -> Span:
        """A place of this text: the span itself, or the statement that names the file in which it is."""
        while span.source is not self.source and span.source in self.files:
            span = self.files[span.source][1]
        if span.source is self.source:
            return span
        ties = (n.Extends, n.Import) if span.source.name.endswith(".reward") else (n.Task,)
        tie = next((s for s in self.tree.statements if isinstance(s, ties)), None)
        return tie.span if tie is not None else Span(self.source, 0, 0)

    def folder(self) -> Optional[Path]:
        return None if self.path is None else self.path.parent


def analyse(text: str, path: Optional[Path] = None, task: Optional[str] = None) -> Analysis:
    """What the compiler makes of a text that stands in an editor. It never fails: what is wrong is in `diagnostics`."""
    name = path.name if path is not None else "untitled"
    try:
        source = decode(text.encode("utf-8", "surrogatepass"), name)
    except RewardError as problem:
        source = Source(name, text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
        moved = [_moved(d, source) for d in problem.diagnostics]
        return Analysis(path, source, n.File(source, ()), diagnostics=moved)
    tree, found = parse_parts(source)
    out = Analysis(path, source, tree, diagnostics=list(found), uses=symbols.uses(tree))
    try:
        _check(out, task, complete=not found)
    except RewardError as problem:
        if not found:
            out.diagnostics += problem.diagnostics
    except RecursionError:  # pragma: no cover - the depth of a tree is limited
        out.diagnostics.append(error("RW602", Span(source, 0, 1), "the file is nested too deep"))
    return out


def _moved(d: Diagnostic, source: Source) -> Diagnostic:
    """A finding about bytes, at the same place of the text."""
    start = min(d.span.start, len(source.text))
    return error(d.code, Span(source, start, min(start + 1, len(source.text))), d.message, help=d.help)


def _check(out: Analysis, setting: Optional[str], complete: bool) -> None:
    """The stages after the parser, for what parses; those that want all of it run only for a complete text."""
    loader = Loader(out.folder())
    out.files = loader.opened_by
    try:
        out.joined = loader.whole(out.tree, out.folder(), () if out.path is None else (out.path.resolve(),))
    finally:
        spec = Spec(out.source.name, out.joined or out.tree)
        out.task, out.vocabulary = _task(out, spec, setting, complete and out.joined is not None)
    if out.joined is None or out.vocabulary is None:
        return
    if not complete:
        return _salvage(out, out.joined, out.vocabulary)
    try:
        out.resolved = resolve(_with_reward(out, out.joined), out.vocabulary)
    except RewardError:
        _salvage(out, out.joined, out.vocabulary)
        raise
    recorder = Recorder(out.resolved, out)
    try:
        out.program = recorder.run()
        claimed = claims(recorder, out.program)
    except TooLarge as problem:
        recorder.found.append(
            error(
                "RW603",
                out.tree.statements[-1].span,
                str(problem),
                help="name shared parts once, or split the file",
            )
        )
    finally:
        out.names = {name: value.type for name, value in recorder.values.items() if value is not None}
    if not recorder.found and out.program is not None:
        _, warnings, _, recorder.found = examined(out.resolved, out.program, claimed)
        library = not any(
            isinstance(s, n.Reward) for s in out.joined.statements
        )  # others read what it defines
        recorder.warnings += [w for w in warnings if not (library and w.code == "RW516")]
    out.diagnostics += recorder.found or [w for w in recorder.warnings if not allowed(w)]


def _task(
    out: Analysis, spec: Spec, setting: Optional[str], complete: bool
) -> Tuple[Optional[Task], Optional[Vocabulary]]:
    try:
        task = task_of(spec, setting)
        names = replace(vocabulary(task), observations=())
    except (RewardError, ValueError, OSError) as problem:
        if complete and isinstance(problem, RewardError):
            out.diagnostics += problem.diagnostics
        elif complete:
            line = next(
                (s.name_span for s in out.tree.statements if isinstance(s, n.Task)), Span(out.source, 0, 0)
            )
            out.diagnostics.append(error("RW108", line, f"the task cannot be read: {problem}"))
        return None, None
    return task, names


def type_of(operand: str, among: Analysis, names: Vocabulary) -> Optional[Type]:
    """The type that an expression has among the definitions of a text; None if it cannot be told."""
    tree, broken = parse_parts(Source("operand", f"{OPERAND} = ({operand})\n"))
    if broken:
        return None
    known = tuple(s for s in among.tree.statements if isinstance(s, TAKEN + (n.Extends, n.Import)))
    whole = replace(among.tree, statements=(*known, *tree.statements))
    out = Analysis(among.path, tree.source, whole)
    try:
        _salvage(out, Loader(out.folder()).whole(whole, out.folder(), ()), names)
    except RewardError:
        return None
    return out.names.get(OPERAND)


def fallback_vocabulary() -> Vocabulary:
    """The names that a file without a task line has."""
    return vocabulary(load_task("humanoid"))


def _with_reward(out: Analysis, tree: n.File) -> n.File:
    """A tree that can be checked: a file of definitions alone, to be imported, gets a reward of 0 and a note."""
    own, ties = out.tree.statements, (n.Import, n.Extends, n.Task)
    library = any(isinstance(s, TAKEN) for s in own) and all(isinstance(s, TAKEN + ties) for s in own)
    if not library or any(isinstance(s, n.Reward) for s in tree.statements):
        return tree
    last = own[-1].span
    help = "a file that is only imported needs none; else write `reward = ...`"
    place = Span(last.source, last.start, last.start + 1)
    out.diagnostics.append(error("RW404", place, "the file has no reward", help=help, severity="information"))
    return _paid(tree)


def _salvage(out: Analysis, tree: n.File, names: Vocabulary) -> None:
    """Find the types of a text whose names are not all known: of what is left without the statements that have mistakes."""
    for _ in range(ROUNDS):
        if not tree.statements:
            return
        try:
            resolved = resolve(_paid(tree), names)
        except RewardError as problem:
            places = [d.span for d in problem.diagnostics]
            left = tuple(s for s in tree.statements if not any(_holds(s, place) for place in places))
            tree = replace(tree, statements=left)
            continue
        recorder = Recorder(resolved, out)
        try:
            out.salvaged = recorder.run()
        except (RewardError, TooLarge):
            pass
        out.names = {name: value.type for name, value in recorder.values.items() if value is not None}
        return


def _holds(s: n.Statement, place: Span) -> bool:
    return place.source is s.span.source and s.span.start <= place.start <= s.span.end


def _paid(tree: n.File) -> n.File:
    """A tree that can be checked: one without a reward gets a reward of 0."""
    if any(isinstance(s, n.Reward) and not s.adds for s in tree.statements):
        return tree
    last = tree.statements[-1].span
    nothing = n.Reward(last, "reward", last, False, n.Number(last, 0.0, None, "0"))
    return replace(tree, statements=(*tree.statements, nothing))


class Recorder(Checker):
    """The compiler's own check, which notes the type of each part of one text."""

    def __init__(self, resolved: Resolved, out: Analysis) -> None:
        super().__init__(resolved)
        self.out = out

    def lower(self, expr: n.Expr) -> Any:
        value = super().lower(expr)
        span = expr.span
        synthetic = span is None or (isinstance(expr, n.Number) and not expr.text)
        if value is not None and not synthetic and span.source is self.out.source:
            self.out.types.setdefault((span.start, span.end), value.type)
        return value
