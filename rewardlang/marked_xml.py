"""XML whose elements and attributes remember where they stand, so that a mistake is reported with its line and column."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple
from xml.parsers import expat

from rewardlang.marked_yaml import ConfigError, read_text

MAX_BYTES = 50_000_000  # a model that holds its meshes as numbers has some MB
MAX_DEPTH = 500  # levels of nesting; MuJoCo reads no more
DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")


class Place(NamedTuple):
    """Where an element begins; line and column from 1."""

    path: Path
    line: int
    column: int

    def error(self, problem: str) -> ConfigError:
        return ConfigError(self.path, self.line, self.column, problem)


class Value(str):
    """The text of an attribute, with the place of its element."""

    place: Place

    def __new__(cls, text: str, place: Place) -> Value:
        value = super().__new__(cls, text)
        value.place = place
        return value

    def __getnewargs__(self) -> Tuple[str, Place]:  # type: ignore[override]
        return str(self), self.place


@dataclass(eq=False)
class Element:
    """One element; iterating gives its children."""

    tag: str
    attributes: Dict[str, Value]
    place: Place
    children: List[Element] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)

    def get(self, key: str, default: str = "") -> str:
        return self.attributes.get(key, default)

    def named(self, tag: str) -> List[Element]:
        """The children of that tag."""
        return [child for child in self.children if child.tag == tag]

    def all(self) -> Iterator[Element]:
        """The element and all below it, depth first."""
        todo = [self]
        while todo:
            element = todo.pop()
            yield element
            todo += reversed(element.children)

    def error(self, problem: str) -> ConfigError:
        return self.place.error(problem)


Attributes = Mapping[str, Value]


def numbers(
    attributes: Attributes, key: str, default: Tuple[float, ...], subject: str = "", finite: bool = True
) -> Tuple[float, ...]:
    """All numbers of an attribute, at least as many as the default has, which stands for one that is not there.

    `subject` is whose attribute it is, for the message. Raises ConfigError at its element.
    """
    text = attributes.get(key)
    if text is None:
        return default
    try:
        values = tuple(float(part) for part in text.split())
        if len(values) < len(default) or "_" in text:
            raise ValueError
        if any(math.isnan(x) or (finite and math.isinf(x)) for x in values):
            raise ValueError
    except ValueError:
        wanted = {0: "numbers", 1: "a number"}.get(len(default), f"{len(default)} numbers")
        raise text.place.error(f"{_of(subject)}{key} must be {wanted}, not {str(text)!r}") from None
    return values


def word(attributes: Attributes, key: str, words: Tuple[str, ...], subject: str = "") -> str:
    """An attribute that is one of `words`, by default the first. Raises ConfigError at its element."""
    text = attributes.get(key)
    if text is None:
        return words[0]
    if text not in words:
        raise text.place.error(f"{_of(subject)}{key} must be {' or '.join(words)}, not {str(text)!r}")
    return str(text)


def _of(subject: str) -> str:
    return f"{subject}: " if subject else ""


def read(path: Path) -> Element:
    """The root element of an XML file.

    Raises ConfigError for a file that cannot be read, is no text, is too large or nested too deep, or is not XML.
    """
    text = read_text(path, MAX_BYTES, _encoding)
    top: Optional[Element] = None
    inside: List[Element] = []

    def start(tag: str, attributes: Dict[str, str]) -> None:
        nonlocal top
        place = Place(path, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        element = Element(tag, {key: Value(value, place) for key, value in attributes.items()}, place)
        if len(inside) >= MAX_DEPTH:
            raise place.error(f"nested more than {MAX_DEPTH} deep")
        if inside:
            inside[-1].children.append(element)
        top = top or element
        inside.append(element)

    parser = expat.ParserCreate("utf-8")  # whatever the file says of its encoding: it is decoded already
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: inside.pop()
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as problem:
        reason = expat.ErrorString(problem.code)
        raise ConfigError(path, problem.lineno, problem.offset + 1, f"not XML: {reason}") from None
    assert top is not None
    return top


def _encoding(raw: bytes) -> str:
    """What a text that is not UTF-8 says that it is; MuJoCo reads it as bytes that mean nothing, as in comments."""
    declared = DECLARED.match(raw)
    return declared.group(1).decode("ascii") if declared else ""
