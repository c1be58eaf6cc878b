"""Markets, pages and quality of what is stored."""

from __future__ import annotations

import exchange_calendars  # type: ignore[import-untyped]
import numpy as np
import pytest

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import Rows, market_from_arrays
from qt_engine.data.gaps import find_gaps
from qt_engine.data.quality import find_outliers, find_stale
from qt_engine.data.service import DataService
from qt_engine.data.venues import OPENS, TIME_ZONES
from qt_engine.storage.lake import write_parquet

MINUTE_NS = 60 * 10**9
MONDAY = int(np.datetime64("2024-01-08").astype("datetime64[ns]").astype(np.int64))


def put(
    data: DataService,
    ts: np.ndarray,
    symbol: str = "X",
    interval: str = "1d",
    venue: str | None = None,
    **columns: np.ndarray,
) -> None:
    close = columns.get("close", 100.0 + np.arange(len(ts)) % 7)
    path = data.folder.parent / "bars.parquet"
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    write_parquet(path, {"timestamp": ts.astype("datetime64[ns]"), **prices, "volume": np.ones(len(ts))})
    data.import_file(path, symbol=symbol, interval=interval, venue=venue)


def iso_days(*days: str) -> np.ndarray:
    return np.array(days, "datetime64[D]").astype("datetime64[ns]").astype(np.int64)


def test_symbols_share_one_axis_with_nan_where_one_does_not_trade(data: DataService) -> None:
    put(data, iso_days("2024-01-01", "2024-01-02", "2024-01-04"), "A")
    put(data, iso_days("2024-01-02", "2024-01-03"), "B")
    market = data.load(["B", "A"])
    assert market.symbols == ("B", "A")
    assert market.ts.tolist() == iso_days("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04").tolist()
    assert np.isnan(market.close).tolist() == [[True, False], [False, False], [False, True], [True, False]]
    assert np.isnan(market.volume).tolist() == np.isnan(market.close).tolist()
    assert [symbol for symbol, _ in market.sources] == ["B", "A"]


BOUNDS = [
    (None, None, 5), ("2024-01-02", None, 4), (None, "2024-01-04", 4), ("2024-01-02", "2024-01-02", 1),
    ("2024-01-01T00:00:01", "2024-01-03T00:00:00Z", 2), (MONDAY - 7 * DAY_NS, MONDAY - 7 * DAY_NS, 1),
    ("2023-12-31T23:00-01:00", "2024-01-01", 1), ("1500-01-01", "9999-12-31", 5),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "bars"), BOUNDS)
def test_start_and_end_are_inclusive(
    data: DataService, start: str | int | None, end: str | int | None, bars: int
) -> None:
    put(data, iso_days(*(f"2024-01-0{day}" for day in range(1, 6))))
    assert len(data.load("X", None, start, end)) == bars
    assert data.bars("X", start=start, end=end).total == bars


def test_what_cannot_be_loaded_is_named(data: DataService) -> None:
    with pytest.raises(NotFoundError, match="--sample"):
        data.load("AAPL")
    put(data, iso_days("2024-01-01"), "AAPL")
    put(data, iso_days("2024-01-01"), "MSFT")
    put(data, iso_days("2024-01-01"), "MSFT", interval="1h")
    cases = {
        "did you mean 'AAPL'": (["AAPL", "AAPPL"], None), "not stored at 5m": ("AAPL", "5m"),
        "choose an interval": ("MSFT", None), "each symbol once": (["AAPL", "AAPL"], "1d"), "at least one": ([], None),
    }  # fmt: skip
    for reason, (symbols, interval) in cases.items():
        with pytest.raises(InputError, match=reason):
            data.load(symbols, interval)
    assert data.load(["AAPL", "MSFT"]).interval == "1d"
    for bound in ("soon", "2024-13-01", "", "2024-01-01T25:00"):
        with pytest.raises(InputError, match="is no date"):
            data.load("AAPL", None, bound)
    with pytest.raises(InputError, match="start 2024-02-01 is after end 2024-01-01"):
        data.load("AAPL", None, "2024-02-01", "2024-01-01")
    with pytest.raises(InputError, match="start 2024-02-01 is after end 2024-01-01"):
        data.bars("AAPL", start="2024-02-01", end="2024-01-01")
    with pytest.raises(InputError, match="no bars in that time"):
        data.load("AAPL", None, "2025-01-01")


def test_pages_of_a_million_bars_are_the_bars(data: DataService) -> None:
    ts = MONDAY + MINUTE_NS * np.arange(1_000_000)
    put(data, ts[:600_000], interval="1m")
    put(data, ts[900_000:], interval="1m")
    put(data, ts[600_000:900_000], interval="1m")
    close = 100.0 + np.concatenate([np.arange(600_000), np.arange(300_000), np.arange(100_000)]) % 7
    assert data.bars("X", limit=0).total == 1_000_000
    for offset, limit in ((0, 3), (599_998, 5), (899_999, 2), (999_998, 10), (1_000_000, 5), (2_000_000, 5)):
        page = data.bars("X", offset=offset, limit=limit)
        assert page.close.tolist() == close[offset : offset + limit].tolist()
        assert page.ts.tolist() == ts[offset : offset + limit].tolist()
    start = int(ts[700_001])
    page = data.bars("X", start=start, end=int(ts[700_010]), offset=4, limit=4)
    assert (page.total, page.ts.tolist()) == (10, ts[700_005:700_009].tolist())
    with pytest.raises(InputError, match="negative"):
        data.bars("X", offset=-1)


SAMPLES = [
    # interval, venue, bars (UTC), which of them end their session, periods a year
    ("1d", "XNYS", ["2024-01-05", "2024-01-08"], [1, 1], 252),
    ("1d", None, ["2024-01-05", "2024-01-08"], [1, 1], 252),
    ("1d", None, ["2024-01-05", "2024-01-06"], [1, 1], 365),
    ("1d", "BINANCE", ["2024-01-05", "2024-01-06"], [1, 1], 365),
    ("1d", "XNYS", ["2024-01-05", "2024-01-06"], [1, 1], 252),
    ("1w", None, ["2024-01-07", "2024-01-14"], [1, 1], 52),
    ("1h", None, ["2024-01-08T22", "2024-01-08T23", "2024-01-09T00", "2024-01-09T01"], [0, 1, 0, 1], 252),
    ("1h", "24/7", ["2024-01-08T22", "2024-01-08T23", "2024-01-09T00"], [0, 1, 1], 365),
    ("1h", "XTKS", ["2024-01-08T14", "2024-01-08T15", "2024-01-09T00"], [1, 0, 1], 252),
    ("1h", "XNYS", ["2024-01-09T00", "2024-01-09T04", "2024-01-09T05", "2024-01-09T15"], [0, 1, 0, 1], 252),
    ("1h", "XNYS", ["2024-07-09T03", "2024-07-09T04"], [1, 1], 252),
    ("1h", "XNYS", ["2024-03-10T04", "2024-03-10T05", "2024-03-11T03", "2024-03-11T04"], [1, 0, 1, 1], 252),
]  # fmt: skip


@pytest.mark.parametrize(("interval", "venue", "times", "sample", "periods"), SAMPLES)
def test_sessions(interval: str, venue: str | None, times: list[str], sample: list[int], periods: float) -> None:
    ts = np.array(times, "datetime64[ns]").astype(np.int64)
    price = np.ones(len(ts))
    market = market_from_arrays(["X"], interval, ts, price, price, price, price, price, venue=venue)
    assert market.sample.tolist() == sample
    assert market.periods_per_year == periods
    assert (market.close_ts > market.ts).all()


def test_venue_zones_are_those_of_the_calendar_library() -> None:
    known = set(exchange_calendars.get_calendar_names(include_aliases=True))
    checked = 0
    for venue, zone in TIME_ZONES.items():
        if venue in known - {"XTAE"}:  # the library cannot build Tel Aviv for a part of its years
            calendar = exchange_calendars.get_calendar(venue, start="2024-01-01", end="2024-02-01")
            assert str(calendar.tz) == zone, venue
            assert calendar.open_times[-1][1].strftime("%H:%M") == OPENS[venue], venue
            checked += 1
    assert checked >= 30
    assert set(OPENS) == set(TIME_ZONES)


def test_a_daily_bar_on_a_day_of_23_hours_closes_when_the_next_one_opens() -> None:
    ts = np.array(["2024-03-09T05", "2024-03-10T05", "2024-03-11T04", "2024-03-12T04"], "datetime64[ns]").astype(
        np.int64
    )
    market = market_from_arrays(["X"], "1d", ts, *[np.ones(4)] * 5, venue="XNYS")
    assert (market.close_ts - market.ts).tolist() == [DAY_NS, 23 * 60 * MINUTE_NS, DAY_NS, DAY_NS]
    week = market_from_arrays(["X"], "1w", ts, *[np.ones(4)] * 5, venue="XNYS")
    assert (week.close_ts - week.ts).tolist() == [7 * DAY_NS] * 4


def test_gaps_of_seconds_are_found_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    days = ["2024-01-10", "2024-01-11", "2024-01-12", "2024-01-16"]
    opens = np.array([f"{day}T14:30" for day in days], "datetime64[ns]").astype(np.int64)
    ts = (opens[:, None] + 10**9 * np.arange(23_400)).ravel()
    # the end of the 10th with the beginning of the 11th, a second of the 12th
    ts = np.delete(ts, [*range(23_390, 23_410), 2 * 23_400 + 7])
    calendar, gaps = find_gaps(ts, "1s", "XNYS")
    assert calendar == "sessions of XNYS"
    assert [gap.missing for gap in gaps] == [20, 1]
    monkeypatch.setattr("qt_engine.data.gaps._SLOTS_AT_ONCE", 23_400)
    assert find_gaps(ts, "1s", "XNYS")[1] == gaps
    assert find_gaps(ts, "250ms", "XNYS")[0].startswith("nothing")


def session_minutes(*days: str) -> np.ndarray:
    opens = np.array([f"{day}T14:30" for day in days], "datetime64[ns]").astype(np.int64)
    return (opens[:, None] + MINUTE_NS * np.arange(390)).ravel()


def test_gaps_of_daily_bars_follow_the_calendar(data: DataService) -> None:
    # 2024-01-15 is Martin Luther King day
    put(data, iso_days("2024-01-11", "2024-01-12", "2024-01-16", "2024-01-19", "2024-01-22"), venue="XNYS")
    report = data.quality("X")
    assert [(gap.start_ts, gap.end_ts, gap.missing) for gap in report.gaps] == [
        (*iso_days("2024-01-17", "2024-01-18").tolist(), 2)
    ]
    assert report.calendar == "sessions of XNYS"


def test_gaps_of_minutes_follow_the_sessions(data: DataService) -> None:
    ts = session_minutes("2024-01-11", "2024-01-12", "2024-01-17")
    put(data, np.delete(ts, [100, 101, 102, 389]), interval="1m", venue="XNYS")
    gaps = data.quality("X").gaps
    assert [gap.missing for gap in gaps] == [3, 1, 390]
    assert gaps[0].start_ts == ts[100]
    assert gaps[1].start_ts == ts[389]
    assert gaps[2].start_ts == session_minutes("2024-01-16")[0]


def test_a_half_day_is_no_gap(data: DataService) -> None:
    ts = session_minutes("2023-11-22", "2023-11-24", "2023-11-27")
    put(data, np.delete(ts, np.arange(390 + 210, 780)), interval="1m", venue="XNYS")
    assert data.quality("X").gaps == ()


def test_gaps_without_a_calendar(data: DataService) -> None:
    hours = MONDAY + 60 * MINUTE_NS * np.arange(24 * 12)
    put(data, np.delete(hours, [5, 6, 150]), "C", interval="1h")
    report = data.quality("C")
    assert (report.venue, report.calendar) == ("24/7", "every 1h")
    assert [gap.missing for gap in report.gaps] == [2, 1]
    put(data, iso_days("2024-01-05", "2024-01-08", "2024-01-10"), "D")
    assert [gap.start_ts for gap in data.quality("D").gaps] == iso_days("2024-01-09").tolist()
    put(data, np.delete(hours[:48], [30]), "E", interval="1h")
    assert [gap.start_ts for gap in data.quality("E").gaps] == [hours[30]]
    put(data, iso_days("1801-01-05", "1801-01-06"), "F", venue="XNYS")
    assert data.quality("F").gaps == ()
    put(data, iso_days("2024-01-08", "2024-01-10"), "G", venue="XTAE")
    assert data.quality("G").missing == 1


def test_a_split_is_an_outlier_and_weather_is_not() -> None:
    random = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, 500)))
    ts = DAY_NS * np.arange(500)
    assert find_outliers(ts, close) == ()
    close[200:] /= 2
    (outlier,) = find_outliers(ts, close)
    assert outlier.ts == ts[200]
    assert outlier.log_return == pytest.approx(-0.69, abs=0.1)
    flat = np.full(100, 5.0)
    assert find_outliers(ts[:100], flat) == ()
    flat[50:] = 6.0
    assert [one.ts for one in find_outliers(ts[:100], flat)] == [ts[50]]


def test_stale_prices_are_runs() -> None:
    close = np.array([1.0, 2, 2, 2, 3, 3, 4, 4, 4, 4])
    rows = Rows(DAY_NS * np.arange(10), close, close, close, close, np.arange(10.0))
    assert [(run.start_ts // DAY_NS, run.end_ts // DAY_NS, run.bars) for run in find_stale(rows, 3)] == [
        (1, 3, 3),
        (6, 9, 4),
    ]
    assert find_stale(rows.take(slice(0, 0)), 3) == ()


def test_the_sample_is_sound_but_for_splits_and_crashes(data: DataService) -> None:
    data.import_sample()
    report = data.quality("AAPL").as_json()
    assert (report["gaps"]["count"], report["duplicates"]["count"], report["stale"]["count"]) == (0, 0, 0)
    assert [one["time"][:10] for one in report["outliers"]["items"]] == ["2000-06-21", "2000-09-29", "2005-02-28"]
