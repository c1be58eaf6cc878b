"""Where coarser bars begin and end, and whether the last one is over.

A bar of a day or longer covers whole local days of the venue, of 23, 24 or 25 hours; weeks begin on Monday. Shorter
bars are counted from the opening of the venue's session and end with its local day, so they never reach over midnight
and a change of the clocks moves none of them against the session. Where no zone is known everything is counted in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.market import Times
from qt_engine.data.time_zones import to_utc, zone
from qt_engine.data.venues import ALWAYS_OPEN, TIME_ZONES, UNKNOWN, bar_days, opening_ns

_WEEK_DAYS = 7
_MONDAY = 4
"""1970-01-05, in days since 1970."""
_HOUR_NS = DAY_NS // 24
_RECENT_NS = 10 * DAY_NS


@dataclass(frozen=True)
class Buckets:
    """The coarser bars that hold some finer ones.

    Attributes
    ----------
    index
        int64 `(T,)`: the bucket of each finer bar, from 0 on without holes.
    start, end
        int64 `(B,)`: UTC nanoseconds.
    """

    index: Times
    start: Times
    end: Times


def check_intervals(finer: str, coarser: str) -> None:
    """Whether bars of one interval can be made of bars of another.

    Raises
    ------
    InputError
        If the coarser one is not a multiple of the finer one, or longer than a day but not of whole days.
    """
    short, long = interval_ns(finer), interval_ns(coarser)
    if long % short:
        raise InputError(f"bars of {coarser} cannot be made of bars of {finer}; name a multiple of {finer}")
    if long > DAY_NS and long % DAY_NS:
        raise InputError(f"bars of {coarser} do not cover whole days; longer than a day, use d or w")


def find_buckets(ts: Times, close_ts: Times, finer: str, coarser: str, venue: str) -> Buckets:
    """The buckets of bars that open and close at these times.

    Raises
    ------
    InputError
        If the intervals do not fit, or a finer bar reaches over the end of its bucket.
    """
    check_intervals(finer, coarser)
    step = interval_ns(coarser)
    days = bar_days(ts, finer, venue)
    if step < DAY_NS:
        start, end = _within_days(ts, days, interval_ns(finer), step, venue)
    else:
        start, end = _whole_days(ts, days, step // DAY_NS, finer, venue)
    slack = 0 if is_intraday(finer) else _HOUR_NS  # bars of a day may be written down with 24 hours on a day of 23
    over = np.flatnonzero(close_ts > end + slack)
    if len(over):
        at = int(over[0])
        raise InputError(
            f"the {finer} bar of {iso(int(ts[at]))} reaches over {iso(int(end[at]))}, where a {coarser} bar of "
            f"{venue or 'this series'} ends"
        )
    is_first = np.ones(len(ts), bool)
    is_first[1:] = start[1:] != start[:-1]
    return Buckets(np.cumsum(is_first) - 1, start[is_first], end[is_first])


def is_over(start: int, end: int, until: int, ts: Times, finer: str, venue: str) -> bool:
    """Whether nothing can come any more for a bucket of which everything before `until` is known.

    Parameters
    ----------
    start, end, until
        UTC nanoseconds.
    ts
        When the finer bars up to `until` open.
    """
    if until >= end:
        return True
    if venue == ALWAYS_OPEN or not len(ts):
        return False
    by_date = not is_intraday(finer) and int(ts[-1]) % DAY_NS == 0
    if venue == UNKNOWN:
        rest = np.arange(until // DAY_NS, -(-end // DAY_NS))
        return by_date and bool(np.all((rest + 3) % _WEEK_DAYS >= 5))  # only a weekend is left
    from qt_engine.data.calendars import find_calendar, nanoseconds, session_days

    calendar = find_calendar(venue, min(start, until), end)
    if calendar is None:
        return False
    if by_date:
        days = session_days(calendar)
        return not np.any((days >= until // DAY_NS) & (days < end // DAY_NS))
    opens, closes = nanoseconds(calendar.schedule["open"]), nanoseconds(calendar.schedule["close"])
    if is_intraday(finer):
        recent = ts[ts >= max(until - _RECENT_NS, opens[0])]
        close = closes[np.searchsorted(opens, recent, side="right") - 1]
        on_same_day = bar_days(recent, finer, venue) == bar_days(close, finer, venue)
        if np.any((recent >= close) & on_same_day):  # trading goes on after hours: only the clock tells
            return False
    return not np.any((closes > until) & (opens < end))


def _within_days(ts: Times, days: Times, finer: int, step: int, venue: str) -> tuple[Times, Times]:
    every, position = np.unique(days, return_inverse=True)
    midnight, next_midnight = (_local(every + more, 0, venue)[position] for more in (0, 1))
    # bars that stand on full hours although the session opens at half past are counted from the hour before
    late = int((_local(every[:1], opening_ns(venue), venue) - ts[:1])[0] % finer) if len(ts) else 0
    opening = _local(every, opening_ns(venue) - late, venue)[position]
    start = opening + (ts - opening) // step * step
    return np.maximum(start, midnight), np.minimum(start + step, next_midnight)


def _whole_days(ts: Times, days: Times, length: int, finer: str, venue: str) -> tuple[Times, Times]:
    anchor = _MONDAY if length % _WEEK_DAYS == 0 else 0
    first = (days - anchor) // length * length + anchor
    every, where, position = np.unique(first, return_index=True, return_inverse=True)
    start, end = _local(every, 0, venue), _local(every + length, 0, venue)
    if not is_intraday(finer):  # what is labelled by date stays labelled by date
        dated = ts[where] % DAY_NS == 0
        start, end = np.where(dated, every * DAY_NS, start), np.where(dated, (every + length) * DAY_NS, end)
    return start[position], end[position]


def _local(days: Times, of_day: int, venue: str) -> Times:
    """UTC nanoseconds of a time of day at the venue, on days since 1970."""
    local = days * DAY_NS + of_day
    return to_utc(local, zone(TIME_ZONES[venue]))[0] if venue in TIME_ZONES else local
