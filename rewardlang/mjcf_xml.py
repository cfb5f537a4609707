"""An MJCF file as a tree: includes replaced by what they include, default classes looked up, frames passed through.

Rules are MuJoCo's. All actuator elements (`motor`, `position`, ...) share the defaults of one another.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Mapping, Optional, Set, Tuple

from rewardlang import marked_xml
from rewardlang.marked_xml import Element, Value, word
from rewardlang.marked_yaml import did_you_mean
from rewardlang.mjcf_frames import IDENTITY, Pose, placed

Tags = Dict[str, Dict[str, Value]]  # {tag: attributes}
ACTUATORS = (
    "general",
    "motor",
    "position",
    "velocity",
    "intvelocity",
    "damper",
    "cylinder",
    "muscle",
    "adhesion",
)
COPIES = ("replicate", "attach")  # elements that make others, under names of their own
BY_HAND = "`mujoco.MjSpec.from_file({name!r})`, `.compile()` and `.to_file('robot.xml')`"


@dataclass(frozen=True)
class Document:
    """A file's root element, its compiler settings, and {class: {tag: attributes}}."""

    path: Path
    root: Element
    compiler: Dict[str, Value]
    defaults: Dict[str, Tags]

    def attributes(self, element: Element, childclass: Optional[str]) -> Dict[str, Value]:
        """An element's attributes, with those of its default class where it says nothing."""
        name = element.get("class") or childclass or "main"
        if name not in self.defaults and name != "main":
            raise element.error(f"there is no default class {str(name)!r}{did_you_mean(name, self.defaults)}")
        return {**self.defaults.get(name, {}).get(_kind(element.tag), {}), **element.attributes}

    def limits(
        self, attributes: Mapping[str, Value], limited: str, range: str, subject: str
    ) -> Optional[Tuple[float, float]]:
        """The two ends of `range` where it counts: by `limited`, or if the file says nothing of that and autolimits is on.

        Raises ConfigError for a range that is none; `0 0` takes back that of a default class.
        """
        words = ("auto", "true", "false")
        says = word(attributes, limited, words, subject)
        auto = word(self.compiler, "autolimits", ("true", "false")) == "true"
        if range not in attributes or says == "false" or (says == "auto" and not auto):
            return None
        low, high = marked_xml.numbers(attributes, range, (0, 0), subject, finite=False)[:2]
        if says == "auto" and low == high == 0:
            return None
        if not low < high:
            problem = (
                f"{subject}: {range} must be its lower and its upper end, not {str(attributes[range])!r}"
            )
            raise attributes[range].place.error(problem)
        return low, high

    def children(
        self, parent: Element, childclass: Optional[str], pose: Pose = ((0.0, 0.0, 0.0), IDENTITY)
    ) -> Iterator[Tuple[Element, Optional[str], Pose]]:
        """(element, childclass, pose of the frame it stands in) for all below `parent`, through <frame>s.

        Raises ConfigError for <replicate> and <attach>.
        """
        for element in parent:
            if element.tag == "frame":
                own = element.get("childclass") or childclass
                yield from self.children(element, own, placed(pose, element.attributes, self.compiler))
            elif element.tag in COPIES and any(below.tag in ("body", "attach") for below in element.all()):
                by_hand = BY_HAND.format(name=self.path.name)
                raise element.error(
                    f"<{element.tag}> is not read here: write the robot as one file first, with {by_hand}"
                )
            else:
                yield element, childclass, pose


def parse(path: Path) -> Document:
    """The file, whole. Raises ConfigError with file, line and column."""
    root = marked_xml.read(path)
    if root.tag != "mujoco":
        urdf = (
            f": make an MJCF of a URDF with {BY_HAND.format(name=path.name)}" if root.tag == "robot" else ""
        )
        raise root.error(f"this is <{root.tag}>, where an MJCF has <mujoco>{urdf}")
    _include(root, path.parent, {path.resolve()})
    compiler: Dict[str, Value] = {}
    for section in root.named("compiler"):
        compiler.update(section.attributes)
    defaults: Dict[str, Tags] = {}
    for section in root.named("default"):
        _read_defaults(section, defaults.get("main", {}), defaults)
    return Document(path, root, compiler, defaults)


def _include(root: Element, main: Path, done: Set[Path]) -> None:
    """Replaces every <include> below `root` by the content of its file; as in MuJoCo, none is included twice."""
    for parent in list(root.all()):
        for child in parent.named("include"):
            if not child.get("file"):
                raise child.error('<include> must name a file: <include file="..."/>')
            name = child.get("file")
            from_here = child.place.path.parent / name
            path = main / name if os.path.isfile(main / name) else from_here
            if not os.path.isfile(path):
                raise child.error(f"no such file: {str(name)!r}")
            if path.resolve() in done:
                raise child.error(f"{str(name)!r} is included already")
            done.add(path.resolve())
            included = marked_xml.read(path)
            _include(included, main, done)
            at = parent.children.index(child)
            parent.children[at : at + 1] = included.children


def _read_defaults(element: Element, inherited: Tags, found: Dict[str, Tags]) -> None:
    """Fills `found`, each class with what it inherits."""
    own = {tag: dict(attributes) for tag, attributes in inherited.items()}
    for child in element:
        if child.tag != "default":
            tag = _kind(child.tag)
            own[tag] = {**own.get(tag, {}), **child.attributes}
    found[element.get("class", "main")] = own
    for child in element.named("default"):
        _read_defaults(child, own, found)


def _kind(tag: str) -> str:
    return "actuator" if tag in ACTUATORS else tag
