"""What docs/editors.md says of the words and settings is so."""

from __future__ import annotations

import re

from rewardlang.editor import words

from .client import ROOT

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")


def test_the_words_that_emacs_colours() -> None:
    block = re.search(r"```elisp\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    listed = re.findall(r'"(\w+)"', block[1].split("nil")[0])
    assert set(listed) == set(words.STATEMENTS) | set(words.OPERATORS)


def test_every_editor_starts_the_server() -> None:
    assert len(re.findall(r'"rewardlang", "lsp"|"rewardlang" "lsp"|args = \["lsp"\]', PAGE)) == 3
