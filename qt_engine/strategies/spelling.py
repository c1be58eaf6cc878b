"""What people write in an expression that the language does not have, and what is right instead.

Everything is refused here, before Python's parser sees the text: only letters, digits, the operators of the
language, parentheses and brackets go on. So no text, however odd, can make the parser slow or make it fail deep down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_CHARACTERS = 2000
MAX_DEPTH = 32

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|===|!==|==|!=|<=|>=|=<|=>|<>|:=|&&|\|\||<<|>>|//|->|[-+*/<>=!&|^%()\[\],.])"
    r"|(?P<quote>['\"`])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_INSTEAD = {
    "=": ("one = does not compare", "=="),
    "===": ("=== is not known here", "=="),
    "!==": ("!== is not known here", "!="),
    "=<": ("=< is not known here", "<="),
    "=>": ("=> is not known here", ">="),
    "<>": ("<> is not known here", "!="),
    ":=": ("nothing can be assigned in an expression; name it in the let section", None),
    "&": ("& is not known here", "and"),
    "&&": ("&& is not known here", "and"),
    "|": ("| is not known here", "or"),
    "||": ("|| is not known here", "or"),
    "!": ("! is not known here", "not"),
    "^": ("^ is not known here", "**"),
    "//": ("// (whole division) is not part of the language", "/"),
    "<<": ("<< is not known here", "<"),
    ">>": (">> is not known here", ">"),
    "->": ("-> is not known here; compare with > or >=", None),
    "%": ("% (remainder) is not part of the language; write a percentage as a fraction, 2% as 0.02", None),
}
_WORDS = {
    "AND": ("AND is written in small letters", "and"),
    "And": ("And is written in small letters", "and"),
    "OR": ("OR is written in small letters", "or"),
    "Or": ("Or is written in small letters", "or"),
    "NOT": ("NOT is written in small letters", "not"),
    "Not": ("Not is written in small letters", "not"),
    "if": ("if … else is not part of the language", "where(condition, a, b)"),
    "else": ("if … else is not part of the language", "where(condition, a, b)"),
    "lambda": ("functions cannot be defined in a strategy; name a series in the let section", None),
    "for": ("loops are not part of the language; functions such as count(condition, n) look back", None),
    "in": ("in is not part of the language; compare with ==", None),
    "is": ("is is not part of the language", "=="),
    "None": ("None is not a value here; is_missing(x) tells where a series has no value", None),
    **dict.fromkeys(
        ("True", "true", "False", "false"), ("true and false are not values here; write a comparison", None)
    ),
    **dict.fromkeys(("nan", "NaN", "inf"), ("only finite numbers can be written; is_missing(x) finds gaps", None)),
}  # fmt: skip
_RESERVED = frozenset(
    [
        "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "except", "finally", "from",
        "global", "import", "nonlocal", "pass", "raise", "return", "try", "while", "with", "yield",
    ]
)  # fmt: skip
_OTHER = {
    "{": "braces are not part of the language",
    "}": "braces are not part of the language",
    ":": "x[n] takes one number of bars, without a colon",
    ";": "one expression only; join conditions with and, or",
    "#": "a comment cannot stand inside an expression",
    "@": "@ is not part of the language",
    "$": "$ is not part of the language; write the parameter's name alone",
    "?": "? is not part of the language; use where(condition, a, b)",
    "~": "~ is not part of the language; use not",
    "\\": "a backslash cannot stand in an expression",
}
RESERVED = _RESERVED | frozenset({"and", "or", "not", *_WORDS})
"""Words that cannot name anything."""
EVENT_TAKES = "event takes the kind of event, without quotes: event(dividend), event(funding) or event(split)"


def misspellings(text: str) -> Iterator[tuple[int, str, str | None]]:
    """(offset, message, suggestion) of everything in `text` that cannot be part of an expression."""
    depth, before = 0, ("", "")
    closers: list[tuple[str, int, bool]] = []  # what closes it, where it opened, whether it holds arguments
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # cannot happen: `other` takes any character
            return
        kind, token, start = str(match.lastgroup), match[0], position
        position = match.end()
        if kind == "space":
            continue
        if kind == "quote":
            event = before == ("event", "(")
            yield (
                start,
                EVENT_TAKES if event else "texts in quotes are not part of the language; write names without quotes",
                None,
            )
            closing = text.find(token, position)
            position = len(text) if closing < 0 else closing + 1
        elif kind == "other":
            yield start, _OTHER.get(token, f"character {token!r} is not part of the language"), None
        elif token == "=" and closers and closers[-1][2] and before[0] in ("(", ",") and before[1].isidentifier():
            pass  # name=value, an argument
        elif kind == "operator" and token in _INSTEAD:
            yield start, *_INSTEAD[token]
        elif kind == "word" and token in _WORDS:
            yield start, *_WORDS[token]
        elif kind == "word" and token in _RESERVED:
            yield start, f"{token} is a reserved word and cannot be a name", None
        elif kind == "number" and position < len(text) and (text[position].isalnum() or text[position] == "_"):
            yield start, f"number {token} is directly followed by {text[position]!r}", None
        elif token in ("(", "["):
            called = before[1].isidentifier() and before[1] not in ("and", "or", "not")
            closers.append((")" if token == "(" else "]", start, called and token == "("))
            if (depth := depth + 1) == MAX_DEPTH + 1:
                yield start, f"nested more than {MAX_DEPTH} deep; name a part of it in the let section", None
        elif token in (")", "]"):
            depth -= 1
            if not closers:
                yield start, f"{token} closes nothing", None
            elif (expected := closers.pop())[0] != token:
                yield start, f"{token} where {expected[0]} is due", expected[0]
        before = (before[1], token)
    for closer, start, _ in closers[:1]:
        yield start, f"{'(' if closer == ')' else '['} is never closed", None
