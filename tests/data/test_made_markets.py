"""Markets that are made of finer bars, of events, and with actions; and made again from nothing but their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.actions import place_actions
from qt_engine.data.events import Events
from qt_engine.data.market import DIVIDEND, FUNDING, SPLIT, Market
from qt_engine.data.origins import Origin
from qt_engine.data.resample import resample
from qt_engine.data.service import DataService
from qt_engine.storage.lake import write_parquet

MINUTE = 60 * 10**9


def put(
    data: DataService,
    ts: np.ndarray,
    symbol: str = "X",
    interval: str = "1m",
    venue: str | None = "XNYS",
    seed: int = 1,
) -> None:
    close = 100.0 + np.cumsum(np.random.default_rng(seed).integers(-3, 4, len(ts)))
    path = data.folder.parent / "bars.parquet"
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    write_parquet(path, {"timestamp": ts.astype("datetime64[ns]"), **prices, "volume": np.arange(len(ts)) + 1.0})
    data.import_file(path, symbol=symbol, interval=interval, venue=venue)


def put_events(data: DataService, kind: str, text: str, symbol: str = "X", **options: Any) -> None:
    path = data.folder.parent / "events.csv"
    path.write_text(text)
    data.import_events(path, symbol=symbol, kind=kind, **options)


def sessions(*days: str) -> np.ndarray:
    opens = np.array([f"{day}T14:30" for day in days], "datetime64[ns]").astype(np.int64)
    return (opens[:, None] + MINUTE * np.arange(390)).ravel()


WEEK = sessions("2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12", "2024-01-16")


def again(data: DataService, market: Market) -> Market:
    """The market as a reproduction loads it: from a fresh service, its sources and its first and last bar."""
    fresh = DataService(data.folder, data.catalog)
    return fresh.load_snapshot(market.sources, market.interval, int(market.ts[0]), int(market.ts[-1]))


def test_bars_that_are_not_stored_are_made_of_finer_ones(data: DataService) -> None:
    put(data, WEEK)
    native = data.load("X", "1m")
    ((_, source),) = native.sources
    for interval in ("5m", "30m", "1h", "1d", "1w"):
        made = data.load("X", interval)
        assert made.interval == interval
        assert made.sources == (("X", f"{source}@1m"),)
        assert made.hash == resample(native, interval).hash
        assert again(data, made).hash == made.hash
    assert len(data.load("X", "1d")) == 6
    assert len(data.load("X", "1w")) == 1


def test_the_longest_that_fits_is_taken(data: DataService) -> None:
    put(data, WEEK)
    put(data, WEEK[::5], interval="5m")
    assert Origin.parse(data.load("X", "1h").sources[0][1]).interval == "5m"
    assert Origin.parse(data.load("X", "3m").sources[0][1]).interval == "1m"
    assert Origin.parse(data.load("X", "1h", made_of="1m").sources[0][1]).interval == "1m"
    assert Origin.parse(data.load("X", "5m").sources[0][1]).interval == ""
    assert Origin.parse(data.load("X", "5m", made_of="1m").sources[0][1]).interval == "1m"


@pytest.mark.parametrize("interval", ["5m", "1h", "1d"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-09", "2024-01-10"),
        ("2024-01-09T15:02", "2024-01-11T20:01"),
        ("2024-01-08T14:30", None),
        (None, "2024-01-12"),
    ],
)
def test_a_part_of_the_time_holds_the_same_whole_bars(
    data: DataService, interval: str, start: str | None, end: str | None
) -> None:
    put(data, WEEK)
    whole, part = data.load("X", interval), data.load("X", interval, start, end)
    first = int(np.searchsorted(whole.ts, part.ts[0]))
    assert part.close.tolist() == whole.close[first : first + len(part)].tolist()
    assert part.volume.tolist() == whole.volume[first : first + len(part)].tolist()
    assert part.close_ts.tolist() == whole.close_ts[first : first + len(part)].tolist()
    assert again(data, part).hash == part.hash


def test_several_symbols_are_made_alike_and_each_as_if_alone(data: DataService) -> None:
    put(data, WEEK, "A")
    put(data, WEEK[100:-50], "B", seed=2)
    both = data.load(["A", "B"], "1h")
    assert both.venue == "XNYS"
    for asset, symbol in enumerate("AB"):
        alone = data.load(symbol, "1h")
        mine = ~np.isnan(both.close[:, asset])
        assert both.close[mine, asset].tolist() == alone.close[:, 0].tolist()
    assert again(data, both).hash == both.hash
    assert data.load(["A", "B"], "1d").close_ts[0] - data.load(["A", "B"], "1d").ts[0] == DAY_NS


def test_stored_bars_are_not_mixed_with_made_ones(data: DataService) -> None:
    put(data, WEEK, "A")
    put(data, np.unique(WEEK // DAY_NS * DAY_NS), "B", "1d")
    with pytest.raises(NotFoundError, match="'A' is not stored at 1d; it is at 1m; made bars"):
        data.load(["A", "B"], "1d")
    with pytest.raises(NotFoundError, match="'B' is not stored at 1h; it is at 1d"):
        data.load(["A", "B"], "1h")
    put_events(data, "trades", TRADES, "T")
    with pytest.raises(NotFoundError, match="'T' is not stored at 1d; only its events are; made bars"):
        data.load(["B", "T"], "1d")
    with pytest.raises(NotFoundError, match="no bars of 'U' are stored"):
        data.load(["B", "U"], "1d")


def test_what_cannot_be_made_is_said(data: DataService) -> None:
    put(data, WEEK, interval="5m")
    for interval in ("1m", "7m", "36h"):
        with pytest.raises(NotFoundError, match=f"not stored at {interval}; it is at 5m"):
            data.load("X", interval)
    with pytest.raises(InputError, match="no bars of 1m of 'X' are stored"):
        data.load("X", "1h", made_of="1m")
    with pytest.raises(InputError, match="no trades of 'X' are stored"):
        data.load("X", "1h", made_of="trades")
    with pytest.raises(InputError, match="multiple of 5m"):
        data.load("X", "7m", made_of="5m")
    with pytest.raises(InputError, match="no bars in that time"):
        data.load("X", "1h", "2030-01-01")
    with pytest.raises(InputError, match="no bars of 4w in that time that are over"):
        data.load("X", "4w")


def test_pages_of_made_bars(data: DataService) -> None:
    put(data, WEEK)
    page = data.bars("X", resample="1h", offset=2, limit=3)
    market = data.load("X", "1h")
    assert (page.interval, page.total, page.offset, len(page)) == ("1h", len(market), 2, 3)
    assert page.close.tolist() == market.close[2:5, 0].tolist()
    assert len(data.bars("X", resample="1h", offset=1000)) == 0


TRADES = "ts,price,size\n" + "\n".join(
    f"2024-01-08T14:30:{second:02d}.{part:06d}Z,{100 + second % 7 + part / 1e6},{1 + part % 3}"
    for second in range(60)
    for part in (0, 400, 1500, 250_000)
)


def test_bars_of_stored_trades(data: DataService) -> None:
    put_events(data, "trades", TRADES, venue="XNYS")
    finest = data.load("X", "1ms")
    assert len(finest) == 60 * 3
    assert Origin.parse(finest.sources[0][1]).interval == "trades"
    seconds = data.load("X", "1s")
    assert seconds.hash == resample(finest, "1s").hash
    assert len(seconds) == 59  # the last second is not over
    assert seconds.volume.sum() + finest.volume[-3:].sum() == finest.volume.sum()
    for market in (finest, seconds, data.load("X", "5s", "2024-01-08T14:30:05", "2024-01-08T14:30:44")):
        assert again(data, market).hash == market.hash
    assert len(data.load("X", "5s", "2024-01-08T14:30:05", "2024-01-08T14:30:44")) == 8


def test_bars_of_stored_quotes_have_a_spread(data: DataService) -> None:
    put_events(
        data,
        "quotes",
        "ts,bid,ask\n2024-01-08T14:30:00Z,99,101\n2024-01-08T14:30:00.5Z,99.5,100.5\n2024-01-08T14:30:02Z,1,1\n",
    )
    market = data.load("X", "1s")
    assert market.spread.tolist() == [[0.02]]
    assert again(data, market).hash == market.hash
    put_events(data, "trades", TRADES)
    assert data.load("X", "1s").spread.size == 0  # trades come first
    assert data.load("X", "1s", made_of="quotes").hash == market.hash


def test_actions_are_in_the_market_and_in_what_names_it(data: DataService) -> None:
    put(data, WEEK)
    plain = data.load("X", "1m")
    put_events(
        data,
        "actions",
        "date,kind,value\n2024-01-09,split,2\n2024-01-10T15:00:30Z,dividend,0.5\n1999-01-01,split,7\n2030-01-01,split,7\n",
    )
    market = data.load("X", "1m")
    at = {int(ts): t for t, ts in enumerate(market.ts.tolist())}
    third = at[int(sessions("2024-01-10")[0]) + 31 * MINUTE]
    assert market.actions.tolist() == [(390, 0, SPLIT, 2.0), (third, 0, DIVIDEND, 0.5)]
    assert market.hash != plain.hash
    assert market.sources[0][1].startswith(plain.sources[0][1] + "+")
    assert again(data, market).hash == market.hash
    # what was stored before stays what it was: the old sources name no actions
    assert again(data, plain).hash == plain.hash
    put_events(data, "actions", "date,kind,value\n2024-01-11,dividend,1\n")
    assert again(data, market).hash == market.hash
    assert len(data.load("X", "1m").actions) == 3
    daily = data.load("X", "1d")
    assert daily.actions.tolist() == [(1, 0, SPLIT, 2.0), (3, 0, DIVIDEND, 0.5), (3, 0, DIVIDEND, 1.0)]
    assert again(data, daily).hash == daily.hash
    later = data.load("X", "1m", "2024-01-10")
    assert later.actions.tolist() == [(31, 0, DIVIDEND, 0.5), (390, 0, DIVIDEND, 1.0)]


def test_actions_of_one_symbol_do_not_depend_on_others(data: DataService) -> None:
    days = np.unique(WEEK // DAY_NS * DAY_NS)
    put(data, np.delete(days, 1), "A", "1d")
    put(data, days, "B", "1d")
    put_events(data, "actions", "date,kind,value\n2024-01-09,split,2\n", "A")
    put_events(data, "actions", "date,kind,value\n2024-01-09,funding,0.001\n2024-01-09,dividend,3\n", "B")
    market = data.load(["B", "A"], "1d")
    # A does not trade on the 9th: its split stands before its own next bar
    assert market.actions.tolist() == [(1, 0, DIVIDEND, 3.0), (1, 0, FUNDING, 0.001), (2, 1, SPLIT, 2.0)]
    assert data.load("A", "1d").actions.tolist() == [(1, 0, SPLIT, 2.0)]
    assert again(data, market).hash == market.hash


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[ns]").astype(np.int64)


def dated(ts: np.ndarray) -> Events:
    return Events.from_columns(
        "actions",
        {"ts": ts, "kind": np.full(len(ts), SPLIT), "value": np.full(len(ts), 2.0), "dated": np.ones(len(ts))},
    )


PLACES = [
    # venue, interval, opens (UTC), date of the action, position
    ("XNYS", "1d", ("2024-01-08", "2024-01-09"), "2024-01-09", [1]),
    ("XNYS", "1d", ("2024-01-08T05:00", "2024-01-09T05:00"), "2024-01-09", [1]),
    ("XTKS", "1d", ("2024-01-07T15:00", "2024-01-08T15:00"), "2024-01-09", [1]),
    ("XTKS", "1d", ("2024-01-08", "2024-01-09"), "2024-01-09", [1]),
    ("XASX", "1h", ("2024-01-07T23:00", "2024-01-08T05:00", "2024-01-08T23:00"), "2024-01-09", [2]),
    ("XNYS", "1h", ("2024-01-08T14:30", "2024-01-09T00:30", "2024-01-09T14:30"), "2024-01-09", [2]),
    ("24/7", "1h", ("2024-01-08T23:00", "2024-01-09T00:00"), "2024-01-09", [1]),
    ("XNYS", "1d", ("2024-01-05", "2024-01-08"), "2024-01-06", [1]),  # a weekend
    ("XNYS", "1d", ("2024-01-08", "2024-01-09"), "2024-01-07", []),  # before everything
    ("XNYS", "1d", ("2024-01-08", "2024-01-09"), "2024-01-10", []),  # after everything
    ("XNYS", "1d", ("2024-01-08", "2024-01-09"), "2024-01-08", [0]),
]


@pytest.mark.parametrize(("venue", "interval", "opens", "date", "position"), PLACES)
def test_a_date_is_the_session_at_the_venue(
    venue: str, interval: str, opens: tuple[str, ...], date: str, position: list[int]
) -> None:
    assert place_actions(dated(days(date)), days(*opens), interval, venue)["bar"].tolist() == position


@given(st.text("abc0123456789", min_size=1), st.sampled_from(["", "1m", "trades"]), st.sampled_from(["", "def"]))
def test_an_origin_is_read_as_it_was_written(snapshot: str, interval: str, actions: str) -> None:
    origin = Origin(snapshot, interval, actions)
    assert Origin.parse(str(origin)) == origin


def test_a_run_on_actions_and_made_bars_is_reproduced(tmp_path: Path) -> None:
    from qt_engine.experiments.spec import DataSlice
    from qt_engine.storage.catalog import Catalog

    data = DataService(tmp_path / "w", Catalog(tmp_path / "w"))
    put(data, WEEK)
    put_events(data, "actions", "date,kind,value\n2024-01-09,split,2\n")
    market = data.load("X", "15m", "2024-01-08", "2024-01-12")
    stored = DataSlice.from_json(DataSlice.of(market).as_json())
    put(data, WEEK[-1:] + MINUTE * np.arange(1, 5))
    put_events(data, "actions", "date,kind,value\n2024-01-09,split,3\n", replace=True)
    loaded = data.load_snapshot(stored.sources, stored.interval, stored.start_ts, stored.end_ts)
    assert loaded.hash == stored.hash
    assert loaded.actions.tolist() == [(26, 0, SPLIT, 2.0)]
