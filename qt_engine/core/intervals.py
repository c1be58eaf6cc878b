"""Bar intervals: `500ms`, `30s`, `1m`, `5m`, `1h`, `1d`, `1w`."""

from __future__ import annotations

import re

from qt_engine.core.errors import InputError

_UNIT_NS = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_PATTERN = re.compile(r"([1-9][0-9]{0,4})(ms|s|m|h|d|w)")
DAY_NS = _UNIT_NS["d"]


def interval_ns(text: str) -> int:
    """Length of an interval in nanoseconds.

    Raises
    ------
    InputError
        If the text is no interval.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InputError(f"interval {text!r} is not known; use a number and ms, s, m, h, d or w, such as 1d or 5m")
    return int(match[1]) * _UNIT_NS[match[2]]


def is_intraday(text: str) -> bool:
    """Whether bars of this interval are shorter than a day."""
    return interval_ns(text) < DAY_NS
