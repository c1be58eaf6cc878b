"""Between the clock on a wall and UTC, for whole columns of times.

The clock is asked once a day, and once a second only on the days on which it is put forward or back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import SECOND
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS

UNIQUE, TWICE, NEVER = 0, 1, 2
"""How often a local time happens."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: it is what a local time is measured from


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"time zone {name!r} is not known; use an IANA name such as America/New_York") from None


def utc_offsets(ts: NDArray[np.int64], place: ZoneInfo) -> NDArray[np.int64]:
    """Local minus UTC time in nanoseconds at each UTC time `ts`."""

    def offset(second: int) -> int:
        moment = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=UTC)
        return _nanoseconds(moment.astimezone(place))

    return _each(ts, offset)


def to_utc(local: NDArray[np.int64], place: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """UTC times of local ones (nanoseconds since 1970-01-01 on the wall clock), and how often each happens.

    Returns
    -------
    utc, happens
        int64 arrays. A time that happens twice is taken as the first of the two, one that never happens as the moment at which
        the clock was put forward over it.
    """

    def offset(second: int, fold: int) -> int:
        return _nanoseconds((_EPOCH + timedelta(seconds=second)).replace(tzinfo=place, fold=fold))

    first, second = _each(local, lambda s: offset(s, 0)), _each(local, lambda s: offset(s, 1))
    happens = np.where(first > second, TWICE, np.where(first < second, NEVER, UNIQUE))
    utc = local - first
    for at in np.flatnonzero(happens == NEVER):
        utc[at] = _change_before(int(utc[at]), place)
    return utc, happens


def _change_before(utc: int, place: ZoneInfo) -> int:
    """The last whole second at or before `utc` at which the clock was changed, at most a day back."""
    high = utc // SECOND
    low = high - 86_400
    after = int(utc_offsets(np.array([utc]), place)[0])
    while high - low > 1:
        middle = (low + high) // 2
        if int(utc_offsets(np.array([middle * SECOND]), place)[0]) == after:
            high = middle
        else:
            low = middle
    return high * SECOND


def _each(times: NDArray[np.int64], offset: Callable[[int], int]) -> NDArray[np.int64]:
    days, position = np.unique(times // DAY_NS, return_inverse=True)
    first = np.array([offset(int(day) * 86_400) for day in days], np.int64)
    after = np.array([offset(int(day + 1) * 86_400) for day in days], np.int64)
    offsets = first[position]
    changing = np.flatnonzero((first != after)[position])
    if len(changing):
        seconds, where = np.unique(times[changing] // SECOND, return_inverse=True)
        offsets[changing] = np.array([offset(int(second)) for second in seconds], np.int64)[where]
    return offsets


def _nanoseconds(moment: datetime) -> int:
    return round((moment.utcoffset() or timedelta(0)).total_seconds()) * SECOND
