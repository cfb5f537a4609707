"""Bounds: the range of every value of a program, and each place where a value can stop being finite.

Each node becomes one linear form, or one for each of its elements where they differ. What is not linear becomes an atom with a
range. The sides of a `where` are looked at under its condition; a remembered value is followed until it grows no more, or by what it
grows in a step times the steps of an episode.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Dict, Hashable, List, Mapping, Optional, Sequence, Set, Tuple

from .bound_rules import OPS, elements, offset, unknown
from .bound_vectors import ACROSS
from .forms import EVERY, INF, Atoms, Facts, Form, Range, constant
from .ir import Node, Program, Term
from .ranges import mul
from .types import Axis, Kind

Forms = Tuple[Form, ...]  # one for all elements, or one each
RULES = {**OPS, **ACROSS}
# Their value at one element follows from others: what holds for one element alone says nothing of it.
OVER_ELEMENTS = {
    *ACROSS,
    "axis_angle",
    "quat_multiply",
    "quat_inverse",
    "quat_error",
    "roll",
    "pitch",
    "yaw",
    "yaw_frame",
}
NUMBERS = itertools.count()
MAX_PLACES = 300  # places under a condition that are looked at by themselves
MAX_DEPTH = 30  # of such places in each other, and of remembered values


@dataclass(frozen=True)
class Finding:
    """A value that can be non-finite: the node, what can happen, and the part of an argument's range that does it."""

    node: int
    kind: str
    range: Range


class Place:
    """Where a node is looked at: facts that hold here, and what is known of nodes already."""

    def __init__(
        self,
        facts: Facts,
        outer: Optional[Place] = None,
        whole: Optional[Place] = None,
        at_reset: bool = False,
    ) -> None:
        self.facts, self.outer, self.at_reset = facts, outer, at_reset
        self.number = next(NUMBERS)
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.bare = False  # no facts of its own, only remembered values that are being followed
        self.whole = whole or self  # the place whose facts hold for all elements at once
        self.forms: Dict[int, Forms] = {}
        self.slots: Dict[int, List[Range]] = {}  # of remembered values that are being followed


class Bounds:
    """The bounds of a program whose episodes have at most `steps` control steps."""

    def __init__(
        self,
        program: Program,
        known: Optional[Mapping[str, Sequence[Tuple[float, float]]]] = None,
        steps: int = 1000,
    ) -> None:
        self.program, self.nodes, self.steps = program, program.nodes, steps
        # slot → the node that reads it
        self.read_at = {
            node.data[0]: i for i, node in reversed(list(enumerate(self.nodes))) if node.op == "state"
        }
        self.known = known or {}  # quantity → the range of each of its elements
        self.norms: Dict[int, Range] = {}  # node → the norm of its vectors
        self.atoms = Atoms()
        self.findings: Dict[Tuple[int, str], Finding] = {}
        self.top = Place(Facts(self.atoms))
        self.reset = Place(Facts(self.atoms), at_reset=True)
        self.slot_ranges: Dict[int, List[Range]] = {}
        self.reads: Dict[int, Set[int]] = {}
        self.places = 0
        self.silent = 0
        self.depth = 0

    def of(self, i: int) -> Range:
        """The range of a node, over all its elements."""
        found = self.each(i)
        out = found[0]
        for one in found[1:]:
            out = out.join(one)
        return out

    def pays(self, term: Term) -> Tuple[float, float]:
        """The range of what a term pays a step: its weight times its value."""
        return mul(self.of(term.weight)[:2], self.of(term.value)[:2])

    def each(self, i: int) -> List[Range]:
        """The ranges of a node's elements; one, if they are alike."""
        return self._ranges(self.forms(i, self.top), self.top)

    # nodes

    def _ranges(self, forms: Forms, place: Place) -> List[Range]:
        return [place.facts.of(form) for form in forms]

    def forms(self, i: int, place: Place) -> Forms:
        """A node's forms as they are in a place. What it follows from is looked at first, without recursion."""
        todo = [i]
        while todo:
            at = todo[-1]
            if at in place.forms:
                todo.pop()
                continue
            source = self._elsewhere(at, place)
            if source is None:
                missing = [a for a in self._asked(at, place) if a not in place.forms]
                if missing:
                    todo += missing
                    continue
            todo.pop()
            if source is not None:
                place.forms[at] = self.forms(at, source)
            else:
                node = self.nodes[at]
                place.forms[at] = self._narrowed(
                    node, RULES.get(node.op, unknown)(self, at, node, place), place
                )
        return place.forms[i]

    def _elsewhere(self, i: int, place: Place) -> Optional[Place]:
        """The place that knows a node as well as this one; None for this one."""
        if place.outer is not None and place.bare and not self.slots_below(i) & set(place.slots):
            return place.outer
        return place.whole if place.whole is not place and self.nodes[i].op in OVER_ELEMENTS else None

    def _asked(self, i: int, place: Place) -> Sequence[int]:
        """Arguments that a node's rule looks at in this place."""
        node = self.nodes[i]
        if node.op == "at_reset":
            return node.args[:1] if place.at_reset else node.args[1:]
        if node.op == "where" and self.opens(place):
            return node.args[:1]
        return node.args

    def _narrowed(self, node: Node, forms: Forms, place: Place) -> Forms:
        """The forms, which lie within the range of the node's type too."""
        if 1 < len(forms) == elements(node):
            count = Counter(atom for form in forms for atom in form.terms)
            self.atoms.single.update(
                a for a, n in count.items() if n == 1 and self.atoms.axes[a] == node.type.axes
            )
        known = Range(*node.type.range)
        if known[:2] != EVERY[:2] and node.type.kind is not Kind.ROTATION:
            for form in forms:
                found = place.facts.of(form)
                slack = 1e-5 * max(abs(e) if math.isfinite(e) else 0.0 for e in known[:2])
                if not form.is_constant and (
                    found.low < known.low - slack or found.high > known.high + slack
                ):
                    direction, k = form.direction()
                    place.facts.narrow(direction, known.plus(-form.const).times(1 / k))
        return forms

    def opens(self, place: Place) -> bool:
        """Whether a condition opens a place of its own here."""
        return self.places < MAX_PLACES and place.depth < MAX_DEPTH

    def atom(self, node: Node, place: Place, key: Hashable, found: Range) -> Form:
        """The form of one atom, which an operation gives."""
        if found.low == found.high and math.isfinite(found.low):
            return constant(found.low)
        low = -INF if math.isnan(found.low) else found.low
        high = INF if math.isnan(found.high) else found.high
        found = Range(low, high, found.nonzero)
        if key not in self.atoms.known:  # what holds in one place need not hold in another
            self.atoms.add(key, found if place is self.top else EVERY, node.type.axes)
        atom = self.atoms.known[key]
        place.facts.learn(atom, found)
        return Form(0.0, {atom: 1.0})

    def aligned(self, node: Node, args: Sequence[int], place: Place, apart: bool = False) -> List[Forms]:
        """The forms of arguments, element by element of a node: one each if all are alike, unless they are wanted `apart`."""
        given = [self.forms(a, place) for a in args]
        if not apart and all(len(forms) == 1 for forms in given):
            return [tuple(forms[0] for forms in given)]
        places = itertools.product(*(range(len(axis)) for axis in node.type.axes))
        return [
            tuple(self.element(a, forms, node.type.axes, at, place) for a, forms in zip(args, given))
            for at in places
        ]

    def element(
        self, i: int, forms: Forms, into: Tuple[Axis, ...], at: Tuple[int, ...], place: Place
    ) -> Form:
        """The form of one element of a node. Elements that are alike are numbers of their own all the same: one atom each."""
        node = self.nodes[i]
        where = offset(node.type.axes, into, at)
        if len(forms) > 1:
            return forms[where]
        if forms[0].is_constant or not node.type.axes:
            return forms[0]
        return self.atom(node, place, ("element", forms[0].key, where), place.facts.of(forms[0]))

    def elementwise(self, i: int, node: Node, place: Place, rule: Callable[..., Form]) -> Forms:
        return tuple(rule(self, i, node, place, *row) for row in self.aligned(node, node.args, place))

    def note(self, i: int, kind: str, range: Range) -> None:
        """A value that can be non-finite here."""
        if not self.silent:
            key = (i, kind)
            old = self.findings.get(key)
            self.findings[key] = Finding(i, kind, range if old is None else old.range.join(range))

    # state

    def slots_below(self, i: int) -> Set[int]:
        """The slots that a node reads, not through other slots."""
        if i not in self.reads:
            todo = [i]
            while todo:
                at = todo[-1]
                missing = [a for a in self.nodes[at].args if a not in self.reads]
                if missing:
                    todo += missing
                    continue
                todo.pop()
                node = self.nodes[at]
                own = {node.data[0]} if node.op == "state" else set()
                self.reads[at] = own.union(*(self.reads[a] for a in node.args))
        return self.reads[i]

    def slot(self, slot: int) -> List[Range]:
        """The ranges of what a slot holds."""
        if slot not in self.slot_ranges:
            self.slot_ranges[slot] = [EVERY]  # a slot that is read on the way to itself
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.slot_ranges[slot] = [Range(*self.nodes[self.program.slots[slot]].type.range)]
            else:
                self.slot_ranges[slot] = self._follow(slot)
            self.depth -= 1
        return self.slot_ranges[slot]

    def _follow(self, slot: int) -> List[Range]:
        root = self.program.slots[slot]
        node = self.nodes[root]
        step = node.args[1] if node.op == "at_reset" else root
        first = node.args[0] if node.op == "at_reset" else root
        start = self._ranges(self.forms(first, self.reset), self.reset)
        if slot not in self.slots_below(step):
            return _joined(start, self._ranges(self.forms(step, self.top), self.top))
        self.silent += 1
        try:
            known = start
            for _ in range(3):
                new = _joined(known, self._stepped(slot, step, known))
                if new == known:
                    break
                known = new
            else:
                known = self._grown(slot, step, start, known)
        finally:
            self.silent -= 1
        return known

    def _stepped(self, slot: int, step: int, known: List[Range]) -> List[Range]:
        place = Place(Facts(self.atoms, self.top.facts), self.top)
        place.slots[slot], place.bare = known, True
        return self._ranges(self.forms(step, place), place)

    def _grown(self, slot: int, step: int, start: List[Range], known: List[Range]) -> List[Range]:
        """The ranges after an episode of a value that grows from step to step: by a bounded amount, if that is certain."""
        wide = [
            Range(-INF if k.low < s.low else k.low, INF if k.high > s.high else k.high)
            for s, k in zip(start, known)
        ]
        place = Place(Facts(self.atoms, self.top.facts), self.top)
        place.slots[slot], place.bare = wide, True
        rise = self._change(slot, step, place)
        out = []
        for at, (s, w) in enumerate(zip(start, wide)):
            up, down = rise[0].high if rise else INF, rise[0].low if rise else -INF
            if rise is not None and len(rise) == len(wide):
                up, down = rise[at].high, rise[at].low
            high = s.high + (self.steps - 1) * max(up, 0.0) if w.high == INF and math.isfinite(up) else w.high
            low = (
                s.low + (self.steps - 1) * min(down, 0.0) if w.low == -INF and math.isfinite(down) else w.low
            )
            out.append(Range(low, high))
        return out

    def _change(self, slot: int, i: int, place: Place) -> Optional[List[Range]]:
        """By how much a node's value is above what the slot holds; None if that is not known."""
        node = self.nodes[i]
        if node.op == "where":
            sides = [self._change(slot, a, place) for a in node.args[1:]]
            if any(side is None for side in sides):
                return None
            return _joined(sides[0] or [], sides[1] or [])
        last = self._read(slot)
        if last is None:
            return None
        forms, own = self.forms(i, place), self.forms(last, place)
        size = max(len(forms), len(own))
        wide = lambda f: f * size if len(f) == 1 else f
        return [place.facts.of(a.plus(b, -1.0)) for a, b in zip(wide(forms), wide(own))]

    def _read(self, slot: int) -> Optional[int]:
        return self.read_at.get(slot)

    # conditions

    def under(self, condition: int, place: Place, holds: bool) -> Place:
        """The place of a `where`'s side, with what its condition says."""
        if not self.opens(place):
            return place
        self.places += 1
        node = self.nodes[condition]
        inner = Facts(self.atoms, place.facts)
        new = Place(inner, place, None if not node.type.axes else place.whole, place.at_reset)
        new.slots = place.slots
        self._assume(condition, holds, place, inner)
        return new

    def _assume(self, i: int, holds: bool, place: Place, facts: Facts) -> None:
        node = self.nodes[i]
        if node.op == "not":
            self._assume(node.args[0], not holds, place, facts)
        elif node.op == ("and" if holds else "or"):
            for a in node.args:
                self._assume(a, holds, place, facts)
        elif node.op in COMPARED:
            rows = self.aligned(node, node.args, place)
            op = node.op if holds else OPPOSITE[node.op]
            for left, right in rows:
                if self.nodes[node.args[0]].type.kind is Kind.BOOL:
                    continue
                form = left.plus(right, -1.0)
                direction, k = form.direction()
                if form.is_constant or not math.isfinite(form.const) or not math.isfinite(k):
                    continue
                if len(rows) > 1 and not self.atoms.single & set(form.terms):
                    continue  # what holds for one element need not hold for the others
                at = -form.const / k
                for found in COMPARED[op](at, k > 0):
                    facts.narrow(direction, found, of_all=len(rows) == 1)


def _joined(a: List[Range], b: List[Range]) -> List[Range]:
    size = max(len(a), len(b))
    wide = lambda r: r * size if len(r) == 1 else r
    return [x.join(y) for x, y in zip(wide(a), wide(b))]


def _below(at: float, up: bool) -> List[Range]:
    return [Range(-INF, at) if up else Range(at, INF)]


def _strictly_below(at: float, up: bool) -> List[Range]:
    found = Range(-INF, at, at == 0) if up else Range(at, INF, at == 0)
    return [found]


COMPARED: Dict[str, Callable[[float, bool], List[Range]]] = {
    "lt": _strictly_below, "le": _below,
    "gt": lambda at, up: _strictly_below(at, not up), "ge": lambda at, up: _below(at, not up),
    "eq": lambda at, up: [Range(at, at)], "ne": lambda at, up: [Range(-INF, INF, True)] if at == 0 else [],
}  # fmt: skip
OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
