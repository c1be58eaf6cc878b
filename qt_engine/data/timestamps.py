"""Reading times as people and programs write them: ISO 8601, with or without offset, and epochs of four units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.intervals import DAY_NS
from qt_engine.core.text import plain
from qt_engine.data.time_zones import NEVER, TWICE, to_utc

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d)", re.ASCII)
_CLOCK = re.compile(
    r"(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?|(\d\d)(\d\d)?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"([+-]?)(\d{1,20})(?:\.(\d*))?", re.ASCII)
_UNITS = (
    ("seconds", 10**9, 10**11),
    ("milliseconds", 10**6, 10**14),
    ("microseconds", 10**3, 10**17),
    ("nanoseconds", 1, 10**20),
)
"""Name, nanoseconds, and the magnitude below which an epoch is read in it."""

FIRST_YEAR, LAST_YEAR = 1678, 2260
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST_NS = (date(FIRST_YEAR, 1, 1).toordinal() - _EPOCH_DAY) * DAY_NS
_LAST_NS = (date(LAST_YEAR + 1, 1, 1).toordinal() - _EPOCH_DAY) * DAY_NS - 1
_RANGE = f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}, which 64-bit nanoseconds can hold"


class BadTime(Exception):
    """A text is no time: its position in the column, and why."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


class TimeReader:
    """Reads the times of one table, piece by piece; epochs keep the unit of the first one.

    Parameters
    ----------
    place
        Zone of times without an offset; None: UTC. A date alone is the start of that day there.
    is_date
        Whether eight digits are a day (20200131) and no epoch.
    keeps_dates
        Whether a date alone stays the start of that day in UTC, whatever the zone.

    Attributes
    ----------
    used_zone
        Whether the zone was needed for any time.
    dated
        Where the last piece held a date alone.
    """

    def __init__(self, place: ZoneInfo | None, *, is_date: bool, keeps_dates: bool = False) -> None:
        self._place = place
        self._is_date = is_date
        self._keeps_dates = keeps_dates
        self._unit: int | None = None
        self.used_zone = False
        self.dated: NDArray[np.bool_] = np.zeros(0, bool)

    def texts(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """UTC nanoseconds of a column of texts.

        Raises
        ------
        BadTime
            At the first text that is no time.
        """
        joined = "".join(texts)
        if not self._is_date and joined.isascii() and joined.isdecimal() and all(texts) and max(map(len, texts)) < 19:
            return self.epochs(np.array(texts, dtype=np.int64))
        values, naive = np.empty(len(texts), np.int64), np.zeros(len(texts), np.int8)
        for position, text in enumerate(texts):
            try:
                values[position], naive[position] = self._one(text.strip())
            except ValueError as error:
                raise BadTime(position, str(error)) from None
        return self._located(values, naive)

    def epochs(self, epochs: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC nanoseconds of a column of whole epochs; raises as `texts`."""
        self.dated = np.zeros(len(epochs), bool)
        if not len(epochs):
            return epochs
        size = np.abs(epochs)
        units = np.searchsorted(np.array([limit for _, _, limit in _UNITS[:3]]), size, side="right")
        # zero is zero in every unit
        self._unit = int(units[np.argmax(size > 0)]) if self._unit is None else self._unit
        other = np.flatnonzero((units != self._unit) & (size > 0))
        if len(other):
            at = int(other[0])
            raise BadTime(at, self._mixed(str(epochs[at]), int(units[at])))
        scale = _UNITS[self._unit][1]
        outside = np.flatnonzero((epochs < _FIRST_NS // scale + 1) | (epochs > _LAST_NS // scale))
        if len(outside):
            raise BadTime(int(outside[0]), f"{epochs[outside[0]]} {_RANGE}")
        return epochs * scale

    def instants(self, ts: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC nanoseconds that are such already; raises as `texts`."""
        outside = np.flatnonzero((ts < _FIRST_NS) | (ts > _LAST_NS))
        if len(outside):
            raise BadTime(int(outside[0]), f"this time {_RANGE}")
        self.dated = np.zeros(len(ts), bool)
        return ts

    def local(self, local: NDArray[np.int64], *, are_dates: bool) -> NDArray[np.int64]:
        """UTC nanoseconds of wall-clock times that name no offset; raises as `texts`."""
        return self._located(self.instants(local), np.full(len(local), _DAY if are_dates else _LOCAL, np.int8))

    def _one(self, text: str) -> tuple[int, int]:
        """Nanoseconds, and whether they are UTC or on the wall clock."""
        epoch = _EPOCH.fullmatch(text)
        if epoch and not (self._is_date and len(text) == 8):
            return self._epoch(text, epoch), _UTC
        day, clock = (text[:10], text[11:]) if text[10:11] in ("T", "t", " ") else _split(text)
        nanoseconds = _day(day)
        if not clock:
            kind = _DAY
        else:
            of_day, offset = _clock(clock)
            nanoseconds += of_day - (offset or 0)
            kind = _LOCAL if offset is None else _UTC
        if not _FIRST_NS <= nanoseconds <= _LAST_NS:
            raise ValueError(f"{plain(text, 40)!r} {_RANGE}")
        return nanoseconds, kind

    def _epoch(self, text: str, match: re.Match[str]) -> int:
        whole, fraction = int(match[2]), (match[3] or "").rstrip("0")
        unit = next((i for i, (_, _, limit) in enumerate(_UNITS) if whole < limit), 3)
        if whole and self._unit is None:
            self._unit = unit
        if whole and unit != self._unit:
            raise ValueError(self._mixed(text, unit))
        scale = _UNITS[self._unit or 0][1]
        digits = len(str(scale)) - 1
        if len(fraction) > digits:
            raise ValueError(f"{plain(text, 40)!r} is finer than a nanosecond")
        nanoseconds = whole * scale + int(fraction.ljust(digits, "0") or 0)
        nanoseconds = -nanoseconds if match[1] == "-" else nanoseconds
        if not _FIRST_NS <= nanoseconds <= _LAST_NS:
            raise ValueError(f"{plain(text, 40)!r} {_RANGE}")
        return nanoseconds

    def _mixed(self, text: str, unit: int) -> str:
        return (
            f"{plain(text, 40)!r} looks like {_UNITS[unit][0]} since 1970 "
            f"where the rows above are in {_UNITS[self._unit or 0][0]}; "
            "use one unit"
        )

    def _located(self, values: NDArray[np.int64], kinds: NDArray[np.int8]) -> NDArray[np.int64]:
        self.dated = kinds == _DAY
        local = np.flatnonzero(kinds == _LOCAL if self._keeps_dates else kinds != _UTC)
        if self._place is None or not len(local):
            return values
        self.used_zone = True
        utc, happens = to_utc(values[local], self._place)
        wrong = np.flatnonzero((happens != 0) & (kinds[local] == _LOCAL))
        if len(wrong):
            at = int(wrong[0])
            what = {TWICE: "happens twice", NEVER: "does not exist"}[int(happens[at])]
            raise BadTime(
                int(local[at]),
                f"this local time {what} in {self._place.key}, where the clock was changed; write it in UTC or with its offset",
            )
        located = values.copy()
        located[local] = utc
        return located


_UTC, _LOCAL, _DAY = 0, 1, 2


def _split(text: str) -> tuple[str, str]:
    """Date and time of day where the date is written in eight digits, or of what is no time at all."""
    day, _, clock = text.replace("T", " ").partition(" ")
    return day, clock


@lru_cache(maxsize=1 << 16)
def _day(text: str) -> int:
    match = _DATE.fullmatch(text)
    if match is None:
        shown = plain(text, 40)
        raise ValueError(
            f"{shown!r} is no date; write times as 2020-01-31, 2020-01-31T14:30:00Z or an epoch" if text else "is empty"
        )
    year, month, day = (int(group) for group in match.groups() if group is not None)
    try:
        return (date(year, month, day).toordinal() - _EPOCH_DAY) * DAY_NS
    except ValueError:
        raise ValueError(f"{text!r} is not in the calendar") from None


@lru_cache(maxsize=1 << 17)
def _clock(text: str) -> tuple[int, int | None]:
    """Nanoseconds since midnight, and the offset from UTC in nanoseconds if there is one."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{plain(text, 40)!r} is no time of day; write it as 14:30:00, with Z or an offset such as +02:00"
        )
    hour, minute, second = int(match[1]), int(match[2] or match[5] or 0), int(match[3] or match[6] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is no time of day; hours go to 23, minutes and seconds to 59")
    nanoseconds = ((hour * 60 + minute) * 60 + second) * 10**9 + int((match[4] or "").ljust(9, "0"))
    return nanoseconds, _offset(match[7])


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{text!r} is no offset from UTC")
    total = ((hours * 60 + minutes) * 60 + seconds) * 10**9
    return -total if text[0] == "-" else total
