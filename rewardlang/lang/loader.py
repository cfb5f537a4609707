"""`extends` and `import`: the files a spec is made of, joined into one tree.

Paths are relative to the file that names them and stay inside the first file's folder; else a path is looked up among the shipped
specs. An imported file's definitions, functions and params are taken in under `NAME_`, which `NAME.x` in the text means.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from . import nodes as n
from .addends import Untyped
from .algebra import settled
from .diagnostics import Diagnostic, RewardError, closest, error, fail
from .names import reads_pay
from .rename import renamed_tree, with_expressions
from .source import Source, Span, read
from .syntax import parse

PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (PACKAGE.parent / "reward_specs", PACKAGE / "_data" / "reward_specs")  # in a checkout; in a wheel
MAX_FILES = 64
MAX_FOLDERS, MAX_NEARBY = 500, 200
SKIPPED = ("node_modules", "__pycache__", "site-packages")
TAKEN = (n.Param, n.Definition, n.Function)  # what an import takes


def load_tree(path: Path) -> n.File:
    """The tree of a file with all that it extends and imports. Raises RewardError (RW0xx, RW11x, RW604)."""
    return Loader(path.resolve().parent).file(path, str(path), ())


def join(tree: n.File, folder: Optional[Path]) -> n.File:
    """The same for a tree that is parsed already; without a folder only shipped specs are found."""
    return Loader(folder).joined(tree, folder, ())


class Loader:
    """Reads the files that a spec is made of; nothing outside `root` but the shipped specs."""

    def __init__(self, root: Optional[Path]) -> None:
        self.root = root
        self.count = 0
        self.opened_by: Dict[
            Source, Tuple[Path, Span]
        ] = {}  # a text → its file, and the statement that names it

    def file(self, path: Path, name: str, opened: Tuple[Path, ...], by: Optional[Span] = None) -> n.File:
        self.count += 1
        source = read(path, name)
        if by is not None:
            self.opened_by[source] = (path, by)
        return self.joined(parse(source), path.resolve().parent, (*opened, path.resolve()))

    def joined(self, tree: n.File, folder: Optional[Path], opened: Tuple[Path, ...]) -> n.File:
        """A tree with all that it extends and imports; `opened` are the files that lead to it, itself included."""
        if not any(isinstance(s, (n.Extends, n.Import)) for s in tree.statements):
            return tree
        own, base = list(tree.statements), []  # type: Tuple[List[n.Statement], Sequence[n.Statement]]
        _check_order(own)
        out: List[n.Statement] = []
        aliases: Dict[str, Set[str]] = {}
        imports = [s for s in own if isinstance(s, n.Import)]
        for statement in own:
            if isinstance(statement, n.Extends):
                below = self._open(statement.path, statement.span, folder, opened)
                base = below.statements
                imports += below.imports
            elif isinstance(statement, n.Import):
                taken = _renamed(self._open(statement.path, statement.span, folder, opened), statement.name)
                aliases[statement.name] = {s.name for s in taken}
                out += taken
            else:
                out.append(statement)
        _check_names(own, out, aliases)
        out = [_with_imports(s, aliases) for s in out]
        return n.File(tree.source, tuple(_extended(base, out)), tuple(imports))

    def _open(self, name: str, span: Span, folder: Optional[Path], opened: Tuple[Path, ...]) -> n.File:
        path = self.find(name, span, folder)
        if path.resolve() in opened:
            chain = " -> ".join(p.name for p in (*opened[opened.index(path.resolve()) :], path))
            fail(error("RW112", span, f"files read each other: {chain}"))
        if self.count >= MAX_FILES:
            fail(error("RW604", span, f"more than {MAX_FILES} files"))
        return self.file(path, str(path) if not path.is_absolute() else name, opened, span)

    def find(self, name: str, span: Span, folder: Optional[Path]) -> Path:
        """The file that a statement at `span` in `folder` names. Raises RewardError (RW110, RW111)."""
        if Path(name).is_absolute() or "\\" in name:
            fail(
                error(
                    "RW111",
                    span,
                    f"`{name}` is not a relative path",
                    help="paths are relative to this file, with `/`",
                )
            )
        tried: List[Path] = []
        if folder is not None:
            path = folder / name
            roots = SHIPPED if self.root is None else (self.root, *SHIPPED)
            inside = any(_inside(path, root) for root in roots)
            if inside and _is_file(path):
                return path
            if _is_file(path):
                fail(
                    error(
                        "RW111",
                        span,
                        f"`{name}` is outside the folder of the first file",
                        help="move it there",
                    )
                )
            tried += nearby(folder)
        for shipped in SHIPPED:
            path = shipped / name
            if _inside(path, shipped) and _is_file(path):
                return path
            tried += sorted(shipped.glob("**/*.reward"))
        names = [p.name for p in tried]
        near = closest(Path(name).name, names, 1)
        fail(
            error(
                "RW110",
                span,
                f"there is no file `{name}`",
                help=f"did you mean `{near[0]}`?" if near else "paths are relative to this file",
            )
        )


def nearby(folder: Path) -> List[Path]:
    """The `.reward` files in and below a folder; not all of them where the folder is a whole disk."""
    found: List[Path] = []
    for i, (where, folders, names) in enumerate(os.walk(folder)):
        if i >= MAX_FOLDERS or len(found) >= MAX_NEARBY:
            break
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        found += [Path(where) / name for name in sorted(names) if name.endswith(".reward")]
    return found[:MAX_NEARBY]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system, or a folder that may not be entered
        return False


def _inside(path: Path, root: Path) -> bool:
    try:
        path.resolve().relative_to(root.resolve())
    except (ValueError, OSError, RuntimeError):  # RuntimeError: a link to itself
        return False
    return True


def _check_order(statements: Sequence[n.Statement]) -> None:
    found: List[Diagnostic] = []
    before = True
    first: Optional[n.Extends] = None
    for s in statements:
        if isinstance(s, n.Extends):
            if first is not None:
                found.append(
                    error(
                        "RW113",
                        s.span,
                        "a second `extends`",
                        help="one file is extended; others are imported",
                    )
                )
            elif not before:
                found.append(error("RW113", s.span, "`extends` stands before all statements but `task`"))
            first = first or s
        elif not isinstance(s, n.Task):
            before = False
    if found:
        raise RewardError(found)


def _check_names(own: Sequence[n.Statement], out: Sequence[Any], aliases: Dict[str, Set[str]]) -> None:
    """Refuse a second meaning of an import's name, and a parameter that would catch what an import takes in."""
    found: List[Diagnostic] = []
    taken = {name for names in aliases.values() for name in names}
    seen: Set[str] = set()
    for s in own:
        name = s.group if isinstance(s, n.Reward) else getattr(s, "name", "")
        if isinstance(s, n.Import):
            if name in seen:
                found.append(error("RW102", s.name_span, f"`{name}` is the name of another import"))
            seen.add(name)
        elif isinstance(s, (n.Param, n.Definition, n.Reward, n.Terminate)) and name in aliases:
            found.append(error("RW102", s.name_span, f"`{name}` is the name of an import"))
    for s in out:
        for parameter in s.parameters if isinstance(s, n.Function) else ():
            if parameter in taken:
                found.append(
                    error(
                        "RW102",
                        s.name_span,
                        f"the parameter `{parameter}` has the name of what an import takes in",
                        help="call it something else",
                    )  # fmt: skip
                )
    if found:
        raise RewardError(found)


def _renamed(file: n.File, alias: str) -> List[Any]:
    """What an import takes, each name with the alias in front of it."""
    taken = [s for s in file.statements if isinstance(s, TAKEN)]
    values = {s.name: f"{alias}_{s.name}" for s in taken if not isinstance(s, n.Function)}
    calls = {s.name: f"{alias}_{s.name}" for s in taken if isinstance(s, n.Function)}
    return [replace(renamed_tree(s, values, calls), name=f"{alias}_{s.name}") for s in taken]


def _with_imports(statement: Any, aliases: Dict[str, Set[str]]) -> Any:
    """`alias.name` and `alias.function(...)` as the names that the import took in."""
    found: List[Diagnostic] = []
    hidden = statement.parameters if isinstance(statement, n.Function) else ()

    def change(expr: n.Expr) -> n.Expr:
        if isinstance(expr, n.Component) and isinstance(expr.base, n.Name) and expr.base.id in hidden:
            return expr
        if isinstance(expr, n.Component) and isinstance(expr.base, n.Name) and expr.base.id in aliases:
            return n.Name(expr.span, _taken(expr.base.id, expr.name, expr.span, aliases, found))
        if isinstance(expr, n.Call) and "." in expr.function and expr.function.split(".")[0] in aliases:
            alias, name = expr.function.split(".")
            at = Span(expr.span.source, expr.span.start, expr.span.start + len(expr.function))
            return replace(expr, function=_taken(alias, name, at, aliases, found))
        return expr

    out = with_expressions(statement, change)
    if found:
        raise RewardError(found)
    return out


def _taken(alias: str, name: str, span: Span, aliases: Dict[str, Set[str]], found: List[Diagnostic]) -> str:
    full = f"{alias}_{name}"
    if full not in aliases[alias]:
        have = [known[len(alias) + 1 :] for known in sorted(aliases[alias])]
        near = closest(name, have, 1)
        found.append(error("RW101", span, f"the file imported as `{alias}` has no `{name}`",
                           help=f"did you mean `{alias}.{near[0]}`?" if near else f"it has {', '.join(have)}"))  # fmt: skip
    return full


def _extended(base: Sequence[n.Statement], own: Sequence[n.Statement]) -> Iterator[n.Statement]:
    """The base's statements with those of the same name replaced, then the rest. What the base dropped is gone before that."""
    base = _without_dropped(base)
    if any(isinstance(s, n.Reward) for s in own):
        base = settled(base)  # a term may come under the name of one that the base dropped
    new = {_key(s) for s in own if _key(s) is not None}
    table = Untyped(base)
    gone = _replaced_terms(table, new)
    only_gone = table.only_terms(gone)
    for statement in base:
        key = _key(statement)
        if isinstance(statement, (n.Weight, n.Drop)) and statement.name in gone and _is_of_term(statement):
            continue  # it was about a term of a group that is replaced
        if isinstance(statement, n.Expect) and reads_pay(statement.condition, only_gone, gone):
            continue
        if isinstance(statement, n.Reward) and ("reward", statement.group) in new:
            continue  # the whole group, what was added to it included
        if key is None or key not in new:
            yield statement
    yield from own


def _replaced_terms(table: Untyped, new: Set[Any]) -> Set[str]:
    """The names of the base's terms that go with the groups that are replaced."""
    if not any(isinstance(s, n.Reward) and ("reward", s.group) in new for s in table.statements):
        return set()
    gone, kept = set(), set()  # type: Set[str], Set[str]
    for s in table.statements:
        if isinstance(s, n.Reward):
            (gone if ("reward", s.group) in new else kept).update(name for name, _, _ in table.terms(s))
    return gone - kept


def _is_of_term(s: n.Statement) -> bool:
    return not isinstance(s, n.Drop) or s.what == "term"


def _without_dropped(base: Sequence[n.Statement]) -> List[n.Statement]:
    """The statements without the metrics and terminations that they drop again; a `drop` of the task's stays."""
    made = {(type(s), s.name) for s in base if isinstance(s, (n.Metric, n.Terminate))}
    kinds = {"metric": n.Metric, "terminate": n.Terminate}
    gone = {(kinds[s.what], s.name) for s in base if isinstance(s, n.Drop) and s.what in kinds} & made
    return [s for s in base if not (isinstance(s, n.Drop) and (kinds.get(s.what), s.name) in gone
            or isinstance(s, (n.Metric, n.Terminate)) and (type(s), s.name) in gone)]  # fmt: skip


def _key(s: n.Statement) -> Optional[Tuple[str, str]]:
    """What a statement is the only one of; None for one that only adds."""
    if isinstance(s, n.Reward):
        return None if s.adds else ("reward", s.group)
    if isinstance(s, (n.Task, n.Total)):
        return (type(s).__name__, "")
    if isinstance(s, (n.Expect, n.Extends, n.Import)):
        return None
    if isinstance(s, n.Function):
        return ("function", s.name)
    if isinstance(s, n.Drop):
        return (f"drop {s.what}", s.name)
    if isinstance(s, (n.Weight, n.Metric)):
        return (type(s).__name__, s.name)
    return ("name", s.name)
