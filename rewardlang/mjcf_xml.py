"""An MJCF file as a tree: includes replaced by what they include, default classes looked up, frames passed through.

Rules are MuJoCo's. All actuator elements (`motor`, `position`, ...) share the defaults of one another.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

from rewardlang.marked_yaml import ConfigError
from rewardlang.mjcf_frames import IDENTITY, Pose, placed

Element = ElementTree.Element
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
MAX_INCLUDES = 16


@dataclass(frozen=True)
class Document:
    """A file's root element, its compiler settings, and {class: {tag: attributes}}."""

    path: Path
    root: Element
    compiler: Dict[str, str]
    defaults: Dict[str, Dict[str, Dict[str, str]]]

    def attributes(self, element: Element, childclass: Optional[str]) -> Dict[str, str]:
        """An element's attributes, with those of its default class where it says nothing."""
        name = element.get("class") or childclass or "main"
        return {**self.defaults.get(name, {}).get(_kind(element.tag), {}), **element.attrib}

    def children(
        self, parent: Element, childclass: Optional[str], pose: Pose = ((0.0, 0.0, 0.0), IDENTITY)
    ) -> Iterator[Tuple[Element, Optional[str], Pose]]:
        """(element, childclass, pose of the frame it stands in) for all below `parent`, through <frame>s.

        Raises ConfigError for <replicate> and <attach>.
        """
        for element in parent:
            if element.tag == "frame":
                own = element.get("childclass", childclass)
                yield from self.children(element, own, placed(pose, element.attrib, self.compiler))
            elif element.tag in COPIES and element.find(".//body") is not None or element.tag == "attach":
                raise self.error(
                    f"<{element.tag}> is not read here: write the robot as one file first, with "
                    f"`mujoco.MjSpec.from_file({self.path.name!r})`, `.compile()` and `.to_file('robot.xml')`"
                )
            else:
                yield element, childclass, pose

    def error(self, problem: str) -> ConfigError:
        return ConfigError(self.path, 0, 0, problem)


def parse(path: Path) -> Document:
    """The file, whole. Raises ConfigError with the file and, where the parser knows it, the line."""
    root = _tree(path, path.parent, 0)
    compiler: Dict[str, str] = {}
    for element in root.iter("compiler"):
        compiler.update(element.attrib)
    defaults: Dict[str, Dict[str, Dict[str, str]]] = {}
    for element in root.findall("default"):
        _read_defaults(element, defaults.get("main", {}), defaults)
    return Document(path, root, compiler, defaults)


def _tree(path: Path, main: Path, depth: int) -> Element:
    """The root element with every <include> replaced by the content of its file."""
    try:
        root = ElementTree.parse(str(path)).getroot()
    except OSError as error:
        raise ConfigError(path, 0, 0, error.strerror or str(error)) from None
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ConfigError(path, line, column + 1, f"not XML: {str(error).split(':')[0]}") from None
    if depth > MAX_INCLUDES:
        raise ConfigError(path, 0, 0, f"<include> nested more than {MAX_INCLUDES} deep")
    for parent in list(root.iter()):
        for child in list(parent.findall("include")):
            at = list(parent).index(child)
            parent.remove(child)
            name = child.get("file", "")
            from_main, from_here = main / name, path.parent / name
            included = from_main if from_main.is_file() else from_here
            for offset, element in enumerate(_tree(included, main, depth + 1)):
                parent.insert(at + offset, element)
    return root


def _read_defaults(
    element: Element,
    inherited: Dict[str, Dict[str, str]],
    found: Dict[str, Dict[str, Dict[str, str]]],
) -> None:
    """Fills `found`, each class with what it inherits."""
    own = {tag: dict(attributes) for tag, attributes in inherited.items()}
    for child in element:
        if child.tag != "default":
            tag = _kind(child.tag)
            own[tag] = {**own.get(tag, {}), **child.attrib}
    found[element.get("class", "main")] = own
    for child in element.findall("default"):
        _read_defaults(child, own, found)


def _kind(tag: str) -> str:
    return "actuator" if tag in ACTUATORS else tag
