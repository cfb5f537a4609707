"""Texts that may be pasted in an issue: without folders, and without the name of the host."""

from __future__ import annotations

import re
import socket
from typing import Any, Dict

FOLDERS = r"(?<![\w./])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+~-]+)+"  # of a path; not of an address, nor m/s


def plain(found: Dict[str, Any]) -> Dict[str, Any]:
    """What JSON has, with public texts; also within lists."""
    return {key: _value(value) for key, value in found.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(each) for each in value]
    return public(value) if isinstance(value, str) else value


def public(said: str) -> str:
    said = re.sub(FOLDERS, lambda path: re.split(r"[\\/]", path[0])[-1], said.replace("file://", ""))
    host = socket.gethostname()
    return re.sub(rf"\b{re.escape(host)}\b", "HOST", said) if host else said
