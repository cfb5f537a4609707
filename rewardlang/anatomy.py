"""Groups and left/right pairs of a robot: from a task's patterns, else from the names that robots use.

What names say is only believed where the robot agrees: a pair's two joints, or bodies, must be mirror images in the
root's x-z plane.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from rewardlang.lang.select import matches
from rewardlang.marked_yaml import Node, did_you_mean
from rewardlang.mjcf import Robot
from rewardlang.mjcf_frames import mirror_signs

Groups = Dict[str, Tuple[str, Tuple[str, ...]]]  # {name: (axis, elements in the model's order)}
Pairs = Dict[str, Tuple[Tuple[str, str], ...]]  # {axis: ((left, right), ...)}

AXES = ("bodies", "joints")
NEAR = 0.05  # m; how far from a mirror image a body may be

# {group: what a joint of it has in its name}; names in lower case, every other sign than letters and digits is `_`
WORDS = r"(?:^|_)(?:{})(?=_|\d|$)"
JOINT_GROUPS = {
    "hips": "hip|haa|hfe|" + WORDS.format("hx|hy"),  # ANYmal's abduction and flexion; Spot's
    "thighs": "thigh",
    "knees": "knee|kfe|" + WORDS.format("kn"),
    "calves": "calf",
    "ankles": "ankle|faa|ffe|" + WORDS.format("ank"),
    "waist": "waist|torso|abdomen|lumbar|spine",
    "shoulders": "shoulder|" + WORDS.format("sho"),
    "elbows": "elbow|" + WORDS.format("el"),
    "wrists": "wrist",
    "arms": "shoulder|elbow|wrist|" + WORDS.format("sho|el|arm"),
}
BODY_GROUPS = {"thigh_links": "thigh|upper_leg|uleg", "calf_links": "calf|shank|shin|lower_leg|lleg|tibia"}
# Ends of limbs: words for the body itself, the first that any body has; else where a limb with such joints ends.
ENDS = {
    "feet": (
        ("foot|feet", "sole", "toe"),
        "hip|thigh|knee|calf|ankle|leg|haa|hfe|kfe|faa|ffe|" + WORDS.format("hx|hy|kn|ank"),
    ),
    "hands": (("palm", "hand"), JOINT_GROUPS["arms"]),
}

LINKAGES = WORDS.format(
    "crank|rod|spring|motor|rotor|sensor|imu|camera"
)  # what hangs on a limb but is not its end

# (a sign of the left, what the right has instead)
SIDES = [
    (re.compile(pattern), right)
    for pattern, right in (
        ("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"),
        (r"(?<![A-Za-z0-9])l(?![A-Za-z])", "r"), (r"(?<![A-Za-z0-9])L(?![a-zA-Z])", "R"),
        (r"(?<![A-Za-z])([fhrbml])l(?![A-Za-z])", r"\1r"), (r"(?<![A-Za-z])([FHRBML])L(?![A-Za-z])", r"\1R"),
        (r"(?<![A-Za-z])l([fhbm])(?![A-Za-z])", r"r\1"), (r"(?<![A-Za-z])L([FHBM])(?![A-Za-z])", r"R\1"),
    )
]  # fmt: skip


def groups(node: Optional[Node], robot: Robot) -> Groups:
    """The groups that `node` lists, a pattern after `!` taking away; without a node, those that the names tell.

    Raises ConfigError at a pattern without a match.
    """
    if node is None:
        return _groups_by_name(robot)
    found: Groups = {}
    for name, entry in node.entries().items():
        axis, *patterns = entry.items() or [entry]
        if axis.text() not in AXES or not patterns:
            raise axis.error(f"{entry.name} must be [bodies or joints, pattern, ...]")
        elements = robot.body_names if axis.text() == "bodies" else robot.dof_names
        chosen: set = set()
        for pattern in patterns:
            text = pattern.text()
            hits = matches(text.lstrip("!"), elements)
            if not hits:
                problem = f"{text!r} matches none of the {axis.text()}{did_you_mean(text, elements)}"
                raise pattern.error(problem)
            chosen = chosen - set(hits) if text.startswith("!") else chosen | set(hits)
        if not chosen:
            raise entry.error(f"{entry.name} has no element left")
        found[name] = (axis.text(), tuple(element for element in elements if element in chosen))
    return found


def pairs(node: Optional[Node], robot: Robot) -> Pairs:
    """The pairs that `node` lists; without a node, those that the names tell.

    What the wildcards of a left pattern stand for, those of the right one do. Raises ConfigError at a pattern without a match,
    and for a joint or body that is its own partner or has two.
    """
    if node is None:
        return _pairs_by_name(robot)
    found: Dict[str, List[Tuple[str, str]]] = {"joints": [], "bodies": []}
    for entry in node.items():
        sides = entry.items()
        if len(sides) != 2:
            raise entry.error(f"{entry.name} must be [left pattern, right pattern]")
        left, right = (side.text() for side in sides)
        if left.count("*") != right.count("*") or left.count("?") != right.count("?"):
            raise entry.error(f"{entry.name}: both patterns must have the same wildcards")
        matched = False
        for axis, elements in (("joints", robot.dof_names), ("bodies", robot.body_names)):
            for name in matches(left, elements):
                partner = _substituted(left, right, name)
                if partner not in elements:
                    raise sides[1].error(f"{name} has no partner {partner}{did_you_mean(partner, elements)}")
                if partner == name:
                    raise sides[1].error(f"{name} cannot be its own partner")
                other = next(
                    (p for p in found[axis] if {*p} & {name, partner} and p != (name, partner)), None
                )
                if other is not None:
                    raise entry.error(
                        f"{name} and {partner}: there is the pair of {other[0]} and {other[1]} already"
                    )
                found[axis].append((name, partner))
                matched = True
        if not matched:
            raise sides[0].error(f"{left!r} matches no joint and no body")
    return {axis: tuple(dict.fromkeys(members)) for axis, members in found.items()}


def joint_signs(robot: Robot, found: Pairs) -> Dict[str, float]:
    """{joint: +1 or -1, by what its value is multiplied on the mirrored robot; 0 without a mirror image}."""
    partner = {name: other for pair in found["joints"] for name, other in (pair, pair[::-1])}
    return mirror_signs(robot.dof_names, dict(zip(robot.dof_names, robot.dof_axes)), robot.slides, partner)


def _substituted(left: str, right: str, name: str) -> str:
    """The name that `right` makes of what the wildcards of `left` stand for in `name`."""
    regex = "".join({"*": "(.*)", "?": "(.)"}.get(char, re.escape(char)) for char in left)
    match = re.fullmatch(regex, name, re.DOTALL)
    assert match is not None
    parts = iter(match.groups())
    return "".join(next(parts) if char in "*?" else char for char in right)


def _groups_by_name(robot: Robot) -> Groups:
    legs = _chain(robot, _ends(robot, "feet"))
    members = {
        "feet": ("bodies", _ends(robot, "feet")),
        "hands": ("bodies", _ends(robot, "hands")),
        **{name: ("bodies", _named(robot.body_names, words)) for name, words in BODY_GROUPS.items()},
        "legs": ("joints", _without(legs, _named(robot.dof_names, JOINT_GROUPS["waist"]))),
        **{name: ("joints", _named(robot.dof_names, words)) for name, words in JOINT_GROUPS.items()},
    }
    return {name: group for name, group in members.items() if group[1]}


def _named(names: Sequence[str], words: str) -> Tuple[str, ...]:
    plain = [re.sub(r"[^a-z0-9]", "_", name.lower()) for name in names]
    return tuple(name for name, text in zip(names, plain) if re.search(words, text))


def _without(names: Sequence[str], others: Sequence[str]) -> Tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _ends(robot: Robot, group: str) -> Tuple[str, ...]:
    """The bodies at the ends of limbs: `feet` or `hands`."""
    words, joints = ENDS[group]
    names = _without(robot.body_names, _named(robot.body_names, LINKAGES))
    for word in words:
        if _named(names, word):
            return _last(robot, _named(names, word))
    of_a_limb = [name for name in names if _named(_chain(robot, [name]), joints)]
    return tuple(
        name
        for name in of_a_limb
        if _is_last(robot, name) and robot.body_names.index(name) in robot.dof_bodies
    )


def _last(robot: Robot, names: Sequence[str]) -> Tuple[str, ...]:
    """Those of `names` at the end of their limb: of bodies that hang on one another or on the same one, the outermost, if any is."""
    limbs: Dict[int, List[str]] = {}
    for name in names:
        above = robot.parents[robot.body_names.index(name)]
        while above >= 0 and robot.body_names[above] in names:
            above = robot.parents[above]
        limbs.setdefault(above, []).append(name)
    ends = [[name for name in limb if _is_last(robot, name)] or limb for limb in limbs.values()]
    return tuple(name for name in names if any(name in limb for limb in ends))


def _is_last(robot: Robot, name: str) -> bool:
    return robot.body_names.index(name) not in robot.parents


def _chain(robot: Robot, bodies: Sequence[str]) -> Tuple[str, ...]:
    """The joints between the root and any of `bodies`; those of the root itself, on which a planar robot moves, are none of them."""
    above: set = set()
    for body in bodies:
        at = robot.body_names.index(body)
        while at > 0:
            above.add(at)
            at = robot.parents[at]
    return tuple(name for name, body in zip(robot.dof_names, robot.dof_bodies) if body in above)


def _pairs_by_name(robot: Robot) -> Pairs:
    found = {"joints": _sides(robot.dof_names), "bodies": _sides(robot.body_names)}
    signs = joint_signs(robot, found)
    joints = tuple((left, right) for left, right in found["joints"] if signs[left] and signs[right])
    place = dict(zip(robot.body_names, robot.body_positions))
    bodies = tuple((left, right) for left, right in found["bodies"] if _mirrored(place[left], place[right]))
    return {"joints": joints, "bodies": bodies}


def _sides(names: Sequence[str]) -> Tuple[Tuple[str, str], ...]:
    found = []
    for name in names:
        others = (pattern.sub(right, name) for pattern, right in SIDES)
        partner = next((other for other in others if other != name and other in names), None)
        if partner is not None:
            found.append((name, partner))
    return tuple(found)


def _mirrored(left: Sequence[float], right: Sequence[float]) -> bool:
    return all(abs(a - b) < NEAR for a, b in zip((left[0], -left[1], left[2]), right))
