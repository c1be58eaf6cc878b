"""What an import leaves behind: reports, snapshots that last, and parts that follow each other."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import Rows
from qt_engine.data.market import FIELDS
from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog
from qt_engine.storage.lake import write_parquet

HEADER = "timestamp,open,high,low,close,volume\n"


def line(day: int, close: float = 11) -> str:
    return f"{day * 86_400},{close},{close + 1},{close - 1},{close},100\n"


def put(data: DataService, folder: Path, *lines: str, symbol: str = "X", replace: bool = False) -> dict[str, Any]:
    path = folder / "bars.csv"
    path.write_text(HEADER + "".join(lines))
    return data.import_file(path, symbol=symbol, interval="1d", replace=replace).as_json()


def days(data: DataService) -> list[int]:
    return [int(ts) // DAY_NS for ts in data.bars("X").ts]


def test_a_report_has_exactly_its_keys(data: DataService, tmp_path: Path) -> None:
    report = put(data, tmp_path, line(1), line(2))
    assert list(report) == [
        "symbol", "interval", "rows", "new_rows", "duplicates", "start", "end", "raw_sha256", "snapshot", "issues",
    ]  # fmt: skip
    assert (report["start"], report["end"]) == ("1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z")


def test_the_same_file_again_adds_nothing_and_says_so(data: DataService, tmp_path: Path) -> None:
    first = put(data, tmp_path, line(1), line(2))
    files = sorted(path.name for path in data.folder.rglob("*") if path.is_file())
    again = put(data, tmp_path, line(1), line(2))
    assert (again["rows"], again["new_rows"], again["duplicates"]) == (2, 0, 2)
    assert (again["snapshot"], again["raw_sha256"]) == (first["snapshot"], first["raw_sha256"])
    assert again["issues"] == ["this file is stored already; nothing was added"]
    assert sorted(path.name for path in data.folder.rglob("*") if path.is_file()) == files


def test_unsorted_and_repeated_rows_are_put_right_and_noted(data: DataService, tmp_path: Path) -> None:
    report = put(data, tmp_path, line(3), line(1), line(2), line(1), line(3))
    assert (report["rows"], report["new_rows"], report["duplicates"]) == (5, 3, 2)
    assert [issue.split(" ")[0] for issue in report["issues"]] == ["rows", "2"]
    assert "sorted" in report["issues"][0]
    assert "repeated identical" in report["issues"][1]
    assert days(data) == [1, 2, 3]


def test_bars_closer_than_their_interval_are_noted(data: DataService, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "0,1,1,1,1,1\n60,1,1,1,1,1\n")
    assert "although the interval is 1d" in data.import_file(tmp_path / "a.csv", symbol="X", interval="1d").issues[0]


def test_overlapping_files_are_one_series(data: DataService, tmp_path: Path) -> None:
    put(data, tmp_path, line(5), line(6), line(7))
    report = put(data, tmp_path, line(6), line(7), line(8))
    assert (report["new_rows"], report["duplicates"]) == (1, 2)
    put(data, tmp_path, line(2), line(10))
    put(data, tmp_path, line(1), line(3), line(9))
    assert days(data) == [1, 2, 3, 5, 6, 7, 8, 9, 10]


def test_the_way_to_a_state_does_not_show_in_its_snapshot(data: DataService, tmp_path: Path) -> None:
    put(data, tmp_path, line(3), symbol="X")
    put(data, tmp_path, line(1), symbol="X")
    ways = put(data, tmp_path, line(2), symbol="X")
    other = DataService(tmp_path / "other", Catalog(tmp_path / "other"))
    assert put(other, tmp_path, line(1), line(2), line(3), symbol="X")["snapshot"] == ways["snapshot"]


def test_a_different_row_for_a_stored_time_needs_replace(data: DataService, tmp_path: Path) -> None:
    first = put(data, tmp_path, line(1), line(2), line(3))
    with pytest.raises(InputError, match=r"line 3, column timestamp: .*1970-01-03.*--replace"):
        put(data, tmp_path, line(1), line(2, close=20), line(4))
    assert days(data) == [1, 2, 3]
    report = put(data, tmp_path, line(1), line(2, close=20), line(4), replace=True)
    assert (report["new_rows"], report["duplicates"]) == (2, 1)
    assert "1 stored row was replaced" in report["issues"][0]
    assert data.load("X").close[:, 0].tolist() == [11, 20, 11, 11]
    old = data.load_snapshot([("X", str(first["snapshot"]))], "1d")
    assert old.close[:, 0].tolist() == [11, 11, 11]


def test_every_snapshot_can_be_rebuilt(data: DataService, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    states: list[tuple[str, str]] = []
    for step in range(12):
        chosen = random.choice(40, size=6, replace=False).tolist()
        report = put(data, tmp_path, *(line(day, close=10 + step) for day in chosen), replace=True)
        states.append((str(report["snapshot"]), data.load("X").hash))
    fresh = DataService(data.folder, Catalog(data.folder))
    for snapshot, market_hash in states:
        market = fresh.load_snapshot([("X", snapshot)], "1d")
        assert market.hash == market_hash
        assert market.sources == (("X", snapshot),)


def test_many_small_imports_leave_few_parts(data: DataService, tmp_path: Path) -> None:
    for day in range(1, 18):
        put(data, tmp_path, line(day))
    with data.catalog.read() as con:
        parts = con.execute("SELECT len(json_extract(parts, '$[*]')) FROM series").fetchall()[0][0]
    assert parts <= 5
    assert days(data) == list(range(1, 18))


def test_a_missing_part_is_a_store_error(data: DataService, tmp_path: Path) -> None:
    put(data, tmp_path, line(1))
    for part in (data.folder / "bars").rglob("*.parquet"):
        part.unlink()
    with pytest.raises(StoreError, match="parquet"):
        data.load("X")


def test_an_unknown_snapshot_is_named(data: DataService, tmp_path: Path) -> None:
    snapshot = str(put(data, tmp_path, line(1))["snapshot"])
    with pytest.raises(NotFoundError, match="0" * 12):
        data.load_snapshot([("X", "0" * 64)], "1d")
    with pytest.raises(InputError, match="not of 'Y'"):
        data.load_snapshot([("Y", snapshot)], "1d")


def test_threads_import_into_one_series_at_once(data: DataService, tmp_path: Path) -> None:
    problems: list[Exception] = []

    def work(worker: int) -> None:
        folder = tmp_path / str(worker)
        folder.mkdir()
        try:
            for step in range(4):
                put(data, folder, line(1 + worker + 4 * step))
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on any
            problems.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert days(data) == list(range(1, 17))
    assert [card.rows for card in data.overview()] == [16]


SYMBOLS = [
    "../../etc/passwd", "..", ".", "a/b\\c", "[red]bold[/red]", "\x1b[2J\x07", "with blank", "ünïcode/日本", "x" * 3000,
    "nul\0", "CON", "%2E", "quote'\"; DROP TABLE series; --", "line\nbreak", "*?[a]", "-rf", "~",
]  # fmt: skip


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_any_symbol_is_only_a_name(data: DataService, tmp_path: Path, symbol: str) -> None:
    outside = sorted(path for path in tmp_path.iterdir())
    assert put(data, tmp_path, line(1), line(2), symbol=symbol)["symbol"] == symbol
    assert data.load([symbol]).symbols == (symbol,)
    assert [card.symbol for card in data.overview()] == [symbol]
    assert data.quality(symbol).rows == 2
    assert sorted(path for path in tmp_path.iterdir()) == sorted({*outside, tmp_path / "bars.csv", data.folder})
    (part,) = data.folder.rglob("*.parquet")
    assert part.parent.parent.parent == data.folder / "bars"


def test_symbols_that_look_alike_stay_apart(data: DataService, tmp_path: Path) -> None:
    symbols = ["a/b", "a%2Fb", "A/B", "..", "%2E%2E", "%2E.", "x" * 500, "x" * 501]
    for number, symbol in enumerate(symbols):
        put(data, tmp_path, line(1, close=10 + number), symbol=symbol)
    assert [data.load([symbol]).close[0, 0] for symbol in symbols] == [10 + number for number in range(len(symbols))]


PRICE = st.floats(min_value=1e-6, max_value=1e9)


@st.composite
def valid_rows(draw: st.DrawFn) -> Rows:
    times = draw(st.lists(st.integers(-9_000_000_000, 9_000_000_000), min_size=1, max_size=12, unique=True))
    bars = [sorted(draw(st.lists(PRICE, min_size=4, max_size=4))) for _ in times]
    swap = draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    volume = draw(st.lists(st.floats(0, 1e15), min_size=len(times), max_size=len(times)))
    inner = [(b, c) if keep else (c, b) for (_, b, c, _), keep in zip(bars, swap, strict=True)]
    columns = {
        "ts": np.sort(np.array(times)) * 10**9, "open": [x for x, _ in inner], "close": [y for _, y in inner],
        "high": [bar[3] for bar in bars], "low": [bar[0] for bar in bars], "volume": volume,
    }  # fmt: skip
    return Rows.from_columns({name: np.asarray(column) for name, column in columns.items()})


def as_csv(rows: Rows) -> bytes:
    cells = zip(
        (f"{np.datetime64(int(ts), 'ns')}Z" for ts in rows.ts),
        *(getattr(rows, f).tolist() for f in FIELDS),
        strict=True,
    )
    return (HEADER + "".join(",".join(map(str, row)) + "\n" for row in cells)).encode()


@settings(max_examples=25, deadline=None)
@given(rows=valid_rows())
def test_any_valid_bars_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> None:
    folder = tmp_path_factory.mktemp("round-trip")
    data = DataService(folder / "workspace", Catalog(folder / "workspace"))
    (folder / "bars.csv").write_bytes(as_csv(rows))
    write_parquet(
        folder / "bars.parquet",
        {"timestamp": rows.ts.astype("datetime64[ns]"), **{f: getattr(rows, f) for f in FIELDS}},
    )
    report = data.import_file(folder / "bars.csv", symbol="X", interval="1s")
    again = data.import_file(folder / "bars.parquet", symbol="X", interval="1s")
    assert (again.new_rows, again.duplicates, again.snapshot) == (0, len(rows), report.snapshot)
    market = data.load("X")
    assert market.ts.tobytes() == rows.ts.tobytes()
    for name in FIELDS:
        assert getattr(market, name).tobytes() == getattr(rows, name).tobytes()


def test_the_overview_needs_no_heavy_library(data: DataService, tmp_path: Path) -> None:
    put(data, tmp_path, line(1), line(2, close=22))
    code = """
import sys
from pathlib import Path
from typing import Any
from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog
folder = Path(sys.argv[1])
(card,) = DataService(folder, Catalog(folder)).overview()
print(card.symbol, card.rows, card.last, card.change, card.spark)
print([name for name in ("numpy", "duckdb", "pandas", "pandera", "exchange_calendars", "numba") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code, str(data.folder)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["X 2 22.0 1.0 [11.0, 22.0]", "[]"]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"format": 1, "series": [{"x": 1}]}', b"\xff"])
def test_the_overview_file_is_disposable(data: DataService, tmp_path: Path, content: bytes | None) -> None:
    put(data, tmp_path, line(1))
    cards = data.overview()
    path = data.folder / "overview.json"
    path.unlink() if content is None else path.write_bytes(content)
    assert data.overview() == cards
    assert DataService(data.folder, Catalog(data.folder)).overview() == cards


def test_importing_the_sample_twice_adds_nothing(data: DataService) -> None:
    first, again = data.import_sample(), data.import_sample()
    assert [(report.symbol, report.new_rows) for report in first] == [
        ("AAPL", 3270), ("FB", 196), ("GOOG", 2148), ("IBM", 3270), ("MSFT", 3270),
    ]  # fmt: skip
    assert [report.new_rows for report in again] == [0] * 5
    assert [info.venue for info in data.series()] == ["XNYS"] * 5
