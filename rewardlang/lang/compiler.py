"""The straight line in one function: text → tree → names → typed IR → smaller IR → torch source."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

from . import format
from .check import check
from .diagnostics import Diagnostic, did_you_mean
from .emit import emit, safe
from .ir import Program, Term
from .nodes import Expect, File
from .optimize import optimize
from .resolve import Resolved, resolve
from .types import Depends
from .units import show
from .vocabulary import Vocabulary

ALLOW = re.compile(r"#\s*allow\s+(RW\d{3})\s*:\s*\S")


@dataclass(frozen=True)
class Compiled:
    """A spec compiled for a task, with every stage's artefact."""

    name: str
    vocabulary: Vocabulary
    tree: File
    resolved: Resolved = field(repr=False)
    typed: Program = field(repr=False)
    optimized: Program = field(repr=False)
    source: str = field(repr=False)
    warnings: Tuple[Diagnostic, ...] = ()

    @property
    def terms(self) -> Tuple[Term, ...]:
        return self.optimized.terms

    @property
    def canonical(self) -> str:
        """The spec in its one canonical layout."""
        return format.file(self.tree)

    @property
    def hash(self) -> str:
        """What identifies the compiled program, whatever file it came from: sixteen hex digits of the SHA-256 of its code."""
        code = [line.split("  # ")[0].rstrip() for line in self.source.splitlines()[1:]]
        return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]

    def param(self, name: str, value: float) -> str:
        """The name of the param to set to a value. Raises ValueError for an unknown name or a value outside its range."""
        params = {p.name: p for p in self.typed.params}
        if name not in params:
            has = f"it has {', '.join(params)}" if params else "it has none"
            raise ValueError(f"the spec has no param `{name}`; {did_you_mean(name, params) or has}")
        low, high = params[name].lower, params[name].upper
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} = {value:g} is outside its range [{low:g}, {high:g}]")
        return name

    @property
    def expectations(self) -> int:
        """How many `expect` lines there are."""
        return sum(isinstance(s, Expect) for s in self.tree.statements)

    def table(self) -> List[Dict[str, Any]]:
        """A row for each term: name, group, weight, value's text, unit, axes that it reduces, line."""
        nodes = self.typed.nodes
        rows = []
        for term in self.typed.terms:
            weight, value = nodes[term.weight].type, nodes[term.value].type
            fixed = weight.depends is Depends.NOTHING and weight.range[0] == weight.range[1]
            bounds = " .. ".join(f"{end:g}" for end in weight.range) if not fixed else f"{weight.range[0]:g}"
            rows.append({
                "term": term.name, "group": term.group, "weight": weight.range[0] if fixed else bounds, "value": term.text,
                "unit": show(value.unit), "range": list(value.range), "axes": list(term.reduced),
                "line": term.span.line, "file": term.span.source.name,
            })  # fmt: skip
        return rows


def compile_tree(tree: File, vocabulary: Vocabulary, name: str = "") -> Compiled:
    """A parsed spec compiled for a task's vocabulary. Raises RewardError with every error of the first stage that has any."""
    resolved = resolve(tree, vocabulary)
    typed, warnings = check(resolved)
    optimized = optimize(typed)
    name = name or tree.source.name
    source = emit(optimized, f"{safe(name)}, compiled by rewardlang for the task {safe(vocabulary.task)}.")
    return Compiled(
        name,
        vocabulary,
        tree,
        resolved,
        typed,
        optimized,
        source,
        tuple(w for w in warnings if not _allowed(w)),
    )


def _allowed(warning: Diagnostic) -> bool:
    """Whether the line of a warning says, with a reason, that it is meant: `# allow RW310: ...`."""
    span = warning.span
    match = ALLOW.search(span.source.line_text(span.line))
    return match is not None and match[1] == warning.code
