"""Files of trades, quotes and actions: what is stored, what is refused, what stands twice, and what never changes."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog
from qt_engine.storage.lake import write_parquet

TRADES = """timestamp,price,size
2024-07-02T13:30:00.000100Z,100,5
2024-07-02T13:30:00.000400Z,101,3
2024-07-02T13:30:00.000400Z,101,3
2024-07-02T13:31:10Z,100.25,7
"""
QUOTES = "time,bid_price,bid_qty,ask_price,ask_qty\n1719927000000,99.9,5,100.1,6\n1719927000001,99.8,1,100.2,2\n"
ACTIONS = "date,kind,value\n2005-02-28,split,2\n2012-08-09,Dividend,2.65\n2012-11-07T14:30:00,funding,-0.0001\n"


@pytest.fixture
def put(data: DataService, tmp_path: Path) -> Any:
    def put_(text: str, kind: str = "trades", symbol: str = "X", **options: Any) -> Any:
        path = tmp_path / "file.csv"
        path.write_text(text)
        return data.import_events(path, symbol=symbol, kind=kind, **options)

    return put_


def rows(data: DataService, kind: str | None = None, symbol: str = "X", **options: Any) -> list[dict[str, Any]]:
    return data.events(symbol, kind, **options).rows()


def test_trades(data: DataService, put: Any) -> None:
    report = put(TRADES, venue="NYSE")
    assert (report.rows, report.new_rows, report.duplicates) == (4, 4, 0)
    assert (report.start, report.end) == ("2024-07-02T13:30:00.0001Z", "2024-07-02T13:31:10Z")
    assert report.issues == ["1 row is like one above; kept, for without ids nobody knows whether they are the same"]
    assert set(report.as_json()) == {
        "symbol", "kind", "rows", "new_rows", "duplicates", "start", "end", "raw_sha256", "snapshot", "issues",
    }  # fmt: skip
    assert rows(data)[0] == {"time": "2024-07-02T13:30:00.0001Z", "price": 100.0, "size": 5.0}
    assert len(list((data.folder / "events" / "X" / "trades").glob("*.parquet"))) == 1
    assert [(info.symbol, info.kind, info.venue, info.rows) for info in data.event_series()] == [
        ("X", "trades", "XNYS", 4)
    ]
    again = put(TRADES)
    assert (again.new_rows, again.duplicates, again.snapshot) == (0, 4, report.snapshot)
    assert again.issues[-1] == "this file is stored already; nothing was added"


def test_quotes(data: DataService, put: Any) -> None:
    put(QUOTES, "quotes")
    assert rows(data)[1] == {
        "time": "2024-07-02T13:30:00.001Z",
        "bid": 99.8,
        "ask": 100.2,
        "bid_size": 1.0,
        "ask_size": 2.0,
    }
    put("ts,bid,ask\n2024-07-03T00:00:00Z,1,1\n", "quotes")
    assert rows(data)[-1] == {
        "time": "2024-07-03T00:00:00Z",
        "bid": 1.0,
        "ask": 1.0,
        "bid_size": None,
        "ask_size": None,
    }
    assert put("ts,bid,ask\n2024-07-03T00:00:00Z,1,1\n", "quotes").new_rows == 0


def test_actions(data: DataService, put: Any) -> None:
    put(ACTIONS, "actions", tz="America/New_York")
    assert rows(data) == [
        {"time": "2005-02-28", "kind": "split", "value": 2.0},
        {"time": "2012-08-09", "kind": "dividend", "value": 2.65},
        {"time": "2012-11-07T19:30:00Z", "kind": "funding", "value": -0.0001},
    ]
    compact = put("date,type,amount\n20130102,dividend,0.5\n", "actions")
    assert (compact.new_rows, compact.issues) == (1, [])
    assert rows(data)[-1]["time"] == "2013-01-02"


def test_a_zone_that_only_dates_could_use_is_no_remark(put: Any) -> None:
    assert put("date,kind,value\n2005-02-28,split,2\n", "actions", tz="America/New_York").issues == []
    assert "offset" in put(TRADES, tz="America/New_York").issues[0]


def test_parquet_and_gzip_hold_the_same(data: DataService, put: Any, tmp_path: Path) -> None:
    put(ACTIONS, "actions", "A")
    put(TRADES, "trades", "A")
    (tmp_path / "t.gz").write_bytes(gzip.compress(TRADES.encode()))
    data.import_events(tmp_path / "t.gz", symbol="B", kind="trades")
    write_parquet(
        tmp_path / "a.parquet",
        {
            "date": np.array(["2005-02-28", "2012-08-09"], "datetime64[D]").astype("datetime64[ns]"),
            "kind": np.array(["split", "dividend"], object), "value": np.array([2.0, 2.65]),
        },
    )  # fmt: skip
    data.import_events(tmp_path / "a.parquet", symbol="B", kind="actions")
    assert rows(data, "trades", "A") == rows(data, "trades", "B")
    # a column of timestamps holds times, not dates
    assert [row["time"] for row in rows(data, "actions", "B")] == ["2005-02-28T00:00:00Z", "2012-08-09T00:00:00Z"]


WRONG = [
    ("trades", TRADES.replace("101,3", "-101,3", 1), "line 3, column price: must be a finite number above 0 (price -101.0)"),
    ("trades", TRADES.replace("101,3", "101,-3", 1), "line 3, column size: must be a finite number above 0 (size -3.0)"),
    ("trades", TRADES.replace("101,3", "nan,3", 1), "line 3, column price: a number is missing here ('nan')"),
    ("trades", TRADES.replace("101,3", "inf,3", 1), "line 3, column price: 'inf' is not a finite number"),
    ("trades", TRADES.replace("101,3", "101", 1), "line 3, column size: has 2 values where the header names 3 columns"),
    ("trades", TRADES.replace("2024-07-02T13:31:10Z", "noon"), "line 5, column timestamp: 'noon' is no date"),
    ("trades", "timestamp,price\n2024-07-02,1\n", "line 1, column size: column missing: size; found timestamp, price"),
    ("trades", "timestamp,price,size\n", "line 2: has a header but no rows; a file of trades needs at least one"),
    ("trades", "", "line 1: is empty; a header line and rows of trades are needed"),
    ("trades", "id,ts,price,qty\n1,2024-07-02,5,1\n1,2024-07-02,6,1\n",
     "line 3, column id: another trade with the id '1' stands on line 2; keep one of them"),
    ("trades", "symbol,ts,price,qty\nA,2024-07-02,5,1\nB,2024-07-02,6,1\n", "line 3, column symbol: 'B' is another symbol"),
    ("quotes", QUOTES.replace("99.8", "100.3"),
     "line 3, column ask: the quote is crossed: the ask must not be below the bid (bid 100.3, ask 100.2)"),
    ("quotes", QUOTES.replace("99.8,1", "99.8,-1"), "line 3, column bid_size: must not be negative (bid_size -1.0)"),
    ("quotes", QUOTES.replace("99.8", "0"), "line 3, column bid: must be a finite number above 0 (bid 0.0)"),
    ("actions", ACTIONS.replace("split", "spilt"), "line 2, column kind: 'spilt' is no kind of action; use split, dividend, funding"),
    ("actions", ACTIONS.replace("split,2", "split,0"), "line 2, column value: a split gives more than 0 new units"),
    ("actions", ACTIONS.replace("2.65", "-2.65"), "line 3, column value: a dividend is above 0"),
    ("actions", ACTIONS.replace("-0.0001", "5"), "line 4, column value: a funding rate is a fraction between -1 and 1"),
    ("actions", ACTIONS + "2005-02-28,split,3\n",
     "line 5, column value: another value for the same kind and time stands on line 2; keep one of them, or their sum"),
    ("actions", ACTIONS.replace("2005-02-28", "2005-02-30"), "line 2, column date: '2005-02-30' is not in the calendar"),
    ("trade", TRADES, "events of kind 'trade' are not known; did you mean trades?"),
    ("xxxxxxxx", TRADES, "events of kind 'xxxxxxxx' are not known; use actions, quotes, trades"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "reason"), WRONG)
def test_wrong_files_change_nothing(data: DataService, put: Any, kind: str, text: str, reason: str) -> None:
    with pytest.raises(InputError) as error:
        put(text, kind)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert data.event_series() == []
    assert not (data.folder / "events").exists()


@pytest.mark.parametrize("symbol", ["", " ", "\udcff"])
def test_wrong_symbols(put: Any, symbol: str) -> None:
    with pytest.raises(InputError, match="symbol"):
        put(TRADES, symbol=symbol)


def test_unordered_rows_are_sorted_and_keep_the_order_within_a_moment(data: DataService, put: Any) -> None:
    report = put("ts,price,size\n2024-01-02T00:00:01Z,2,1\n2024-01-02T00:00:00Z,9,1\n2024-01-02T00:00:00Z,1,1\n")
    assert report.issues == ["rows were not in order of time (1 step back) and have been sorted"]
    assert [row["price"] for row in rows(data)] == [9, 1, 2]


def test_trades_with_an_id_count_once(data: DataService, put: Any) -> None:
    report = put(
        "agg_trade_id,price,quantity,transact_time\n7,5,1,1719927000000\n8,5,1,1719927000000\n7,5,1,1719927000000\n"
    )
    assert (report.rows, report.new_rows, report.duplicates) == (3, 2, 1)
    assert report.issues == ["1 trade with an id that stands above dropped"]


def test_files_that_overlap_add_what_is_new(data: DataService, put: Any) -> None:
    header, *lines = TRADES.splitlines()
    put("\n".join([header, *lines[:2]]))
    report = put("\n".join([header, *lines[1:]]))
    assert (report.rows, report.new_rows, report.duplicates) == (3, 2, 1)
    in_pieces = data.event_series()[0].snapshot
    put(TRADES, symbol="Y")
    assert [row for row in rows(data)] == rows(data, symbol="Y")
    assert in_pieces != data.event_series()[1].snapshot  # another symbol
    put("\n".join([header, *lines[:1]]), symbol="Z")
    put(TRADES, symbol="Z")
    other = DataService(data.folder.parent / "other", Catalog(data.folder.parent / "other"))
    path = data.folder.parent / "whole.csv"
    path.write_text(TRADES)
    assert other.import_events(path, symbol="X", kind="trades").snapshot == in_pieces


def test_another_value_of_an_action_needs_replace(data: DataService, put: Any) -> None:
    put(ACTIONS, "actions")
    changed = ACTIONS.replace("2.65", "2.66")
    with pytest.raises(
        InputError,
        match=r"line 3, column value: another value for 2012-08-09T00:00:00Z is stored already; use --replace",
    ):
        put(changed, "actions")
    report = put(changed, "actions", replace=True)
    assert (report.new_rows, report.duplicates) == (1, 2)
    assert report.issues == ["1 stored row was replaced; older snapshots keep the old ones"]
    assert [row["value"] for row in rows(data)] == [2.0, 2.66, -0.0001]


def test_pages(data: DataService, put: Any) -> None:
    put(TRADES)
    page = data.events("X", start="2024-07-02T13:30:00.000400", end="2024-07-02", offset=1, limit=1)
    assert (page.total, page.offset, len(page), page.rows()[0]["price"]) == (3, 1, 1, 101.0)
    assert len(data.events("X", offset=10)) == 0
    assert len(data.events("X", limit=0)) == 0
    assert data.events("X", start="2025-01-01").total == 0
    for wrong in ({"offset": -1}, {"limit": -1}):
        with pytest.raises(InputError, match="negative"):
            data.events("X", **wrong)


def test_what_is_not_there_is_said(data: DataService, put: Any) -> None:
    with pytest.raises(NotFoundError, match="no events of 'X' are stored; import some"):
        data.events("X")
    put(TRADES)
    with pytest.raises(NotFoundError, match="did you mean 'X'"):
        data.events("x")
    with pytest.raises(NotFoundError, match="no quotes of 'X' are stored; there are trades"):
        data.events("X", "quotes")
    put(QUOTES, "quotes")
    with pytest.raises(InputError, match="choose a kind: 'X' has quotes, trades"):
        data.events("X")
    for call in (data.load, data.bars):
        with pytest.raises(InputError, match="but events; name an interval"):
            call("X")


def test_a_missing_part_is_a_store_error(data: DataService, put: Any) -> None:
    put(TRADES)
    next((data.folder / "events").rglob("*.parquet")).unlink()
    with pytest.raises(StoreError, match="missing"):
        data.events("X")


def test_many_small_files_leave_few_parts(data: DataService, put: Any) -> None:
    for second in range(30):
        put(f"ts,price,size\n2024-01-02T00:00:{second:02d}Z,{second + 1},1\n")
    assert [row["price"] for row in rows(data)] == list(range(1, 31))
    assert len(data._shelf.stored().events["X", "trades"].parts) <= 5


def test_another_process_sees_events_at_once(data: DataService, put: Any) -> None:
    reader = DataService(data.folder, Catalog(data.folder))
    assert reader.event_series() == []
    put(TRADES)
    assert [info.kind for info in reader.event_series()] == ["trades"]
    put(QUOTES, "quotes")
    assert [info.kind for info in reader.event_series()] == ["quotes", "trades"]
