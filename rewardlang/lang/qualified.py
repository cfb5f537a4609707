"""Names with dots: `g.k` is `k` of the file that is imported as `g`.

In a joined tree it is one name, which nothing else can have: no name that a file gives by itself holds a dot. A spec that is printed
has its imports written out under these names, so `g.k` may stand on the left of a statement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, Sequence, Set, Tuple, Union

from . import nodes as n
from .diagnostics import Diagnostic, RewardError, closest, error, fail
from .names import names_in
from .rename import EXPRESSIONS, renamed_tree, with_expressions
from .source import Span

TAKEN = (n.Param, n.Definition, n.Function)  # what an import takes
Key = Tuple[bool, str]  # whether it is a function, and its name


def alias_of(name: str) -> str:
    """The import's name in front of a name; empty if there is none."""
    return name.partition(".")[0] if "." in name else ""


def qualified(statements: Sequence[Any]) -> Set[str]:
    """The names with dots that statements give."""
    return {s.name for s in statements if isinstance(s, TAKEN) and "." in s.name}


def import_names(file: n.File) -> Dict[str, str]:
    """The names of imports, each with a name that is read of it; empty if none is."""
    out = {s.name: "" for s in file.imports}
    for s in file.statements:
        if isinstance(s, TAKEN):
            out.update((s.name[:i], s.name) for i, char in enumerate(s.name) if char == ".")
    return out


def written_out(statements: Sequence[n.Statement]) -> Tuple[n.Statement, ...]:
    """The statements of a text, where it gives names with dots with those as one name wherever they are read."""
    names = qualified(statements)
    return tuple(_joined(s, names) for s in statements) if names else tuple(statements)


def taken_as(statement: n.Import, file: n.File) -> List[Any]:
    """What an import takes of a file, each of the file's names with the import's in front. Raises RewardError (RW102)."""
    alias = statement.name
    taken: List[Any] = [s for s in file.statements if isinstance(s, TAKEN)]
    given = {s.group if isinstance(s, n.Reward) else s.name for s in file.statements
             if isinstance(s, (n.Param, n.Definition, n.Reward, n.Terminate))}  # fmt: skip
    values = {
        name: f"{alias}.{name}" for name in given
    }  # what it does not take means nothing under its new name
    calls = {s.name: f"{alias}.{s.name}" for s in taken if isinstance(s, n.Function)}
    for s in taken:
        if (
            isinstance(s, n.Function)
            and alias in s.parameters
            and {_key(use) for use in _reads(s)} & {(False, v) for v in values}
        ):
            fail(error("RW102", statement.name_span, f"`{alias}` is a parameter of `{s.name}` in {s.span.source.name}",
                       help="import the file under another name"))  # fmt: skip
    return [replace(renamed_tree(s, values, calls), name=f"{alias}.{s.name}") for s in taken]


def with_imports(statement: Any, names: Mapping[str, AbstractSet[str]]) -> Any:
    """A statement with `a.b` as one name where `a` is an import: `names` has what each took in. Raises RewardError (RW101)."""
    if not names:
        return statement
    known = {name for taken in names.values() for name in taken}
    statement = _joined(statement, known)
    hidden = statement.parameters if isinstance(statement, n.Function) else ()
    found: List[Diagnostic] = []
    places: Set[int] = set()
    for use in _parts(statement):
        name = (
            use.function
            if isinstance(use, n.Call)
            else n.dotted(use)
            if isinstance(use, (n.Component, n.Name))
            else ""
        )
        alias = alias_of(name)
        if alias not in names or alias in hidden or name in known or use.span.start in places:
            continue
        if isinstance(use, n.Component) and (not isinstance(use.base, n.Name) or use.base.id in known):
            continue  # a component of a value; or the part before the dot is reported
        places.add(use.span.start)
        if isinstance(use, n.Name):
            found.append(error("RW101", use.span, f"`{name}` is the name of an import, not a value"))
            continue
        at = Span(use.span.source, use.span.start, use.span.start + len(name))
        found.append(missing(name, at, names[alias]))
    if found:
        raise RewardError(found)
    return statement


def missing(name: str, span: Span, names: AbstractSet[str]) -> Diagnostic:
    """RW101: an import took in no such name, but `names`."""
    alias, _, last = name.partition(".")
    have = sorted(one[len(alias) + 1 :] for one in names)
    near = closest(last, have, 1)
    return error("RW101", span, f"the file imported as `{alias}` has no `{last}`",
                 help=f"did you mean `{alias}.{near[0]}`?" if near else f"it has {', '.join(have)}" if have else "")  # fmt: skip


def only_read(statements: Sequence[n.Statement], taken: AbstractSet[str]) -> List[n.Statement]:
    """The statements without those of the names that imports took in which nothing reads."""
    given: Dict[str, List[Any]] = {}
    todo: List[Any] = []
    for s in statements:
        if isinstance(s, TAKEN) and s.name in taken:
            given.setdefault(s.name, []).append(s)
        else:
            todo.append(s)
    kept: Set[str] = set()
    while todo:
        new = {_key(use)[1] for use in _reads(todo.pop())} & set(given) - kept
        kept |= new
        todo += [s for name in new for s in given[name]]
    return [s for s in statements if not (isinstance(s, TAKEN) and s.name in taken) or s.name in kept]


def captured(statements: Sequence[n.Statement], taken: AbstractSet[str]) -> List[Diagnostic]:
    """RW101: where what an import took in reads a name that its file does not have, and the file that imports it does."""
    own: Dict[Key, Any] = {_key(s): s for s in statements if isinstance(s, TAKEN) and "." not in s.name}
    return [error("RW101", use.span, f"unknown name `{_key(use)[1]}`: an import does not read the names of the file that imports it",
                  help="give it a parameter: `f(x) = ...`")
            for s in statements if isinstance(s, TAKEN) and s.name in taken for use in _reads(s) if _key(use) in own]  # fmt: skip


def _joined(statement: Any, names: AbstractSet[str]) -> Any:
    inner = {name[:i] for name in names for i, char in enumerate(name) if char == "."}  # `a.b` of `a.b.c`
    hidden = statement.parameters if isinstance(statement, n.Function) else ()

    def change(expr: n.Expr) -> n.Expr:
        if isinstance(expr, n.Component) and isinstance(expr.base, n.Name) and expr.base.id not in hidden:
            name = f"{expr.base.id}.{expr.name}"
            return n.Name(expr.span, name) if name in names or name in inner else expr
        return expr

    return with_expressions(statement, change)


def _expressions(statement: Any) -> List[n.Expr]:
    return [getattr(statement, field) for field in EXPRESSIONS if getattr(statement, field, None) is not None]


def _parts(statement: Any) -> Iterator[n.Expr]:
    todo = _expressions(statement)
    while todo:
        expr = todo.pop()
        yield expr
        todo += n.children(expr)


def _reads(statement: Any) -> Iterator[Union[n.Name, n.Call]]:
    """The names and calls of a statement; a function's own parameters left out."""
    hidden = statement.parameters if isinstance(statement, n.Function) else ()
    for expr in _expressions(statement):
        yield from (use for use in names_in(expr) if isinstance(use, n.Call) or use.id not in hidden)


def _key(item: Any) -> Key:
    if isinstance(item, n.Name):
        return False, item.id
    return (True, item.function) if isinstance(item, n.Call) else (isinstance(item, n.Function), item.name)
