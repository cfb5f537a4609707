"""The protocol's requests and notifications, each answered by one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from ..lang.diagnostics import RewardError
from ..lang.fmt import FormatError
from ..lang.source import Span
from . import changes, colours, completion, fixes, hover, links, outline, protocol, rename, signature, symbols
from .links import outline_of
from .protocol import uri_of

if TYPE_CHECKING:
    from .server import Server

REFUSED = -32803  # the protocol's RequestFailed


class Declined(JsonRpcException):
    """An answer, not a fault: the editor shows why, and the log has nothing of it."""


# documents


def _initialize(ls: Server, params: lsp.InitializeParams) -> None:
    _configure(ls, params.initialization_options)


def _configure(ls: Server, settings: Any) -> bool:
    """Take the setting `task` from `{"task": ...}` or `{"rewardlang": {"task": ...}}`; whether it changed."""
    fields = _fields(settings)
    fields = _fields(fields.get("rewardlang")) or fields
    new = fields.get("task") or ls.default_task
    if "task" not in fields or new == ls.task or not isinstance(new, (str, type(None))):
        return False
    ls.task = new
    return True


def _fields(settings: Any) -> Dict[str, Any]:
    """Settings by name, whichever way pygls hands them over; none of what is no object."""
    if hasattr(settings, "_asdict"):
        settings = settings._asdict()
    return settings if isinstance(settings, dict) else {}


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
    return protocol.PREPARED(
        protocol.range_of(ls.positions(analysis.source, text), use.span), use.name.rpartition(".")[2]
    )


async def _rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    analysis, offset, text = await ls.at(params)
    uri, task = params.text_document.uri, ls.task_path(ls.task)
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
        raise Declined(str(problem), REFUSED) from None


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


async def _colours(ls: Server, params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
    uri = params.text_document.uri
    analysis = await ls.analysis(uri)
    return lsp.SemanticTokens(
        colours.encoded(analysis, ls.positions(analysis.source, ls.opened.get(uri, "")))
    )


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
    ("textDocument/semanticTokens/full", lsp.SemanticTokensLegend(list(colours.KINDS), list(colours.MODIFIERS)), _colours),
    ("textDocument/codeAction", lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]), _actions),
]  # fmt: skip
