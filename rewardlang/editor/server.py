"""The language server: the protocol's requests answered by the other files of this folder. It wants pygls (1.3 or later)."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcException

from .. import __version__
from ..lang.diagnostics import RewardError
from ..lang.fmt import FormatError
from ..lang.source import Source, Span
from . import changes, completion, fixes, hover, links, outline, protocol, rename, signature, symbols
from .analysis import Analysis, analyse
from .links import Files, outline_of
from .positions import Positions

try:  # pygls 2
    from pygls.lsp.server import LanguageServer
except ImportError:  # pygls 1.3, for Python 3.8
    from pygls.server import LanguageServer  # type: ignore[no-redef,attr-defined]

DELAY = 0.06  # s without a key stroke before a text is checked
REFUSED = -32803  # the protocol's RequestFailed


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
            future = loop.run_in_executor(self.worker, analyse, text, path_of(uri), self._task_path(task))
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

    def _task_path(self, task: Optional[str]) -> Optional[str]:
        """A setting that names a folder is relative to the folder that is open in the editor."""
        root = self.workspace.root_path
        if task and root and (Path(root) / task).exists():
            return str(Path(root) / task)
        return task or None

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
            uri, text = uri_of(path), self.text_of(path.resolve()) or protocol.raw(path)
        return lsp.Location(uri, protocol.range_of(self.positions(span.source, text), span))


def path_of(uri: str) -> Optional[Path]:
    """The file of a URI; None for a text that is in no file."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return None if not path else Path(path).resolve()


def uri_of(path: Path) -> str:
    return uris.from_fs_path(str(path)) or ""


def create(task: Optional[str] = None) -> Server:
    """A server with all its answers."""
    server = Server(task)
    for method, options, answer in ANSWERS:
        server.feature(method, *([options] if options is not None else []))(answer)
    return server


def serve(task: Optional[str] = None) -> None:
    """Answer an editor on standard input and output until it leaves."""
    logging.getLogger("pygls").setLevel(logging.ERROR)
    create(task).start_io()


# documents


def _initialize(ls: Server, params: lsp.InitializeParams) -> None:
    options = params.initialization_options
    _configure(ls, options)


def _configure(ls: Server, settings: Any) -> bool:
    """Take the setting `task` from `{"task": ...}` or `{"rewardlang": {"task": ...}}`; whether it changed."""
    for part in ("rewardlang", "task"):
        inner = settings.get(part) if isinstance(settings, dict) else getattr(settings, part, None)
        if part == "task":
            new = inner if isinstance(inner, str) and inner else ls.default_task
        elif inner is not None:
            settings = inner
    present = "task" in settings if isinstance(settings, dict) else hasattr(settings, "task")
    if not present or new == ls.task:
        return False
    ls.task = new
    return True


def _settings(ls: Server, params: lsp.DidChangeConfigurationParams) -> None:
    if _configure(ls, params.settings):
        ls.check_again()


async def _open(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    ls.changed(document.uri, document.text, document.version, 0.0)


async def _change(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.changed(uri, ls.workspace.get_text_document(uri).source, params.text_document.version)


async def _saved(ls: Server, params: Any) -> None:
    ls.check_again()


def _close(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    for known in (ls.opened, ls.versions, ls.done, ls.good, ls.running):
        known.pop(uri, None)  # type: ignore[attr-defined]
    if uri in ls.waiting:
        ls.waiting.pop(uri).cancel()
    ls.tell("textDocument/publishDiagnostics", lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))


# answers


async def _hover(ls: Server, params: lsp.HoverParams) -> Optional[lsp.Hover]:
    analysis, offset, text = await ls.at(params)
    found = hover.hover(analysis, offset, ls.files, text)
    if found is None:
        return None
    at = protocol.range_of(ls.positions(analysis.source, text), found[1])
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found[0]), at)


async def _complete(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    analysis, offset, text = await ls.at(params)
    last = ls.good.get(params.text_document.uri, analysis)
    found = completion.complete(analysis, last, analysis.source.text, offset, ls.files)
    position, snippets = (
        ls.positions(analysis.source, text),
        protocol.takes_snippets(ls.client_capabilities),
    )
    return lsp.CompletionList(
        False, [protocol.completion_item(item, position, offset, snippets) for item in found]
    )


async def _signature(ls: Server, params: lsp.SignatureHelpParams) -> Optional[lsp.SignatureHelp]:
    analysis, offset, _ = await ls.at(params)
    last = ls.good.get(params.text_document.uri, analysis)
    found = signature.signature(analysis, last, analysis.source.text, offset, ls.files)
    return None if found is None else protocol.signature_help(found)


async def _definition(ls: Server, params: lsp.DefinitionParams) -> Optional[lsp.Location]:
    analysis, offset, text = await ls.at(params)
    uri = params.text_document.uri
    own = outline_of(analysis, text)
    file = links.file_at(analysis, own, offset, ls.files)
    if file is not None:
        return ls.location(file.path, uri, Span(file.source, 0, 0))
    use = symbols.at(analysis.uses, offset)
    if use is None:
        return None
    place = ls.files.declaration(own, use.key)
    if place is None and use.space == "value":  # a law may name a term of another file
        place = ls.files.declaration(own, ("term", "", use.name))
    if place is not None:
        return ls.location(place.outline.path, uri, place.span)
    term = links.term_place(analysis, use.name) if use.space == "term" else None
    if term is not None:
        return ls.location(term[0], uri, term[1])
    if use.space == "task" and analysis.task is not None:
        return lsp.Location(uri_of(analysis.task.path), lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)))
    return None


async def _references(ls: Server, params: lsp.ReferenceParams) -> List[lsp.Location]:
    analysis, offset, text = await ls.at(params)
    use = symbols.at(analysis.uses, offset)
    if use is None or use.space in ("component", "axis", "keyword"):
        return []
    places = ls.files.references(outline_of(analysis, text), use)
    wanted = [p for p in places if params.context.include_declaration or not (p.use and p.use.declares)]
    return [ls.location(p.outline.path, params.text_document.uri, p.span) for p in wanted]


async def _highlight(ls: Server, params: lsp.DocumentHighlightParams) -> List[lsp.DocumentHighlight]:
    analysis, offset, text = await ls.at(params)
    use = symbols.at(analysis.uses, offset)
    if use is None:
        return []
    position = ls.positions(analysis.source, text)
    kinds = {True: lsp.DocumentHighlightKind.Write, False: lsp.DocumentHighlightKind.Read}
    return [
        lsp.DocumentHighlight(protocol.range_of(position, u.span), kinds[u.declares])
        for u in analysis.uses
        if u.key == use.key
    ]


async def _can_rename(ls: Server, params: lsp.PrepareRenameParams) -> Any:
    analysis, offset, text = await ls.at(params)
    use, _ = _allowed(rename.target, analysis, offset, ls.files, text)
    return lsp.PrepareRenamePlaceholder(
        protocol.range_of(ls.positions(analysis.source, text), use.span), use.name.rpartition(".")[2]
    )


async def _rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    analysis, offset, text = await ls.at(params)
    uri, task = params.text_document.uri, ls._task_path(ls.task)
    changed = _allowed(rename.rename, analysis, offset, params.new_name, ls.files, text, task)
    edits: Dict[str, List[lsp.TextEdit]] = {}
    for file, spans in changed:
        places = [ls.location(file.path, uri, span) for span in spans]
        edits.setdefault(places[0].uri, []).extend(
            lsp.TextEdit(place.range, params.new_name) for place in places
        )
    return lsp.WorkspaceEdit(changes=edits)


def _allowed(action: Any, *arguments: Any) -> Any:
    """What an action gives; its refusal as the protocol's error, whose message editors show."""
    try:
        return action(*arguments)
    except rename.Refused as problem:
        raise JsonRpcException(str(problem), REFUSED) from None


async def _format(ls: Server, params: lsp.DocumentFormattingParams) -> Optional[List[lsp.TextEdit]]:
    analysis = await ls.analysis(params.text_document.uri)
    text = ls.opened.get(params.text_document.uri, "")
    try:
        change = changes.formatting(analysis.source)
    except (RewardError, FormatError) as problem:
        ls.log(f"not formatted: {problem}")
        return None
    if change is None:
        return []
    new = change[1].replace("\n", "\r\n") if "\r\n" in text else change[1]
    return [lsp.TextEdit(protocol.range_of(ls.positions(analysis.source, text), change[0]), new)]


async def _symbols(ls: Server, params: lsp.DocumentSymbolParams) -> List[lsp.DocumentSymbol]:
    analysis = await ls.analysis(params.text_document.uri)
    position = ls.positions(analysis.source, ls.opened.get(params.text_document.uri, ""))
    return [protocol.document_symbol(entry, position) for entry in outline.entries(analysis.tree)]


async def _actions(ls: Server, params: lsp.CodeActionParams) -> List[lsp.CodeAction]:
    uri = params.text_document.uri
    analysis = await ls.analysis(uri)
    position = ls.positions(analysis.source, ls.opened.get(uri, ""))
    start = position.offset(params.range.start.line, params.range.start.character)
    end = position.offset(params.range.end.line, params.range.end.character)
    out = []
    for d in analysis.diagnostics:
        if d.span.source is analysis.source and d.span.start <= end and start <= d.span.end:
            for fix in fixes.fixes(d):
                edit = lsp.TextEdit(protocol.range_of(position, fix.span), fix.text)
                out.append(lsp.CodeAction(fix.title, lsp.CodeActionKind.QuickFix, edit=lsp.WorkspaceEdit(changes={uri: [edit]}),
                                          diagnostics=[x for x in params.context.diagnostics if x.code == d.code] or None))  # fmt: skip
    return out


ANSWERS: List[Tuple[str, Any, Any]] = [
    ("initialize", None, _initialize),
    ("workspace/didChangeConfiguration", None, _settings),
    ("workspace/didChangeWatchedFiles", None, _saved),
    ("textDocument/didOpen", None, _open),
    ("textDocument/didChange", None, _change),
    ("textDocument/didSave", None, _saved),
    ("textDocument/didClose", None, _close),
    ("textDocument/hover", None, _hover),
    ("textDocument/completion", lsp.CompletionOptions(trigger_characters=['.', '"', "'", "[", "(", "=", ","]), _complete),
    ("textDocument/signatureHelp", lsp.SignatureHelpOptions(trigger_characters=["(", ","]), _signature),
    ("textDocument/definition", None, _definition),
    ("textDocument/references", None, _references),
    ("textDocument/documentHighlight", None, _highlight),
    ("textDocument/prepareRename", None, _can_rename),
    ("textDocument/rename", lsp.RenameOptions(prepare_provider=True), _rename),
    ("textDocument/formatting", None, _format),
    ("textDocument/documentSymbol", None, _symbols),
    ("textDocument/codeAction", lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]), _actions),
]  # fmt: skip
