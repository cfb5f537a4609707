"""Left and right: the members of the task's pairs, and any expression on the mirrored robot.

The mirror is the plane of the robot's x and z. Sides are swapped; a polar vector (a position, velocity or force) changes the sign of
y, an axial one (an angular velocity) those of x and z; a joint's value changes sign if its axis, mirrored as an axial vector, points
against its partner's. What belongs to the robot (limits, masses, the default pose) is the same on both sides of the mirror.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence, Tuple

from .ir import Node, below
from .mismatch import Mismatch, Value, want_value
from .registry import builtin
from .typed import Operations
from .types import Axis, Depends, Kind, Type, components

SIGNS = {"polar": {"x": 1.0, "y": -1.0, "z": 1.0}, "axial": {"x": -1.0, "y": 1.0, "z": -1.0}}
QUATERNION = (-1.0, 1.0, -1.0, 1.0)


@builtin("left(x)", "selections")
def left(ops: Operations, x: Value) -> Value:
    """The left members of the task's pairs, on the axis `pairs`, with their values as they are.

    Formula: x of the first of each pair
    Example: norm(left(dof_pos) - right(dof_pos))
    """
    return _side(ops, x, 0)


@builtin("right(x)", "selections")
def right(ops: Operations, x: Value) -> Value:
    """The right members of the task's pairs, in the order of `left`, with their values as they are.

    Formula: x of the second of each pair
    Example: sum(abs(left(torques) - right(torques)), over=pairs)
    """
    return _side(ops, x, 1)


@builtin("mirror(x)", "selections")
def mirror(ops: Operations, x: Value) -> Value:
    """x of the mirrored robot: the sides swapped, with the signs that a mirror in the robot's x-z plane gives.

    Formula: the expression with each quantity it reads mirrored
    Example: sum((actions - mirror(actions))^2)

    Signs: positions, velocities and forces change y; angular velocities change x and z; a joint changes if its axis, mirrored,
    points against its partner's; a commanded yaw rate or heading changes. What the robot is made of (limits, masses, the default
    pose) stays.
    """
    want_value(x)
    return Value(mirrored(ops, x.node), x.type)


def _side(ops: Operations, x: Value, side: int) -> Value:
    want_value(x)
    pairs = ops.vocabulary.pairs
    for at, axis in enumerate(x.type.entities):
        both = [p for p in pairs.get(axis.name, ()) if p[0] in axis.elements and p[1] in axis.elements]
        if both:
            picks = tuple(axis.elements.index(pair[side]) for pair in both)
            named = Axis("pairs", tuple(pair[0] for pair in both))
            type = x.type.but(axes=(*x.type.axes[:at], named, *x.type.axes[at + 1 :]))
            return Value(ops.builder.add("take", (x.node,), type, (at, picks, "pairs")), type)
    has = f"in {x.type.axes_text()}" if x.type.entities else "in a single value"
    raise Mismatch(
        "RW218",
        f"there are no left/right pairs {has}",
        "the task's `pairs` name them",
        {0: x.type.axes_text()},
    )


def mirrored(ops: Operations, root: int, known: Optional[Mapping[int, str]] = None) -> int:
    """The node that computes what `root` is on the mirrored robot.

    Nodes in `known` are mirrored by the rule given for them, instead of what they follow from: it says the same in fewer operations.
    """
    builder, known = ops.builder, known or {}
    new: Dict[int, int] = {}
    slots: Dict[int, Tuple[int, int]] = {}  # old slot → new slot and the node that reads it
    for i in sorted(below(builder.nodes, [root], builder.slots, known)):
        node = builder.nodes[i]
        if i in known:
            new[i] = _signed_leaf(ops, node, _swapped(ops, node.type, i), known[i])
        elif node.op == "quantity":
            new[i] = _leaf(ops, node, i)
        elif node.op in ("state", "fill", "at_reset"):  # these name the slot that they belong to
            old = node.data[0]
            if old not in slots:
                slot = builder.slot()
                slots[old] = slot, builder.read(slot, node.type)
            slot, read = slots[old]
            args, data = [new[a] for a in node.args], (slot, *node.data[1:])
            new[i] = read if node.op == "state" else builder.add(node.op, args, node.type, data)
        else:
            new[i] = builder.add(node.op, [new[a] for a in node.args], node.type, node.data)
    for old, (slot, read) in slots.items():
        builder.track(slot, new[builder.slots[old]], read)
    return new[root]


def _leaf(ops: Operations, node: Node, i: int) -> int:
    quantity = ops.vocabulary.quantities.get(node.data[0])
    if quantity is None or quantity.kind not in ("state", "host") or node.type.depends is not Depends.STATE:
        return i
    return _signed_leaf(ops, node, _swapped(ops, node.type, i), quantity.mirror)


def _signed_leaf(ops: Operations, node: Node, i: int, mirror: str) -> int:
    """Node i, the elements of which have changed places, with the signs of a mirror rule."""
    if mirror in SIGNS:
        letters = node.type.axes[-1].name
        return _signed(ops, node.type, i, components(letters), [SIGNS[mirror][c] for c in letters])
    if mirror == "joint":
        axis = next(a for a in node.type.axes if a.name == "joints")
        unknown = [name for name in axis.elements if not ops.vocabulary.joint_signs.get(name)]
        if unknown:
            raise Mismatch(
                "RW218",
                f"joint {unknown[0]} has no mirror image",
                "its axis, mirrored, is not that of its partner",
            )
        return _signed(ops, node.type, i, axis, [ops.vocabulary.joint_signs[name] for name in axis.elements])
    if mirror == "flip":
        return ops.builder.add("neg", (i,), node.type)
    if mirror == "rotation":
        table = Type(Kind.NUMBER, (), depends=Depends.NOTHING)
        return ops.builder.add("mul", (i, ops.builder.add("table", (), table, QUATERNION)), node.type)
    return i


def _swapped(ops: Operations, type: Type, i: int) -> int:
    """Left and right elements exchanged on every axis that has pairs."""
    for at, axis in enumerate(type.entities):
        partner = {
            name: other
            for pair in ops.vocabulary.pairs.get(axis.name, ())
            for name, other in (pair, pair[::-1])
        }
        picks = tuple(axis.elements.index(partner.get(name, name)) for name in axis.elements)
        if picks != tuple(range(len(picks))):
            i = ops.builder.add("take", (i,), type, (at, picks))
    return i


def _signed(ops: Operations, type: Type, i: int, axis: Axis, signs: Sequence[float]) -> int:
    if all(sign == 1.0 for sign in signs):
        return i
    table = Type(Kind.NUMBER, (axis,), depends=Depends.NOTHING)
    return ops.builder.add("mul", (i, ops.builder.add("table", (), table, tuple(signs))), type)
