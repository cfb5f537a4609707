"""Names across files: where what a name means is declared, and where else it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

from ..lang import nodes as n
from ..lang.diagnostics import RewardError
from ..lang.loader import Loader, nearby
from ..lang.names import names_in
from ..lang.source import Source, Span, decode
from ..lang.syntax import parse_parts
from .analysis import Analysis
from .symbols import Key, Use, uses

MAX_DEPTH = 32


@dataclass(frozen=True)
class Outline:
    """A file's statements and names; `text` is the raw text."""

    path: Optional[Path]
    text: str
    source: Source
    tree: n.File
    uses: List[Use]


@dataclass(frozen=True)
class Place:
    """A name in a file."""

    outline: Outline
    span: Span
    use: Optional[Use] = None

    def same(self, other: Optional[Place]) -> bool:
        return other is not None and (self.outline.path, self.span.start) == (
            other.outline.path,
            other.span.start,
        )


class Files:
    """The files that the texts in an editor tie to, as the editor has them, else as they are on disk."""

    def __init__(self, opened: Callable[[Path], Optional[str]]) -> None:
        self.opened = opened
        self.known: Dict[Path, Outline] = {}

    def outline(self, path: Path) -> Optional[Outline]:
        """What is in a file; None for one that cannot be read."""
        path = path.resolve()
        text = self.opened(path)
        try:
            data = path.read_bytes() if text is None else text.encode("utf-8", "surrogatepass")
            source = decode(data, path.name)
        except (OSError, RewardError):
            return None
        raw = data.decode("utf-8", "replace")
        old = self.known.get(path)
        if old is None or old.text != raw:
            tree, _ = parse_parts(source)
            self.known[path] = Outline(path, raw, source, tree, uses(tree))
        return self.known[path]

    def target(self, outline: Outline, tie: n.Statement, root: Optional[Path]) -> Optional[Outline]:
        """The file that an `import` or `extends` names."""
        assert isinstance(tie, (n.Import, n.Extends))
        folder = None if outline.path is None else outline.path.parent
        try:
            return self.outline(Loader(root or folder).find(tie.path, tie.span, folder))
        except RewardError:
            return None

    def declaration(
        self, outline: Outline, key: Key, root: Optional[Path] = None, depth: int = 0
    ) -> Optional[Place]:
        """Where a file, or one that it extends or imports, declares a name; None for a name of the vocabulary."""
        space, owner, name = key
        root = root or (None if outline.path is None else outline.path.parent)
        if depth > MAX_DEPTH:
            return None
        if space == "imported":
            return self._imported(outline, name, [("value", ""), ("function", "")], root, depth)
        if space == "parameter" and "." in owner:
            alias, _, function = owner.partition(".")
            return self._imported(outline, f"{alias}.{name}", [("parameter", function)], root, depth)
        own = next((use for use in outline.uses if use.declares and use.key == key), None)
        if own is not None:
            return Place(outline, own.span, own)
        for s in outline.tree.statements:
            if space == "value" and isinstance(s, n.Reward) and s.group == name and not s.adds:
                return Place(outline, Span(s.span.source, s.span.start, s.span.start + len("reward")))
        return self.inherited(outline, key, root, depth)

    def inherited(
        self, outline: Outline, key: Key, root: Optional[Path] = None, depth: int = 0
    ) -> Optional[Place]:
        """Where the file that a file extends, or one below it, declares a name."""
        root = root or (None if outline.path is None else outline.path.parent)
        tie = next((s for s in outline.tree.statements if isinstance(s, n.Extends)), None)
        base = None if tie is None else self.target(outline, tie, root)
        return None if base is None else self.declaration(base, key, root, depth + 1)

    def _imported(
        self, outline: Outline, name: str, spaces: List[Tuple[str, str]], root: Optional[Path], depth: int
    ) -> Optional[Place]:
        alias, _, member = name.partition(".")
        tie = next((s for s in outline.tree.statements if isinstance(s, n.Import) and s.name == alias), None)
        other = None if tie is None else self.target(outline, tie, root)
        if other is None:
            return None
        found = (self.declaration(other, (space, owner, member), root, depth + 1) for space, owner in spaces)
        return next(filter(None, found), None)

    def references(self, outline: Outline, use: Use) -> Iterator[Place]:
        """Every place, in this file and in its neighbours, where a name means the same."""
        declared = self.declaration(outline, use.key)
        for other in (outline, *(self.neighbours(outline) if declared is not None else ())):
            for candidate in other.uses:
                if not (candidate.key == use.key or _last(candidate) == _last(use)):
                    continue
                if declared is None:
                    if candidate.key == use.key:
                        yield Place(other, candidate.span, candidate)
                elif declared.same(self.declaration(other, candidate.key)):
                    yield Place(other, candidate.span, candidate)

    def neighbours(self, outline: Outline) -> Iterator[Outline]:
        """The other files in and below the folder of a file, and those that it ties to."""
        if outline.path is None:
            return
        seen = {outline.path}
        for path in nearby(outline.path.parent):
            other = self.outline(path)
            if other is not None and other.path not in seen:
                seen.add(other.path)  # type: ignore[arg-type]
                yield other
        for s in outline.tree.statements:
            other = self.target(outline, s, None) if isinstance(s, (n.Import, n.Extends)) else None
            if other is not None and other.path not in seen:
                seen.add(other.path)  # type: ignore[arg-type]
                yield other


def outline_of(analysis: Analysis, text: str) -> Outline:
    return Outline(
        analysis.path and analysis.path.resolve(), text, analysis.source, analysis.tree, analysis.uses
    )


def term_place(analysis: Analysis, name: str) -> Optional[Tuple[Optional[Path], Span]]:
    """The file and place of a term that no `as` names; None is the path of the text itself."""
    program = analysis.program or analysis.salvaged
    terms = () if program is None else program.terms
    span = next((t.span for t in terms if t.name == name), None) or _bare_name(analysis, name)
    if span is None or span.source is analysis.source:
        return None if span is None else (None, span)
    return (analysis.files[span.source][0], span) if span.source in analysis.files else None


def _bare_name(analysis: Analysis, name: str) -> Optional[Span]:
    """Where a reward reads a name: the term is called so, though a `drop` took it out of the program."""
    rewards = (s for s in (analysis.joined or analysis.tree).statements if isinstance(s, n.Reward))
    uses = (use for s in rewards for use in names_in(s.value))
    return next((use.span for use in uses if isinstance(use, n.Name) and use.id == name), None)


def _last(use: Use) -> str:
    return use.name.rpartition(".")[2]


def file_at(analysis: Analysis, own: Outline, offset: int, files: Files) -> Optional[Outline]:
    """The file that the statement at a place names, if the place is in the path or on an import's name."""
    for s in analysis.tree.statements:
        if isinstance(s, (n.Import, n.Extends)) and s.span.start <= offset <= s.span.end:
            return files.target(own, s, None)
    return None
