"""A portfolio is decided at the end of its periods, and nobody needs to have seen the next bar to know it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.intervals import DAY_NS, interval_ns
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.data.venues import local_times
from qt_engine.strategies.schedule import Period, every_bars, period_ends

HOUR_NS = DAY_NS // 24


def market_at(ts: np.ndarray, interval: str = "1d", venue: str | None = None) -> Market:
    price = np.full(len(ts), 100.0)
    return market_from_arrays(["A"], interval, ts, price, price, price, price, price, venue=venue)


def days(first: str, last: str, *closed: str, weekends: bool = False) -> np.ndarray:
    every = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    kept = (
        np.ones(len(every), bool) if weekends else np.is_busday(every, holidays=[np.datetime64(day) for day in closed])
    )
    return every[kept].astype("datetime64[ns]").astype(np.int64)


def decided(market: Market, period: Period) -> list[str]:
    return [
        str(np.datetime64(int(market.ts[bar]), "ns").astype("datetime64[D]")) for bar in period_ends(market, period)
    ]


# (bars, period, days that are decided)
DAILY = [
    (days("2021-01-04", "2021-04-05"), "month", ["2021-01-29", "2021-02-26", "2021-03-31"]),
    (days("2021-01-04", "2021-07-02"), "quarter", ["2021-03-31", "2021-06-30"]),
    (days("2021-01-04", "2021-01-21"), "week", ["2021-01-08", "2021-01-15"]),
    # the month ends on a weekend; the last bar of the data is known to be the last of its month
    (days("2021-07-01", "2021-07-30"), "month", ["2021-07-30"]),
    # Memorial Day, the last weekday of May 2021: nobody can know on Friday without a calendar
    (days("2021-05-03", "2021-06-15", "2021-05-31"), "month", ["2021-06-01"]),
    # Good Friday: decided on Monday, and the week after in time
    (days("2021-03-29", "2021-04-12", "2021-04-02"), "week", ["2021-04-05", "2021-04-09"]),
    # a whole month without bars is made up for once
    (days("2021-01-04", "2021-04-02", *[f"2021-02-{day:02}" for day in range(1, 29)]), "month", ["2021-01-29", "2021-03-31"]),
    (days("2021-01-04", "2021-01-08"), "month", []),
    (days("2021-01-29", "2021-01-29"), "month", ["2021-01-29"]),
    (np.empty(0, np.int64), "month", []),
]  # fmt: skip


@pytest.mark.parametrize(("ts", "period", "expected"), DAILY)
def test_daily_bars(ts: np.ndarray, period: Period, expected: list[str]) -> None:
    assert decided(market_at(ts), period) == expected


def test_a_session_on_a_saturday_ends_no_month_twice() -> None:
    ts = np.sort(np.append(days("2021-01-25", "2021-02-05"), days("2021-01-30", "2021-01-30", weekends=True)))
    market = replace(market_at(ts), periods_per_year=252.0)
    assert decided(market, "month") == ["2021-01-29"]


def test_venues_that_never_close_have_weekends_too() -> None:
    market = market_at(days("2021-01-04", "2021-03-02", weekends=True), venue="24/7")
    assert decided(market, "month") == ["2021-01-31", "2021-02-28"]
    assert decided(market, "week")[:2] == ["2021-01-10", "2021-01-17"]


def test_hours_of_a_venue_that_never_closes() -> None:
    start = int(np.datetime64("2021-01-30", "ns").astype(np.int64))
    market = market_at(start + HOUR_NS * np.arange(72), "1h", "24/7")
    assert period_ends(market, "month").tolist() == [47]


def test_shorter_bars_of_sessions_decide_in_the_first_bar_of_the_new_period() -> None:
    opens = days("2021-01-25", "2021-02-05") + 14 * HOUR_NS
    ts = (opens[:, None] + HOUR_NS * np.arange(7)).reshape(-1)
    market = market_at(ts, "1h", "XNYS")
    assert period_ends(market, "month").tolist() == [35]
    assert period_ends(market, "week").tolist() == [35]


def test_a_session_has_the_day_on_which_it_begins() -> None:
    # Sessions from 22:00 to 20:00 UTC of the next day, as futures have them.
    ts = np.concatenate([days("2021-01-31", "2021-01-31", weekends=True) + 22 * HOUR_NS + HOUR_NS * np.arange(22),
                         days("2021-02-01", "2021-02-01") + 22 * HOUR_NS + HOUR_NS * np.arange(22)])  # fmt: skip
    sample = np.zeros(44, np.uint8)
    sample[[21, 43]] = 1
    market = replace(market_at(ts, "1h"), sample=sample, periods_per_year=252.0)
    assert period_ends(market, "month").tolist() == [22]


def test_daily_bars_that_are_labelled_with_a_time_have_the_date_of_their_venue() -> None:
    expected = ["2021-01-29", "2021-02-26"]
    tokyo = days("2021-01-04", "2021-03-03") - 9 * HOUR_NS  # midnight there
    market = market_at(tokyo, venue="XTKS")
    bars = [
        str(np.datetime64(int(market.ts[bar] + 9 * HOUR_NS), "ns").astype("datetime64[D]"))
        for bar in period_ends(market, "month")
    ]
    assert bars == expected
    assert decided(market_at(days("2021-01-04", "2021-03-03") + 21 * HOUR_NS, venue="XNYS"), "month") == expected


def test_hours_at_a_venue_whose_day_begins_before_that_of_utc() -> None:
    opens = days("2021-01-25", "2021-02-05") - HOUR_NS  # 10:00 in Sydney, in summer
    ts = (opens[:, None] + HOUR_NS * np.arange(6)).reshape(-1)
    assert period_ends(market_at(ts, "1h", "XASX"), "month").tolist() == [30]


def test_weeks_as_bars() -> None:
    ts = days("2021-01-04", "2021-04-30")[::5]
    market = market_at(ts, "1w")
    assert period_ends(market, "week").tolist() == list(range(len(ts)))
    assert decided(market, "month") == ["2021-01-25", "2021-02-22", "2021-03-29", "2021-04-26"]


@pytest.mark.parametrize(("bars", "expected"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [2, 5]), (7, [6]), (8, [])])
def test_every_so_many_bars(bars: int, expected: list[int]) -> None:
    assert every_bars(market_at(days("2021-01-04", "2021-01-12")), bars).tolist() == expected


@pytest.mark.parametrize("length", [2520, 2519, 700, 41, 1])
def test_weekdays_without_holidays_give_the_last_bars_of_months_exactly(length: int) -> None:
    market = market_at(days("2010-01-04", "2029-12-31")[:length])
    months = market.ts.astype("datetime64[ns]").astype("datetime64[M]")
    expected = np.nonzero(months[1:] != months[:-1])[0].tolist()
    last = np.datetime64(int(market.ts[-1]), "ns").astype("datetime64[D]")
    if np.busday_offset(last, 1).astype("datetime64[M]") != last.astype("datetime64[M]"):
        expected.append(length - 1)  # known at its close, though the data ends here
    assert period_ends(market, "month").tolist() == expected


@st.composite
def calendars(draw: st.DrawFn) -> Market:
    """Bars of all kinds of venues, with holidays."""
    interval = draw(st.sampled_from(("1d", "1d", "1d", "1h", "4h", "1w", "2d", "30m")))
    step = interval_ns(interval)
    count = draw(st.integers(1, 400))
    start = date(2020, 1, 1).toordinal() - date(1970, 1, 1).toordinal() + draw(st.integers(0, 800))
    ts = start * DAY_NS + draw(st.sampled_from((0, 5, 15, 22))) * HOUR_NS + step * np.arange(count)
    open_ = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random(count) < draw(
        st.sampled_from((1.0, 0.9, 0.5))
    )
    if draw(st.booleans()):
        open_ &= (ts // DAY_NS + 3) % 7 < 5
    if step < DAY_NS and draw(st.booleans()):
        open_ &= (ts % DAY_NS) // HOUR_NS < 20
    ts = ts[open_]
    venue = draw(st.sampled_from((None, "24/7", "XNYS", "XASX")))
    return market_at(ts, interval, venue)


@given(calendars(), st.sampled_from(("week", "month", "quarter")), st.integers(0, 400))
def test_cutting_off_the_future_changes_no_earlier_decision(market: Market, period: Period, bars: int) -> None:
    whole = period_ends(market, period)
    assert (np.diff(whole) > 0).all()
    assert whole.dtype == np.int64
    head = market.head(min(bars, len(market)))
    assert period_ends(head, period).tolist() == [bar for bar in whole if bar < len(head)]
    # Nor does a market that was made of the first bars alone and so knows no session's end after them.
    if len(head):
        alone = replace(head, sample=np.concatenate([head.sample[:-1], [1]]).astype(np.uint8))
        assert period_ends(alone, period).tolist() == period_ends(head, period).tolist()


@given(calendars(), st.sampled_from(("week", "month", "quarter")))
def test_each_period_that_is_over_is_decided_by_the_first_bar_after_it(market: Market, period: Period) -> None:
    if market.interval != "1d":
        return
    number = numbers_of(market, period)
    decisions = set(period_ends(market, period).tolist())
    over = np.flatnonzero(number[1:] != number[:-1])
    for last in over:
        in_time = {bar for bar in np.flatnonzero(number == number[last]).tolist() if bar in decisions}
        assert in_time or last + 1 in decisions
    assert len(decisions) <= len(over) + 1


def numbers_of(market: Market, period: Period) -> np.ndarray:
    """The week, month or quarter of every daily bar."""
    clock = np.where(market.ts % DAY_NS == 0, market.ts, local_times(market.ts, market.venue))
    if market.periods_per_year == 365.0:
        clock = market.ts
    months = clock.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    return {"week": (clock // DAY_NS + 3) // 7, "month": months, "quarter": months // 3}[period]
