"""Reading numbers as files have them, and saying well why something is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.text import plain

_NUMERIC = re.compile(r"[0-9eE+\-. ]*")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,' ]\d{3})+(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_MISSING = {"", "nan", "null", "none", "na", "n/a", "nat", "-", "--", "#n/a"}


class BadNumber(Exception):
    """A text is no number: its position in the column, and why."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


def numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """A column of texts as finite numbers.

    Raises
    ------
    BadNumber
        At the first text that is none.
    """
    try:
        # Python reads more than people mean by a number: 1_000, nan, inf, digits of other scripts
        if _NUMERIC.fullmatch("".join(texts)):
            values = np.array(texts, np.float64)
            if np.isfinite(values).all():
                return values
    except ValueError:
        pass
    for position, text in enumerate(texts):
        reason = _why_no_number(text.strip())
        if reason:
            raise BadNumber(position, reason)
    return np.array([float(text) for text in texts], np.float64)


def _why_no_number(text: str) -> str | None:
    shown = repr(plain(text, 40))
    if text.lower() in _MISSING:
        return f"a number is missing here ({shown})" if text else "is empty; a number is needed"
    if _THOUSANDS.fullmatch(text):
        return f"{shown} has separators between its digits; write 1234.5"
    if _DECIMAL_COMMA.fullmatch(text):
        return f"{shown} has a decimal comma; write 1.5"
    try:
        value = float(text) if _NUMERIC.fullmatch(text) else None
    except ValueError:
        value = None
    if value is None:
        return (
            f"{shown} is not a finite number"
            if text.lower().lstrip("+-") in ("inf", "infinity")
            else f"{shown} is not a number"
        )
    return None if np.isfinite(value) else f"{shown} is not a finite number"
