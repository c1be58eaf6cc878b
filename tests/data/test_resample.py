"""Finer bars to coarser ones: the calendar, changes of the clock, what is not over, and what never changes on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import interval_ns
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import ACTIONS, DIVIDEND, FIELDS, SPLIT, Market
from qt_engine.data.resample import resample

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def at(text: str, zone: str = "UTC") -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**9


def walk(
    ts: np.ndarray, interval: str, venue: str | None, assets: int = 1, seed: int = 0, holes: float = 0.0
) -> Market:
    """Random bars with whole volumes, so that sums are exact."""
    chance = np.random.default_rng(seed)
    close = 100 + np.cumsum(chance.standard_normal((len(ts), assets)), axis=0) * 0.01
    open_ = close + chance.standard_normal(close.shape) * 0.01
    high, low = np.maximum(open_, close) + 0.005, np.minimum(open_, close) - 0.005
    volume = chance.integers(0, 1000, close.shape).astype(float)
    for column in (open_, high, low, close, volume):
        column[chance.random(close.shape) < 0] = np.nan
    missing = chance.random(close.shape) < holes
    for column in (open_, high, low, close, volume):
        column[missing] = np.nan
    symbols = [f"S{i}" for i in range(assets)]
    return market_from_arrays(symbols, interval, ts, open_, high, low, close, volume, venue=venue)


def same(a: Market, b: Market) -> bool:
    """Whether two markets hold the same; the last bar of a market always counts as the end of a session."""
    return replace(a, sample=b.sample).hash == b.hash and a.sample[:-1].tolist() == b.sample[:-1].tolist()


# ----------------------------------------------------------------------------------------------------- the rules of a bar


def test_open_high_low_close_and_volume() -> None:
    ts = at("2024-01-02T10:00:00") + np.arange(6) * 60_000_000_000
    market = market_from_arrays(
        ["X"], "1m", ts, [1, 2, 3, 4, 5, 6], [9, 4, 5, 6, 7, 8], [1, 0.5, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7],
        [10, 20, 30, 1, 2, 3], venue="24/7",
    )  # fmt: skip
    made = resample(market, "3m")
    assert made.ts.tolist() == ts[[0, 3]].tolist()
    assert made.close_ts.tolist() == [ts[3], ts[3] + 180_000_000_000]
    assert [getattr(made, name)[:, 0].tolist() for name in FIELDS] == [[1, 4], [9, 8], [0.5, 4], [4, 7], [60, 6]]
    assert made.interval == "3m"
    assert (made.venue, made.periods_per_year) == ("24/7", 365)


def test_an_asset_that_does_not_trade_has_nan_and_others_are_not_touched() -> None:
    ts = at("2024-01-02T10:00:00") + np.arange(4) * 60_000_000_000
    a = np.array([1.0, 2.0, np.nan, np.nan])
    b = np.array([np.nan, 5.0, 6.0, np.nan])
    prices = np.stack([a, b], axis=1)
    made = resample(market_from_arrays(["A", "B"], "1m", ts, *[prices] * 5, venue="24/7"), "2m")
    assert np.array_equal(made.open, [[1, 5], [np.nan, 6]], equal_nan=True)
    assert np.array_equal(made.close, [[2, 5], [np.nan, 6]], equal_nan=True)
    assert np.array_equal(made.volume, [[3, 5], [np.nan, 6]], equal_nan=True)
    assert same(
        made.asset(1), resample(market_from_arrays(["A", "B"], "1m", ts, *[prices] * 5, venue="24/7").asset(1), "2m")
    )


def test_the_spread_is_the_one_at_the_open() -> None:
    ts = at("2024-01-02T10:00:00") + np.arange(4) * 60_000_000_000
    market = market_from_arrays(["X"], "1m", ts, *[np.ones(4)] * 5, venue="24/7", spread=[0.1, 0.2, 0.3, 0.4])
    assert resample(market, "2m").spread.tolist() == [[0.1], [0.3]]


WRONG = [("5m", "7m", "multiple of 5m"), ("1h", "36h", "whole days"), ("5m", "1m", "multiple"), ("1d", "6h", "multiple"),
         ("1m", "1mo", "not known"), ("1m", "0m", "not known")]  # fmt: skip


@pytest.mark.parametrize(("finer", "coarser", "reason"), WRONG)
def test_intervals_that_do_not_fit(finer: str, coarser: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        resample(walk(np.arange(3) * interval_ns(finer), finer, "24/7"), coarser)


def test_bars_that_lie_across_the_grid_are_refused() -> None:
    ts = at("2024-01-02T10:00:00") + np.array([0, 3, 6]) * HOUR // 2
    with pytest.raises(InputError, match="reaches over 2024-01-02T12:00:00Z"):
        resample(walk(ts, "1h", "24/7"), "2h")


def test_the_same_interval_is_the_market_itself() -> None:
    market = walk(np.arange(3) * HOUR, "1h", "24/7")
    assert resample(market, "1h") is market
    assert resample(market, "60m").interval == "60m"


def test_no_bars_give_no_bars() -> None:
    assert len(resample(walk(np.arange(0), "1m", "XNYS"), "1d")) == 0


# ---------------------------------------------------------------------------------------------------------- the calendar


def hours(first: str, count: int, step: int = HOUR) -> np.ndarray:
    return at(first) + np.arange(count) * step


CLOCKS = [
    # zone's venue, first local day, day on which the clock changes, how many hours that has
    ("XNYS", "America/New_York", "2024-03-09", 23),
    ("XNYS", "America/New_York", "2024-11-02", 25),
    ("XLON", "Europe/London", "2024-03-30", 23),
    ("XLON", "Europe/London", "2024-10-26", 25),
    ("XETR", "Europe/Berlin", "2024-03-30", 23),
    ("XETR", "Europe/Berlin", "2024-10-26", 25),
    ("XASX", "Australia/Sydney", "2024-04-06", 25),
    ("XTKS", "Asia/Tokyo", "2024-03-30", 24),
]


@pytest.mark.parametrize(("venue", "zone", "saturday", "length"), CLOCKS)
def test_a_day_of_23_or_25_hours_is_one_day(venue: str, zone: str, saturday: str, length: int) -> None:
    start = at(f"{saturday}T00:00:00", zone)
    ts = start + np.arange(24 + length + 24) * HOUR
    market = walk(ts, "1h", venue)
    made = resample(market, "1d", until=int(ts[-1]) + HOUR)
    assert np.diff(made.ts).tolist() == [24 * HOUR, length * HOUR]
    assert (made.close_ts - made.ts).tolist() == [24 * HOUR, length * HOUR, 24 * HOUR]
    assert made.close_ts[:-1].tolist() == made.ts[1:].tolist()
    edges = [0, 24, 24 + length, 48 + length]
    assert made.volume[:, 0].tolist() == [market.volume[a:b].sum() for a, b in pairwise(edges)]
    assert made.open[:, 0].tolist() == market.open[edges[:-1], 0].tolist()
    # shorter bars on such a day: none reaches over midnight, none is lost, none overlaps
    short = resample(market, "4h", until=int(ts[-1]) + HOUR)
    assert short.volume.sum() == market.volume.sum()
    assert np.all(short.close_ts[:-1] <= short.ts[1:])
    midnights = {start, *(start + edge * HOUR for edge in edges)}
    for opens, closes in zip(short.ts.tolist(), short.close_ts.tolist(), strict=True):
        assert not any(opens < midnight < closes for midnight in midnights)


def session(day: str, venue_zone: str, first: str, last: str, step_minutes: int = 30) -> np.ndarray:
    return np.arange(at(f"{day}T{first}", venue_zone), at(f"{day}T{last}", venue_zone), step_minutes * 60 * 10**9)


def test_bars_are_counted_from_the_opening_of_the_session_on_both_sides_of_a_change_of_the_clock() -> None:
    days = ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"]
    ts = np.concatenate([session(day, "America/New_York", "09:30:00", "16:00:00") for day in days])
    made = resample(walk(ts, "30m", "XNYS"), "1h")
    assert len(made) == 4 * 7
    opens = [iso(time)[11:16] for time in made.ts.tolist()]
    assert opens[:7] == ["14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"]
    assert opens[7:14] == ["13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30"]
    assert made.sample.tolist() == [0, 0, 0, 0, 0, 0, 1] * 4
    daily = resample(walk(ts, "30m", "XNYS"), "1d")
    assert [iso(time) for time in daily.ts.tolist()] == [
        "2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z", "2024-11-01T04:00:00Z", "2024-11-04T05:00:00Z",
    ]  # fmt: skip
    assert daily.periods_per_year == 252


def test_bars_on_full_hours_stay_on_full_hours() -> None:
    ts = session("2024-07-02", "America/New_York", "09:00:00", "16:00:00", 60)
    made = resample(walk(ts, "1h", "XNYS"), "2h")
    assert [iso(time)[11:16] for time in made.ts.tolist()] == ["13:00", "15:00", "17:00", "19:00"]
    ts = session("2024-07-02", "America/New_York", "09:30:00", "16:00:00", 60)
    made = resample(walk(ts, "1h", "XNYS"), "2h")
    assert [iso(time)[11:16] for time in made.ts.tolist()] == ["13:30", "15:30", "17:30", "19:30"]


def test_weeks_begin_on_monday_whatever_day_comes_first() -> None:
    days = at("2024-01-03T00:00:00") + np.array([0, 1, 2, 5, 6, 7, 8, 9]) * DAY  # Wednesday on
    made = resample(walk(days, "1d", "XNYS"), "1w")
    assert [iso(time)[:10] for time in made.ts.tolist()] == ["2024-01-01", "2024-01-08"]
    assert (made.close_ts - made.ts).tolist() == [7 * DAY, 7 * DAY]
    assert made.periods_per_year == 52


def test_two_days_are_counted_from_1970() -> None:
    made = resample(walk(np.arange(6) * DAY + DAY, "1d", "24/7"), "2d")
    assert made.ts.tolist() == [0, 2 * DAY, 4 * DAY]


# ------------------------------------------------------------------------------------------------- what is not over yet

OVER = [
    # venue, last bar opens (local New York), daily bar of that day is there
    ("XNYS", "2024-07-02T15:30:00", True),
    ("XNYS", "2024-07-02T15:00:00", False),
    ("XNYS", "2024-07-03T12:30:00", True),  # a half day
    ("XNYS", "2024-07-02T12:30:00", False),
    (None, "2024-07-02T15:30:00", False),  # nobody knows when the session ends
    ("24/7", "2024-07-02T15:30:00", False),
]


@pytest.mark.parametrize(("venue", "last", "is_there"), OVER)
def test_the_last_day_counts_when_its_session_is_over(venue: str | None, last: str, is_there: bool) -> None:
    zone = "America/New_York"
    days = [
        session(f"2024-0{6 + (d > 30)}-{d if d <= 30 else d - 30:02d}", zone, "09:30:00", "16:00:00")
        for d in (27, 28, 31)
    ]
    end = at(last, zone)
    day = last[:10]
    ts = np.concatenate([*days, session(day, zone, "09:30:00", "16:00:00")])
    ts = ts[ts <= end]
    made = resample(walk(ts, "30m", venue), "1d")
    assert len(made) == 3 + is_there


def test_after_hours_only_the_clock_ends_a_day() -> None:
    zone = "America/New_York"
    ts = np.concatenate(
        [session("2024-07-01", zone, "09:30:00", "20:00:00"), session("2024-07-02", zone, "09:30:00", "16:00:00")]
    )
    assert len(resample(walk(ts, "30m", "XNYS"), "1d")) == 1
    assert len(resample(walk(ts, "30m", "XNYS"), "1d", until=at("2024-07-03T00:00:00", zone))) == 2


WEEKS = [
    ("XNYS", "2024-03-28", True),  # Good Friday follows
    ("XNYS", "2024-03-27", False),
    (None, "2024-03-29", True),
    (None, "2024-03-28", False),
    ("24/7", "2024-03-29", False),
    ("24/7", "2024-03-31", True),
]


@pytest.mark.parametrize(("venue", "last", "is_there"), WEEKS)
def test_the_last_week_counts_when_no_session_is_left(venue: str | None, last: str, is_there: bool) -> None:
    ts = np.arange(at("2024-03-25T00:00:00"), at(f"{last}T00:00:00") + 1, DAY)
    assert len(resample(walk(ts, "1d", venue), "1w")) == int(is_there)


# ------------------------------------------------------------------------------------------------------------ properties

VENUES = ["XNYS", "XLON", "24/7", None]
STEPS = [
    ("1m", ("5m", "15m", "1h", "4h", "1d", "1w")),
    ("1s", ("5s", "30s", "1m", "1h", "1d")),
    ("1ms", ("250ms", "1s", "1m")),
]


@st.composite
def markets(draw: st.DrawFn) -> tuple[Market, str, str]:
    interval, coarser = draw(st.sampled_from(STEPS))
    two = sorted(draw(st.lists(st.sampled_from(coarser), min_size=2, max_size=2)), key=interval_ns)
    start = at(
        draw(
            st.sampled_from(
                ["2024-03-08T14:30:00", "2024-11-01T20:00:00", "2024-03-29T08:00:00", "2023-12-29T14:30:00"]
            )
        )
    )
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 7, 60, 400, 1500]), min_size=2, max_size=60))
    ts = start + np.cumsum(gaps) * interval_ns(interval)
    market = walk(
        ts, interval, draw(st.sampled_from(VENUES)), draw(st.integers(1, 3)), draw(st.integers(0, 999)), draw(st.sampled_from([0, 0.3]))
    )  # fmt: skip
    return market, two[0], two[1]


@settings(deadline=None, max_examples=150)
@given(markets())
def test_resampling_twice_is_resampling_once(case: tuple[Market, str, str]) -> None:
    market, middle, coarse = case
    if interval_ns(coarse) % interval_ns(middle):
        return
    until = int(market.close_ts[-1]) + 400 * DAY  # everything is over
    once = resample(market, coarse, until=until)
    assert same(once, resample(resample(market, middle, until=until), coarse, until=until))


@settings(deadline=None, max_examples=150)
@given(markets())
def test_nothing_is_lost_and_highs_are_highest(case: tuple[Market, str, str]) -> None:
    market, _, coarse = case
    made = resample(market, coarse, until=int(market.close_ts[-1]) + 400 * DAY)
    assert np.nansum(made.volume, axis=0).tolist() == np.nansum(market.volume, axis=0).tolist()
    traded = ~np.isnan(made.open)
    assert np.all((made.high >= made.low)[traded])
    assert np.all((made.high >= np.maximum(made.open, made.close))[traded])
    assert np.all((made.low <= np.minimum(made.open, made.close))[traded])
    assert np.nanmax(made.high, axis=0, initial=0).tolist() == np.nanmax(market.high, axis=0, initial=0).tolist()
    assert np.all(made.close_ts > made.ts)
    assert np.all(made.close_ts[:-1] <= made.ts[1:])
    for asset in range(len(market.symbols)):
        mine = ~np.isnan(market.open[:, asset])
        assert made.open[traded[:, asset], asset][:1].tolist() == market.open[mine, asset][:1].tolist()
        assert made.close[traded[:, asset], asset][-1:].tolist() == market.close[mine, asset][-1:].tolist()


@settings(deadline=None, max_examples=150)
@given(markets(), st.data())
def test_more_data_never_changes_a_bar_that_was_there(case: tuple[Market, str, str], data: st.DataObject) -> None:
    market, _, coarse = case
    if market.venue not in ("24/7", ""):
        # after hours a session's end says nothing; such bars must have been seen for that
        market = replace(market, venue="24/7")
    before = resample(market.head(data.draw(st.integers(1, len(market)))), coarse)
    after = resample(market, coarse)
    assert len(before) <= len(after)
    assert same(before, after.head(len(before)))


def test_a_growing_session_never_changes_a_bar() -> None:
    zone = "America/New_York"
    days = ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08"]
    ends = ["16:00:00", "16:00:00", "13:00:00", "16:00:00", "16:00:00"]
    ts = np.concatenate([session(day, zone, "09:30:00", end) for day, end in zip(days, ends, strict=True)])
    market = walk(ts, "30m", "XNYS", 2, holes=0.1)
    for coarse, count in (("1h", 32), ("1d", 5), ("1w", 1)):
        whole = resample(market, coarse)
        assert len(whole) == count
        for bars in range(1, len(market)):
            part = resample(market.head(bars), coarse)
            assert same(part, whole.head(len(part)))


# --------------------------------------------------------------------------------------------------------------- actions


def test_actions_stand_before_the_first_bar_that_opens_at_or_after_them() -> None:
    ts = np.arange(8) * HOUR
    actions = np.array(
        [(0, 0, DIVIDEND, 0.1), (4, 0, SPLIT, 2.0), (5, 0, DIVIDEND, 0.2), (7, 0, DIVIDEND, 0.3)], ACTIONS
    )
    market = replace(walk(ts, "1h", "24/7"), actions=actions)
    made = resample(market, "4h")
    assert made.actions.tolist() == [(0, 0, DIVIDEND, 0.1), (1, 0, SPLIT, 2.0)]
    assert same(made, replace(resample(replace(market, actions=actions[:0]), "4h"), actions=made.actions))


def test_the_rest_of_a_bar_after_a_split_is_in_units_of_before() -> None:
    prices = np.array([100.0, 101.0, 51.0, 52.0, 53.0, 54.0])
    actions = np.array([(2, 0, SPLIT, 2.0)], ACTIONS)
    market = market_from_arrays(
        ["X"], "1h", np.arange(6) * HOUR, *[prices] * 4, np.full(6, 10.0), venue="24/7", actions=actions
    )  # fmt: skip
    made = resample(market, "3h")
    assert (made.open[0, 0], made.high[0, 0], made.low[0, 0], made.close[0, 0]) == (100, 102, 100, 102)
    assert made.volume[:, 0].tolist() == [25, 30]
    assert made.actions.tolist() == [(1, 0, SPLIT, 2.0)]
    assert made.open[1, 0] == 52
    assert same(resample(resample(market, "2h"), "6h", until=6 * HOUR), resample(market, "6h", until=6 * HOUR))
