"""`extends` and `import`: the files a spec is made of, joined into one tree.

Paths are relative to the file that names them and stay inside the first file's folder; else a path is looked up among the shipped
specs. An imported file's definitions, functions and params are taken in as `NAME.x`, which is one name from then on (`qualified`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from . import nodes as n
from .addends import Untyped
from .algebra import settled
from .diagnostics import Diagnostic, Label, RewardError, closest, error, fail
from .names import reads_pay
from .qualified import TAKEN, alias_of, captured, missing, only_read, qualified, taken_as, with_imports
from .source import Source, Span, read
from .syntax import parse

PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (PACKAGE.parent / "reward_specs", PACKAGE / "_data" / "reward_specs")  # in a checkout; in a wheel
MAX_FILES = 64
MAX_FOLDERS, MAX_NEARBY = 500, 200
SKIPPED = ("node_modules", "__pycache__", "site-packages")


def load_tree(path: Path) -> n.File:
    """The tree of a file with all that it extends and imports. Raises RewardError (RW0xx, RW11x, RW604)."""
    loader = Loader(path.resolve().parent)
    return loader.settled(loader.file(path, str(path), ()))


def join(tree: n.File, folder: Optional[Path]) -> n.File:
    """The same for a tree that is parsed already; without a folder only shipped specs are found."""
    return Loader(folder).whole(tree, folder, ())


class Loader:
    """Reads the files that a spec is made of; nothing outside `root` but the shipped specs."""

    def __init__(self, root: Optional[Path]) -> None:
        self.root = root
        self.count = 0
        self.opened_by: Dict[
            Source, Tuple[Path, Span]
        ] = {}  # a text → its file, and the statement that names it
        self.files: Dict[Span, Path] = {}  # the place of a statement that names a file → that file
        self.taken: Set[str] = set()  # the names of all that imports took in

    def file(self, path: Path, name: str, opened: Tuple[Path, ...], by: Optional[Span] = None) -> n.File:
        self.count += 1
        source = read(path, name)
        if by is not None:
            self.opened_by[source] = (path, by)
        return self.joined(parse(source), path.resolve().parent, (*opened, path.resolve()))

    def whole(self, tree: n.File, folder: Optional[Path], opened: Tuple[Path, ...]) -> n.File:
        """A tree with all that it extends, and what is read of its imports; `opened` are the files that lead to it, itself included."""
        return self.settled(self.joined(tree, folder, opened))

    def settled(self, tree: n.File) -> n.File:
        """A joined tree without what imports took in and nothing reads. Raises RewardError (RW101) for what would read too much."""
        if not self.taken:
            return tree
        statements = only_read(tree.statements, self.taken)
        found = captured(statements, self.taken)
        if found:
            raise RewardError(found)
        return replace(tree, statements=tuple(statements))

    def joined(self, tree: n.File, folder: Optional[Path], opened: Tuple[Path, ...]) -> n.File:
        """A tree with all that it extends and imports."""
        if not any(isinstance(s, (n.Extends, n.Import)) for s in tree.statements):
            return tree
        own = list(tree.statements)
        _check_order(own)
        files = self._files(own, folder, opened)
        base: Sequence[n.Statement] = ()
        imports = [s for s in own if isinstance(s, n.Import)]
        names: Dict[str, Set[str]] = {s.name: set() for s in imports}
        for s in own:
            if isinstance(s, n.Extends):
                base = files[s.span].statements
                imports += files[s.span].imports
                for name in qualified(base):
                    names.setdefault(alias_of(name), set()).add(name)
        self._check_aliases(own, imports, names)
        taken = {s.span: taken_as(s, files[s.span]) for s in own if isinstance(s, n.Import)}
        for name in (s.name for statements in taken.values() for s in statements):
            names[alias_of(name)].add(name)
            self.taken.add(name)
        out: List[n.Statement] = []
        found: List[Diagnostic] = []
        for s in own:
            try:
                if not isinstance(s, n.Extends):
                    out += taken[s.span] if isinstance(s, n.Import) else [with_imports(s, names)]
            except RewardError as problem:
                found += problem.diagnostics
        if found:
            raise RewardError(found)
        return n.File(tree.source, tuple(_extended(base, out)), tuple(imports))

    def _files(
        self, own: Sequence[n.Statement], folder: Optional[Path], opened: Tuple[Path, ...]
    ) -> Dict[Span, n.File]:
        """The files that statements name. Raises RewardError with the errors of all of them."""
        out: Dict[Span, n.File] = {}
        found: List[Diagnostic] = []
        for s in own:
            if isinstance(s, (n.Extends, n.Import)):
                try:
                    out[s.span] = self._open(s.path, s.span, folder, opened)
                except RewardError as problem:
                    found += [d for d in problem.diagnostics if d not in found]
        if found:
            raise RewardError(found)
        return out

    def _check_aliases(
        self, own: Sequence[n.Statement], imports: Sequence[n.Import], names: Mapping[str, Set[str]]
    ) -> None:
        """Refuse a second import of one name, of this file or of the one that it extends, and what writes into an import."""
        found: List[Diagnostic] = []
        mine = [s for s in own if isinstance(s, n.Import)]
        below = {s.name: s for s in imports if s.span not in {m.span for m in mine}}
        first: Dict[str, n.Import] = {}
        for s in mine:
            other = first.get(s.name) or below.get(s.name)
            if other is not None and (s.name in first or self.files[other.span] != self.files[s.span]):
                found.append(error("RW102", s.name_span, f"`{s.name}` is the name of another import",
                                   others=(Label(other.name_span, "the first"),)))  # fmt: skip
            first.setdefault(s.name, s)
        for d in own:
            if isinstance(d, TAKEN) and alias_of(d.name) in first:
                found.append(error("RW102", d.name_span, f"`{d.name}` is a name of the file imported as `{alias_of(d.name)}`",
                                   help="a file that `extends` this one may give it another meaning"))  # fmt: skip
            elif isinstance(d, TAKEN) and alias_of(d.name) in names and d.name not in names[alias_of(d.name)]:
                found.append(missing(d.name, d.name_span, names[alias_of(d.name)]))
        if found:
            raise RewardError(found)

    def _open(self, name: str, span: Span, folder: Optional[Path], opened: Tuple[Path, ...]) -> n.File:
        path = self.find(name, span, folder)
        if path.resolve() in opened:
            chain = " -> ".join(p.name for p in (*opened[opened.index(path.resolve()) :], path))
            fail(error("RW112", span, f"files read each other: {chain}"))
        if self.count >= MAX_FILES:
            fail(error("RW604", span, f"more than {MAX_FILES} files"))
        self.files[span] = path.resolve()
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
