"""From when to when: what a person may write for a start or an end, as UTC nanoseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS

Moment = str | date | int | None
"""An ISO 8601 date or time (UTC where it names no offset) or its object, UTC nanoseconds, or None for no bound."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_NS, LAST_NS = -(2**63) + 1, 2**63 - 1


def start_ns(moment: Moment) -> int:
    """The first nanosecond that counts.

    Raises
    ------
    InputError
        If the text is no date or time.
    """
    return FIRST_NS if moment is None else _parse(moment, "start")[0]


def end_ns(moment: Moment) -> int:
    """The last nanosecond that counts; a date without time counts to its end.

    Raises
    ------
    InputError
        If the text is no date or time.
    """
    return LAST_NS if moment is None else _parse(moment, "end")[1]


def span_ns(start: Moment, end: Moment) -> tuple[int, int]:
    """The first and the last nanosecond that count.

    Raises
    ------
    InputError
        If a text is no date or time, or the start is after the end.
    """
    low, high = start_ns(start), end_ns(end)
    if low > high:
        raise InputError(f"start {start} is after end {end}")
    return low, high


def _parse(moment: str | date | int, what: str) -> tuple[int, int]:
    if isinstance(moment, int):
        return moment, moment
    text = moment.isoformat() if isinstance(moment, date) else moment.strip()
    try:
        if len(text) <= len("2020-01-01"):
            first = _nanoseconds(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
            return first, first + DAY_NS - 1
        time = datetime.fromisoformat(text)
        at = _nanoseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InputError(f"{what} {text!r} is no date; write it as 2020-01-31 or 2020-01-31T14:30") from None
    return at, at


def _nanoseconds(time: datetime) -> int:
    """Exact, and within 1677 to 2262, where 64 bits end."""
    return max(FIRST_NS, min(LAST_NS - DAY_NS, (time - _EPOCH) // timedelta(microseconds=1) * 1000))
