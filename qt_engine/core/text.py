"""Text that comes from data is shown as plain text, never as markup or terminal control."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


def plain(text: object, limit: int = 200) -> str:
    """The text on one line without control, format or surrogate characters, at most `limit` characters.

    Rich and Textual markup is left as it is: whoever prints it must print it as text, not as markup.
    """
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(text))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name a person most likely meant, or None."""
    names = sorted(known)
    alike = [one for one in names if one.casefold() == name.casefold()]
    matches = alike or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return matches[0] if matches else None
