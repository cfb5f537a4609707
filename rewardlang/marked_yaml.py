"""YAML whose values remember where they stand, so that a mistake is reported with its line and column."""

from __future__ import annotations

import codecs
import difflib
from pathlib import Path
from typing import Callable, Mapping

import yaml

try:  # the C scanner is about ten times faster; some PyYAML builds lack it
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # pragma: no cover
    from yaml import SafeLoader  # type: ignore[assignment]

MAX_BYTES = 1_000_000  # a task file is a few kB; anything near this is not one
MAX_DEPTH = 50  # levels of nesting


class ConfigError(ValueError):
    """A mistake in a data file: `problem` at `path`, `line`, `column` (1-based, 0 when unknown)."""

    def __init__(self, path: Path, line: int, column: int, problem: str):
        self.path, self.line, self.column, self.problem = path, line, column, problem
        place = f"{path}:{line}:{column}" if line else f"{path}"
        super().__init__(f"{place}: error: {problem}")


def did_you_mean(word: str, names) -> str:
    """The closest of `names` as the end of a message, else all of them."""
    names = list(names)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {', '.join(names)}" if names else ""


class Node:
    """One YAML value and where it stands; the methods read it as a type or raise ConfigError at its place."""

    def __init__(self, path: Path, node: yaml.Node, name: str, key: yaml.Node | None = None):
        self.path, self.node, self.name = path, node, name
        self.line, self.column = node.start_mark.line + 1, node.start_mark.column + 1
        self.key = Node(path, key, name) if key is not None else self

    def error(self, problem: str) -> ConfigError:
        return ConfigError(self.path, self.line, self.column, problem)

    def _wrong(self, wanted: str) -> ConfigError:
        kinds = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}
        found = next((name for kind, name in kinds.items() if isinstance(self.node, kind)), None)
        found = found or repr(self.node.value)
        return self.error(f"{self.name or 'the file'} must be {wanted}, not {found}")

    def _tag(self) -> str:
        return self.node.tag.rsplit(":", 1)[-1]

    def entries(self) -> dict:
        """{key: Node}, in the file's order; a key twice is an error."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self._wrong("a mapping")
        found: dict = {}
        for key, value in self.node.value:
            node = Node(self.path, value, f"{self.name}.{key.value}".lstrip("."), key)
            if not isinstance(key, yaml.ScalarNode):
                raise node.key.error("a key must be a word")
            if key.value in found:
                raise node.key.error(f"{key.value!r} stands twice{self._where()}")
            found[key.value] = node
        return found

    def _where(self) -> str:
        return f" in {self.name}" if self.name else ""

    def section(self, *keys: str, advice: Mapping[str, str] = {}) -> dict:
        """{key: Node} with no key outside `keys`; those ending in `!` must be there. `advice` is what to do instead of others."""
        names = [key.rstrip("!") for key in keys]
        found = self.entries()
        for key, node in found.items():
            if key not in names:
                instead = f": {advice[node.name]}" if node.name in advice else did_you_mean(key, names)
                raise node.key.error(f"unknown key {key!r}{self._where()}{instead}")
        for key in keys:
            if key.endswith("!") and key[:-1] not in found:
                raise self.error(f"missing key {key[:-1]!r}{self._where()}")
        return found

    def items(self) -> list:
        """The elements of a list, each a Node."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self._wrong("a list")
        return [Node(self.path, child, f"{self.name}[{i}]") for i, child in enumerate(self.node.value)]

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def data(self):
        """The value as plain data: text, whole numbers, lists and dicts."""
        if self.is_mapping:
            return {key: node.data() for key, node in self.entries().items()}
        if isinstance(self.node, yaml.SequenceNode):
            return [node.data() for node in self.items()]
        return int(self.node.value) if self._tag() == "int" else self.text()

    def text(self, blank: bool = False) -> str:
        """Text; only with `blank` also none."""
        null = not isinstance(self.node, yaml.ScalarNode) or self._tag() == "null"
        if null or not (blank or self.node.value.strip()):
            raise self._wrong("text")
        return self.node.value

    def number(self, low: float = float("-inf"), high: float = float("inf")) -> float:
        """A finite number in [low, high]. YAML 1.1 calls 1e-3 text; here it is a number, as elsewhere."""
        try:
            if not isinstance(self.node, yaml.ScalarNode) or self.node.style in ("'", '"'):
                raise ValueError
            value = float(self.node.value)
        except ValueError:
            raise self._wrong("a number") from None
        if not low <= value <= high or value in (float("inf"), float("-inf")):
            bounds = f" in [{low:g}, {high:g}]" if (low, high) != (float("-inf"), float("inf")) else ""
            raise self.error(f"{self.name} must be a finite number{bounds}, not {self.node.value}")
        return value

    def integer(self, low: int) -> int:
        value = self.number(low)
        if value != int(value):
            raise self._wrong("a whole number")
        return int(value)

    def boolean(self) -> bool:
        text = self.node.value.lower() if isinstance(self.node, yaml.ScalarNode) else ""
        if text not in ("true", "false"):
            raise self._wrong("true or false")
        return text == "true"

    def numbers(self, count: int) -> tuple:
        """That many numbers."""
        children = self.items()
        if len(children) != count:
            raise self.error(f"{self.name} must be {count} numbers, not {len(children)}")
        return tuple(child.number() for child in children)


def read(path: Path) -> Node:
    """The top mapping of a YAML file.

    Raises ConfigError for a file that cannot be read, is not UTF-8, is too large, or is not YAML.
    """
    try:
        text = read_text(path, MAX_BYTES)
        _check_characters(path, text)
        _check_depth(path, text)
        node = yaml.compose(text, Loader=SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = getattr(error, "problem", None) or str(error)
        lines = text.splitlines() or [""]
        if line > len(lines):  # the scanner sees a line break at the end, where there is none
            line, column = len(lines), len(lines[-1]) + 1
        if "maximum nesting depth" in problem:  # PyYAML >= 6.0.4 counts too
            problem = f"nested more than {MAX_DEPTH} deep"
        raise ConfigError(path, line, column, problem) from None
    if node is None:
        raise ConfigError(path, 1, 1, "the file is empty")
    return Node(path, node, "")


def read_text(path: Path, limit: int, otherwise: Callable[[bytes], str] = lambda raw: "") -> str:
    """The text of a file in UTF-8, or in the encoding that `otherwise` finds named in its bytes, if any.

    Raises ConfigError for a file that cannot be read, has more bytes than `limit`, or is no such text.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(path, 0, 0, getattr(error, "strerror", None) or str(error)) from None
    if len(raw) > limit:
        raise ConfigError(path, 0, 0, f"larger than {limit} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before, encoding = raw[: error.start], otherwise(raw)
    try:
        if encoding:
            return raw.decode(encoding)
        problem = "not UTF-8 text"
    except (LookupError, UnicodeError):
        problem = f"not UTF-8 text, nor {encoding!r}"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problem = "UTF-16 text: save the file as UTF-8"
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "ignore")) + 1
    raise ConfigError(path, before.count(b"\n") + 1, column, problem)


def _check_characters(path: Path, text: str) -> None:
    """Raises ConfigError at the first character that no YAML file may hold: the C scanner does not say on which line it is."""
    odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if odd:
        before = text[: odd.start()]
        line, column = before.count("\n") + 1, odd.start() - before.rfind("\n")
        raise ConfigError(path, line, column, f"a control character, U+{ord(odd[0]):04X}")


def _check_depth(path: Path, text: str) -> None:
    """Raises ConfigError where the nesting gets too deep: the C scanner would run out of stack and crash."""
    depth = 0
    for event in yaml.parse(text, Loader=SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark = event.start_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            raise ConfigError(path, line, column, f"nested more than {MAX_DEPTH} deep")
