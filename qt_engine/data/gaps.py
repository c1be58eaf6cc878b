"""Bars that should be there and are not.

What should be there is said by the venue's calendar where exchange-calendars knows it (sessions, half days, lunch breaks);
at a venue that never closes, or one whose calendar is not known, by the grid of the interval. Where no venue is known at all
a weekend is no gap, and shorter bars are held against the grid of each UTC day only from its first bar to its last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.venues import ALWAYS_OPEN, UNKNOWN, local_times

Times = NDArray[np.int64]
_PADDING_DAYS = 10


@dataclass(frozen=True)
class Gap:
    """Missing bars in a row: when the first and the last of them should open (UTC nanoseconds), and how many they are."""

    start_ts: int
    end_ts: int
    missing: int


def find_gaps(ts: Times, interval: str, venue: str) -> tuple[str, tuple[Gap, ...]]:
    """What the bars were held against, and the gaps, in order of time. `ts` must increase strictly."""
    step = interval_ns(interval)
    if len(ts) < 2:
        return "nothing, for there are fewer than two bars", ()
    calendar = _calendar(venue, ts) if venue not in (ALWAYS_OPEN, UNKNOWN) and step <= DAY_NS else None
    if calendar is not None and is_intraday(interval):
        return f"sessions of {venue}", _missing(_session_slots(calendar, ts, step), ts, step)
    if calendar is not None:
        return f"sessions of {venue}", _missing_days(_session_days(calendar), _days(ts, venue))
    if venue == UNKNOWN and is_intraday(interval):
        return f"every {interval} within each UTC day, and every weekday", _grid_within_days(ts, step)
    if venue == UNKNOWN and step == DAY_NS:
        days = ts // DAY_NS
        every = np.arange(days[0], days[-1] + 1)
        return "every weekday", _missing_days(every[_is_weekday(every)], days)
    return f"every {interval}", _grid(ts, step)


def _grid(ts: Times, step: int) -> tuple[Gap, ...]:
    """Gaps of whole steps; a day of 23 or 25 hours is none."""
    missing = np.round(np.diff(ts) / step).astype(np.int64) - 1
    return tuple(
        Gap(int(ts[i]) + step, int(ts[i]) + step * int(missing[i]), int(missing[i]))
        for i in np.flatnonzero(missing > 0)
    )


def _grid_within_days(ts: Times, step: int) -> tuple[Gap, ...]:
    days = ts // DAY_NS
    missing = np.round(np.diff(ts) / step).astype(np.int64) - 1
    inside = np.flatnonzero((missing > 0) & (np.diff(days) == 0))
    gaps = [Gap(int(ts[i]) + step, int(ts[i]) + step * int(missing[i]), int(missing[i])) for i in inside]
    present = np.unique(days)
    every = np.arange(present[0], present[-1] + 1)
    bars_a_day = int(np.median(np.unique(days, return_counts=True)[1]))
    gaps += [
        Gap(gap.start_ts, gap.end_ts, gap.missing * bars_a_day)
        for gap in _missing_days(every[_is_weekday(every)], present)
    ]
    return tuple(sorted(gaps, key=lambda gap: gap.start_ts))


def _missing_days(expected: Times, present: Times) -> tuple[Gap, ...]:
    """Days (numbers since 1970) that were expected between the first and the last present one and are missing."""
    expected = expected[(expected >= present[0]) & (expected <= present[-1])]
    absent = ~np.isin(expected, present)
    return _runs(expected * DAY_NS, absent)


def _missing(slots: Times, ts: Times, step: int) -> tuple[Gap, ...]:
    """Slots, given by their beginnings, in which no bar opens, between the first and the last bar."""
    slots = slots[(slots > ts[0] - step) & (slots <= ts[-1])]
    absent = np.searchsorted(ts, slots) == np.searchsorted(ts, slots + step)
    return _runs(slots, absent)


def _runs(expected: Times, absent: NDArray[np.bool_]) -> tuple[Gap, ...]:
    """Neighbours in `expected` that are absent, as one gap each."""
    edges = np.diff(np.concatenate([[0], absent.astype(np.int8), [0]]))
    return tuple(
        Gap(int(expected[first]), int(expected[last - 1]), int(last - first))
        for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    )


def _is_weekday(days: Times) -> NDArray[np.bool_]:
    return (days + 3) % 7 < 5  # 1970-01-01 was a Thursday


def _days(ts: Times, venue: str) -> Times:
    """The day that a daily bar is for: its UTC date if it is labelled with a UTC midnight, else the date at the venue."""
    return np.where(ts % DAY_NS == 0, ts, local_times(ts, venue)) // DAY_NS


def _calendar(venue: str, ts: Times) -> Any:
    """The venue's calendar around these times, or None where none is known."""
    import exchange_calendars
    import pandas as pd

    padding = pd.Timedelta(days=_PADDING_DAYS)
    try:
        return exchange_calendars.get_calendar(
            venue,
            start=(pd.Timestamp(int(ts[0])) - padding).normalize(),
            end=(pd.Timestamp(int(ts[-1])) + padding).normalize(),
        )
    except (exchange_calendars.errors.CalendarError, ValueError):
        return None  # not a venue it knows, or not at that time


def _session_days(calendar: Any) -> Times:
    return _nanoseconds(calendar.schedule.index) // DAY_NS


def _session_slots(calendar: Any, ts: Times, step: int) -> Times:
    """When bars of this length should open: counted from the opening of each session, lunch breaks left out."""
    schedule = calendar.schedule
    around = (_nanoseconds(schedule["close"]) > ts[0]) & (_nanoseconds(schedule["open"]) <= ts[-1])
    schedule = schedule[around]
    opens, closes = _nanoseconds(schedule["open"]), _nanoseconds(schedule["close"])
    counts = -(-(closes - opens) // step)
    session = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    slots = opens[session] + position * step
    has_break = schedule["break_start"].notna().to_numpy()
    starts = np.where(has_break, _nanoseconds(schedule["break_start"]), 0)[session]
    ends = np.where(has_break, _nanoseconds(schedule["break_end"]), 0)[session]
    kept = slots[~((slots >= starts) & (slots + step <= ends) & has_break[session])]
    return np.asarray(kept, np.int64)


def _nanoseconds(times: Any) -> Times:
    """pandas times, whatever their zone and unit, as UTC nanoseconds."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    utc = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    return np.asarray(utc.to_numpy().astype("datetime64[ns]").astype(np.int64), np.int64)
