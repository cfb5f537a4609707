"""A Pygments lexer for `.reward` files: docs and notebooks in colour."""

from __future__ import annotations

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from .words import COMPONENT_NAMES, CONSTANTS, STATEMENTS, function_names

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
NUMBER = r"(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?(?![A-Za-z0-9_])"
# A statement word is one only at the start of a line, before what its form wants.
HEADS = {
    "reward": rf"(?=\s*\+?=(?!=)|\s+(?:per\b|(?!(?:and|or|as|in|when|not)\b){NAME}))", "total": r"(?=\s*=(?!=))",
    "expect": r"\b", "import": r"(?=\s*[\"'])", "extends": r"(?=\s*[\"'])",
}  # fmt: skip
NAMED = rf"(?=\s+(?!(?:and|or|as|in|when|per)\b){NAME})"


class RewardLexer(RegexLexer):
    """Tokens of the reward language."""

    name = "rewardlang"
    aliases = ["reward", "rewardlang"]
    filenames = ["*.reward"]
    mimetypes = ["text/x-reward"]
    url = ""
    tokens = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r"\"[^\"\n]*\"|'[^'\n]*'", String),
            (rf"^(drop)(\s+)(terminate|metric)(\s+)(?={NAME})", bygroups(Keyword, Whitespace, Keyword, Whitespace)),
            *((rf"^{word}{HEADS.get(word, NAMED)}", Keyword) for word in STATEMENTS),
            (rf"^{NAME}(?=\s*=(?!=))", Name.Variable),
            (rf"^{NAME}(?=\s*\([^()\n]*\)\s*=(?!=))", Name.Function),
            (rf"({NUMBER})([ \t]*)(\[)([^\[\]\n\"']*)(\])", bygroups(Number, Whitespace, Punctuation, Keyword.Type, Punctuation)),
            (NUMBER, Number),
            (rf"(as)(\s+)({NAME})", bygroups(Keyword, Whitespace, Name.Label)),
            (r"(per)(\s+)(step|second)\b", bygroups(Keyword, Whitespace, Keyword)),
            (words(("and", "or", "not"), prefix=r"\b", suffix=r"\b"), Operator.Word),
            (words(("as", "in", "when", "per"), prefix=r"\b", suffix=r"\b"), Keyword),
            (rf"(\.)({'|'.join(sorted(COMPONENT_NAMES, key=len, reverse=True))})\b", bygroups(Punctuation, Name.Attribute)),
            (words(function_names(), prefix=r"(?<![.\w])", suffix=r"(?=\s*\()"), Name.Builtin),
            (words(tuple(CONSTANTS), prefix=r"\b", suffix=r"\b"), Name.Constant),
            (rf"{NAME}(?=\s*\()", Name.Function),
            (NAME, Name),
            (r"\*\*|<=|>=|==|!=|\+=|[-+*/^<>=]", Operator),
            (r"[().,:\[\]]", Punctuation),
        ]
    }  # fmt: skip
