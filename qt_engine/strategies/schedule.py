"""The bars at whose close a portfolio is decided anew, each known to be one by then.

Whether a bar is the last of its month depends on when the next one opens, which nobody knows yet at its close. So the
rule reads only the times up to the bar: a bar ends a period where the bar that is due next (on a weekday, but at venues
that never close) would open in another one. Where no bar did, because the venue was closed on the period's last weekday
or because sessions end before the day does, the first bar of the next period makes up for it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.market import Market
from qt_engine.data.venues import local_times

Times: TypeAlias = NDArray[np.int64]
Period = Literal["week", "month", "quarter"]

_DAYS_OF_ALWAYS_OPEN = 365.0
_WEEK = 7


def every_bars(market: Market, bars: int) -> Times:
    """Every `bars`-th bar, the first one after so many bars: int64 `(R,)`."""
    return np.arange(bars - 1, len(market), bars, dtype=np.int64)


def period_ends(market: Market, period: Period) -> Times:
    """The last bars of weeks (from Monday), months or quarters, as well as they can be known: int64 `(R,)`.

    For the first bars of a market they are the first part of those of the whole.
    """
    if not len(market):
        return np.empty(0, np.int64)
    today, due = _days(market)
    here, there = _period(today, period), _period(due, period)
    ends = there != here
    bars = np.flatnonzero(ends)
    # A day on which the venue opened against expectation does not end a period twice.
    bars = bars[np.concatenate([[True], here[bars[1:]] != here[bars[:-1]]])] if len(bars) else bars
    changed = np.flatnonzero(here[1:] != here[:-1])
    missed = changed[~np.isin(here[changed], here[bars])]
    decided = np.zeros(len(here), np.bool_)
    decided[bars] = decided[missed + 1] = True
    return np.flatnonzero(decided)


def _days(market: Market) -> tuple[Times, Times]:
    """For every bar the day of its session and the day on which the bar that is due next would open, since 1970-01-01."""
    step = interval_ns(market.interval)
    if market.periods_per_year == _DAYS_OF_ALWAYS_OPEN / max(step / DAY_NS, 1.0):
        return market.ts // DAY_NS, (market.ts + step) // DAY_NS
    if is_intraday(market.interval):
        # Whether a bar begins a session is known from the bar itself; whether it ends one only from the next bar. A
        # session has the day on which it begins, also where it goes on past midnight.
        begins = np.concatenate([[True], market.sample[:-1] == 1])
        days = local_times(market.ts[begins], market.venue) // DAY_NS
        session = days[np.cumsum(begins) - 1]
        return session, session
    # A daily bar is labelled with its date at UTC midnight, or with a time at its venue.
    clock = market.ts
    if (clock % DAY_NS != 0).any():
        clock = np.where(clock % DAY_NS == 0, clock, local_times(clock, market.venue))
    due = (clock + step) // DAY_NS
    if step < _WEEK * DAY_NS:
        weekday = (due + 3) % _WEEK  # 1970-01-01 was a Thursday; Monday is 0
        due = np.where(weekday >= 5, due + _WEEK - weekday, due)
    return clock // DAY_NS, due


def _period(days: Times, period: Period) -> Times:
    """A number for each day that is the same for all days of its period."""
    if period == "week":
        return np.asarray((days + 3) // _WEEK, np.int64)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months if period == "month" else np.asarray(months // 3, np.int64)
