"""Findings, proposals and entries as the protocol's own types."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional

from lsprotocol import types as lsp
from pygls import uris

from ..lang.diagnostics import Diagnostic, Label
from . import completion, outline, signature
from .analysis import Analysis
from .positions import Positions

MAX_SHOWN = 500
# The range and the name that are to be renamed; the second is its name for Python 3.8.
PREPARED: Any = getattr(lsp, "PrepareRenamePlaceholder", None) or getattr(
    lsp, "PrepareRenameResult_Type1", None
)
SEVERITIES = {"error": lsp.DiagnosticSeverity.Error, "warning": lsp.DiagnosticSeverity.Warning,
              "information": lsp.DiagnosticSeverity.Information}  # fmt: skip
ERRORS = Path(__file__).resolve().parents[2] / "docs" / "errors.md"  # there in a checkout
KINDS = {
    "keyword": lsp.CompletionItemKind.Keyword, "quantity": lsp.CompletionItemKind.Field, "function": lsp.CompletionItemKind.Function,
    "variable": lsp.CompletionItemKind.Variable, "param": lsp.CompletionItemKind.Variable, "parameter": lsp.CompletionItemKind.TypeParameter,
    "constant": lsp.CompletionItemKind.Constant, "selection": lsp.CompletionItemKind.EnumMember, "axis": lsp.CompletionItemKind.Enum,
    "element": lsp.CompletionItemKind.EnumMember, "pattern": lsp.CompletionItemKind.Value, "unit": lsp.CompletionItemKind.Unit,
    "component": lsp.CompletionItemKind.Property, "module": lsp.CompletionItemKind.Module, "file": lsp.CompletionItemKind.File,
    "task": lsp.CompletionItemKind.Module, "term": lsp.CompletionItemKind.Event, "value": lsp.CompletionItemKind.Value,
    "keyword argument": lsp.CompletionItemKind.Property,
}  # fmt: skip
SYMBOLS = {
    "param": lsp.SymbolKind.Constant, "variable": lsp.SymbolKind.Variable, "function": lsp.SymbolKind.Function, "group": lsp.SymbolKind.Namespace,
    "event": lsp.SymbolKind.Event, "metric": lsp.SymbolKind.Property, "module": lsp.SymbolKind.Module, "term": lsp.SymbolKind.Field,
}  # fmt: skip


def range_of(positions: Positions, span: Any) -> lsp.Range:
    line, character, end_line, end_character = positions.range(span)
    return lsp.Range(lsp.Position(line, character), lsp.Position(end_line, end_character))


def path_of(uri: str) -> Optional[Path]:
    """The file of a URI; None for a text that is in no file."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return None if not path else Path(path).resolve()


def uri_of(path: Path) -> str:
    return uris.from_fs_path(str(path)) or ""


def raw(path: Path) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def diagnostics(analysis: Analysis, positions: Positions, uri: str, encoding: str) -> List[lsp.Diagnostic]:
    """The findings of a text; those of a file that it ties to stand at the statement that names it."""
    return [_diagnostic(d, analysis, positions, uri, encoding) for d in analysis.diagnostics[:MAX_SHOWN]]


def _diagnostic(
    d: Diagnostic, analysis: Analysis, positions: Positions, uri: str, encoding: str
) -> lsp.Diagnostic:
    home = analysis.at_home(d.span)
    away = home is not d.span
    message = f"in {d.where()}: {d.message}" if away else d.message
    labels = list(d.labels if away else d.labels[1:])
    related = [_related(label, analysis, positions, uri, encoding) for label in labels]
    link = lsp.CodeDescription(f"{ERRORS.as_uri()}#{d.code.lower()}") if ERRORS.is_file() else None
    return lsp.Diagnostic(range_of(positions, home), f"{message}\nhelp: {d.help}" if d.help else message, SEVERITIES[d.severity], d.code,
                          link, "rewardlang", related_information=[r for r in related if r is not None] or None)  # fmt: skip


def _related(
    label: Label, analysis: Analysis, positions: Positions, uri: str, encoding: str
) -> Optional[lsp.DiagnosticRelatedInformation]:
    source = label.span.source
    if source is not analysis.source:
        path = analysis.files[source][0] if source in analysis.files else _task_file(analysis, source.name)
        if path is None:
            return None
        uri, positions = path.resolve().as_uri(), Positions(source, raw(path), encoding)
    return lsp.DiagnosticRelatedInformation(
        lsp.Location(uri, range_of(positions, label.span)), label.text or "here"
    )


def _task_file(analysis: Analysis, name: str) -> Optional[Path]:
    path = None if analysis.task is None else analysis.task.path
    return path if path is not None and name == str(path) else None


def takes_snippets(capabilities: Any) -> bool:
    """Whether the editor fills in snippets."""
    for part in ("text_document", "completion", "completion_item", "snippet_support"):
        capabilities = getattr(capabilities, part, None)
    return bool(capabilities)


def completion_item(
    item: completion.Item, positions: Positions, offset: int, snippets: bool
) -> lsp.CompletionItem:
    start, end = positions.position(item.start), positions.position(offset)
    place = lsp.Range(lsp.Position(*start), lsp.Position(*end))
    as_snippet = bool(item.snippet) and snippets
    doc = lsp.MarkupContent(lsp.MarkupKind.Markdown, item.doc) if item.doc else None
    return lsp.CompletionItem(
        item.label, kind=KINDS[item.kind], detail=item.detail or None, documentation=doc, sort_text=f"{item.rank}{item.label}",
        text_edit=lsp.TextEdit(place, item.snippet if as_snippet else item.label),
        insert_text_format=lsp.InsertTextFormat.Snippet if as_snippet else lsp.InsertTextFormat.PlainText,
    )  # fmt: skip


def signature_help(found: signature.Signature) -> lsp.SignatureHelp:
    parameters = [lsp.ParameterInformation(found.form[start:end]) for start, end in found.parameters]
    doc = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.doc)
    return lsp.SignatureHelp(
        [lsp.SignatureInformation(found.form, doc, parameters, found.active)], 0, found.active
    )


def document_symbol(entry: outline.Entry, positions: Positions) -> lsp.DocumentSymbol:
    kind = SYMBOLS.get(entry.kind, lsp.SymbolKind.Key)
    children = [document_symbol(child, positions) for child in entry.children]
    return lsp.DocumentSymbol(entry.name or "?", kind, range_of(positions, entry.span), range_of(positions, entry.name_span),
                              entry.detail or None, children=children)  # fmt: skip
