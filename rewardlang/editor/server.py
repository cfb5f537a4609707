"""The language server: the protocol's requests answered by the other files of this folder. It wants pygls (1.3 or later)."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from lsprotocol import types as lsp

from .. import __version__
from ..lang.source import Source, Span
from . import protocol
from .analysis import Analysis, analyse
from .answers import ANSWERS, Declined
from .links import Files
from .positions import Positions
from .protocol import path_of, uri_of

try:  # pygls 2
    from pygls.lsp.server import LanguageServer
except ImportError:  # pygls 1.3, for Python 3.8
    from pygls.server import LanguageServer  # type: ignore[no-redef,attr-defined]

DELAY = 0.06  # s without a key stroke before a text is checked


class Server(LanguageServer):
    """The open texts with what the compiler makes of them. Texts are checked in a thread, one after the other."""

    def __init__(self, task: Optional[str] = None) -> None:
        super().__init__("rewardlang", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.default_task = self.task = task
        self.opened: Dict[str, str] = {}  # uri → text
        self.versions: Dict[str, Optional[int]] = {}
        self.done: Dict[str, Tuple[str, Optional[str], Analysis]] = {}
        self.good: Dict[str, Analysis] = {}  # the last one of each text that had all its types
        self.waiting: Dict[str, Any] = {}  # a check that is to come, or under way
        self.running: Dict[str, Tuple[str, Optional[str], Any]] = {}
        self.files = Files(self.text_of)
        self.worker = ThreadPoolExecutor(1)

    def text_of(self, path: Path) -> Optional[str]:
        """The text of a file as an editor has it; None if it is not open."""
        return next((text for uri, text in list(self.opened.items()) if path_of(uri) == path), None)

    @property
    def encoding(self) -> str:
        return str(
            getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding) or "utf-16"
        )

    def positions(self, source: Source, text: str) -> Positions:
        return Positions(source, text, self.encoding)

    def tell(self, method: str, params: Any) -> None:
        """Send a notification, with either version of pygls."""
        wire: Any = getattr(self, "protocol", None) or getattr(self, "lsp", None)
        wire.notify(method, params)

    def log(self, message: str) -> None:
        self.tell("window/logMessage", lsp.LogMessageParams(type=lsp.MessageType.Info, message=message))

    async def analysis(self, uri: str) -> Analysis:
        """What the compiler makes of the text as it is now."""
        text, task = self.opened.get(uri, ""), self.task
        known = self.done.get(uri)
        if known is not None and known[:2] == (text, task):
            return known[2]
        under_way = self.running.get(uri)
        if under_way is None or under_way[:2] != (text, task):
            loop = asyncio.get_event_loop()
            future = loop.run_in_executor(self.worker, analyse, text, path_of(uri), self.task_path(task))
            under_way = self.running[uri] = (text, task, future)
        found = await asyncio.shield(under_way[2])
        if self.opened.get(uri) == text and self.task == task:
            self._keep(uri, text, task, found)
        return found

    def _keep(self, uri: str, text: str, task: Optional[str], found: Analysis) -> None:
        """Remember an analysis; one that did not get to the types takes over what is known of the names."""
        self.running.pop(uri, None)
        last = self.good.get(uri)
        if found.program is not None:
            self.good[uri] = found
        elif last is not None:
            found.names = {**last.names, **found.names}
            found.vocabulary = found.vocabulary or last.vocabulary
        self.done[uri] = (text, task, found)

    def task_path(self, task: Optional[str]) -> Optional[str]:
        """A setting that names a folder is relative to the folder that is open in the editor."""
        folders = [protocol.path_of(folder.uri) for folder in self.workspace.folders.values()]
        roots = [Path(self.workspace.root_path)] if self.workspace.root_path else []
        found = (root / task for root in [*roots, *filter(None, folders)] if task and (root / task).exists())
        return str(next(found, task)) if task else None

    def changed(self, uri: str, text: str, version: Optional[int], delay: float = DELAY) -> None:
        """Take a new text and check it once no more keys are struck."""
        self.opened[uri], self.versions[uri] = text, version
        if uri in self.waiting:
            self.waiting[uri].cancel()
        self.waiting[uri] = asyncio.ensure_future(self._check_later(uri, delay))

    async def _check_later(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        text, version = self.opened[uri], self.versions[uri]
        analysis = await self.analysis(uri)
        if self.opened.get(uri) == text:
            self.publish(uri, analysis, text, version)

    def publish(self, uri: str, analysis: Analysis, text: str, version: Optional[int]) -> None:
        found = protocol.diagnostics(analysis, self.positions(analysis.source, text), uri, self.encoding)
        self.tell(
            "textDocument/publishDiagnostics",
            lsp.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version),
        )

    def check_again(self) -> None:
        """Check all open texts anew: a setting or a file that they tie to changed."""
        self.done.clear()
        self.running.clear()
        for uri, text in self.opened.items():
            self.changed(uri, text, self.versions[uri])

    async def at(self, params: Any) -> Tuple[Analysis, int, str]:
        """The analysis, the offset that a request is about, and the text."""
        uri = params.text_document.uri
        analysis = await self.analysis(uri)
        text = self.opened.get(uri, "")
        position = params.position
        return analysis, self.positions(analysis.source, text).offset(position.line, position.character), text

    def location(self, path: Optional[Path], uri: str, span: Span) -> lsp.Location:
        """A place in a file, or in the text of `uri` if the path is None or its own."""
        if path is None or path.resolve() == path_of(uri):
            text = self.opened.get(uri, "")
        else:
            opened = next((other for other in self.opened if path_of(other) == path.resolve()), None)
            uri = opened or uri_of(path)
            text = protocol.raw(path) if opened is None else self.opened[opened]
        return lsp.Location(uri, protocol.range_of(self.positions(span.source, text), span))


def serve(task: Optional[str] = None) -> None:
    """Answer an editor on standard input and output until it leaves."""
    _log_faults()
    server = Server(task)
    for method, options, answer in ANSWERS:
        server.feature(method, *([options] if options is not None else []))(answer)
    server.start_io()


def _log_faults() -> None:
    """Write what goes wrong in pygls to standard error; a request that is declined is no fault."""
    faults = logging.StreamHandler()
    faults.setLevel(logging.ERROR)
    faults.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], Declined)))
    log = logging.getLogger("pygls")
    log.addHandler(faults)
    log.propagate = False
