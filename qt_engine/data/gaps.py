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

from qt_engine.core.clock import SECOND
from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.calendars import Times, find_calendar, nanoseconds, session_days
from qt_engine.data.venues import ALWAYS_OPEN, UNKNOWN, bar_days

_SLOTS_AT_ONCE = 4_000_000


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
    if step < SECOND:
        return "nothing, for bars this short stand only where something was traded", ()
    has_sessions = venue not in (ALWAYS_OPEN, UNKNOWN) and step <= DAY_NS
    calendar = find_calendar(venue, int(ts[0]), int(ts[-1])) if has_sessions else None
    if calendar is not None and is_intraday(interval):
        return f"sessions of {venue}", _missing_in_sessions(calendar, ts, step)
    if calendar is not None:
        return f"sessions of {venue}", _missing_days(session_days(calendar), bar_days(ts, interval, venue))
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


def _missing_in_sessions(calendar: Any, ts: Times, step: int) -> tuple[Gap, ...]:
    """Slots of sessions in which no bar opens, between the first and the last bar.

    Some million slots at a time: ten years of seconds are sixty million.
    """
    schedule = calendar.schedule
    opens, closes = nanoseconds(schedule["open"]), nanoseconds(schedule["close"])
    around = np.flatnonzero((closes > ts[0]) & (opens <= ts[-1]))
    slots_before = np.cumsum((closes[around] - opens[around]) // step)
    cuts = np.flatnonzero(np.diff(slots_before // _SLOTS_AT_ONCE)) + 1
    gaps: list[Gap] = []
    is_open_ended = False
    for sessions in np.split(around, cuts):
        slots = _session_slots(schedule.iloc[sessions], step)
        slots = slots[(slots > ts[0] - step) & (slots <= ts[-1])]
        absent = np.searchsorted(ts, slots) == np.searchsorted(ts, slots + step)
        found = list(_runs(slots, absent))
        if found and is_open_ended and absent[0]:
            before = gaps.pop()
            found[0] = Gap(before.start_ts, found[0].end_ts, before.missing + found[0].missing)
        gaps += found
        is_open_ended = bool(absent[-1]) if len(absent) else is_open_ended
    return tuple(gaps)


def _runs(expected: Times, absent: NDArray[np.bool_]) -> tuple[Gap, ...]:
    """Neighbours in `expected` that are absent, as one gap each."""
    edges = np.diff(np.concatenate([[0], absent.astype(np.int8), [0]]))
    return tuple(
        Gap(int(expected[first]), int(expected[last - 1]), int(last - first))
        for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    )


def _is_weekday(days: Times) -> NDArray[np.bool_]:
    return (days + 3) % 7 < 5  # 1970-01-01 was a Thursday


def _session_slots(schedule: Any, step: int) -> Times:
    """When bars of this length should open: counted from the opening of each session, lunch breaks left out."""
    opens, closes = nanoseconds(schedule["open"]), nanoseconds(schedule["close"])
    counts = -(-(closes - opens) // step)
    session = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    slots = opens[session] + position * step
    has_break = schedule["break_start"].notna().to_numpy()
    starts = np.where(has_break, nanoseconds(schedule["break_start"]), 0)[session]
    ends = np.where(has_break, nanoseconds(schedule["break_end"]), 0)[session]
    kept = slots[~((slots >= starts) & (slots + step <= ends) & has_break[session])]
    return np.asarray(kept, np.int64)
