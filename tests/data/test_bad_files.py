"""Files that are refused as a whole: each names file, line, column and reason, and changes nothing but the raw bytes."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.data.service import DataService
from qt_engine.storage.lake import write_parquet

HEADER = "timestamp,open,high,low,close,volume\n"
GOOD = "2024-01-01,10,12,9,11,100\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))

# content, line, column, words of the reason
BAD: dict[str, tuple[str | bytes, int | None, str | int | None, str]] = {
    "empty": ("", 1, None, "empty"),
    "only blank lines": ("\n\n  \n", 1, None, "empty"),
    "only a header": (HEADER, 2, None, "no rows"),
    "only a header and blank lines": (HEADER + "\n\n", 2, None, "no rows"),
    "one column missing": ("timestamp,open,high,low,volume\n2024-01-01,1,2,1,5\n", 1, "close", "missing: close"),
    "two columns missing": ("timestamp,open,high,low\n2024-01-01,1,2,1\n", 1, "close", "close, volume"),
    "no time": ("open,high,low,close,volume\n1,2,1,1,5\n", 1, "timestamp", "missing: timestamp"),
    "no header": ("2024-01-01,10,12,9,11,100\n", 1, "timestamp", "missing"),
    "a column twice": ("timestamp,open,high,low,close,Close,volume\n2024-01-01,1,2,1,1,1,5\n", 1, "Close", "twice"),
    "text": (HEADER + GOOD + "2024-01-02,10,12,9,eleven,100\n", 3, "close", "'eleven' is not a number"),
    "text in an old line": (HEADER + GOOD * 3 + "2024-01-02,abc,12,9,11,100\n" + GOOD, 5, "open", "not a number"),
    "infinity": (HEADER + "2024-01-01,10,inf,9,11,100\n", 2, "high", "not a finite"),
    "too large": (HEADER + "2024-01-01,10,1e999,9,11,100\n", 2, "high", "not a finite"),
    "nan": (HEADER + "2024-01-01,10,12,NaN,11,100\n", 2, "low", "missing"),
    "null": (HEADER + "2024-01-01,null,null,null,null,null\n", 2, "open", "missing"),
    "blank": (HEADER + "2024-01-01,10,12,9,,100\n", 2, "close", "empty"),
    "blank volume": (HEADER + "2024-01-01,10,12,9,11,\n", 2, "volume", "empty"),
    "thousands": (HEADER + '2024-01-01,"1,010","1,012","1,009","1,011",100\n', 2, "open", "write 1234.5"),
    "decimal comma": ("timestamp;open;high;low;close;volume\n2024-01-01;1,5;2;1;1;3\n", 2, "open", "decimal comma"),
    "underscore": (HEADER + "2024-01-01,1_0,12,9,11,100\n", 2, "open", "not a number"),
    "digits of another script": (HEADER + "2024-01-01,1٢,12,9,11,100\n", 2, "open", "not a number"),
    "hexadecimal": (HEADER + "2024-01-01,0x10,12,9,11,100\n", 2, "open", "not a number"),
    "currency": (HEADER + "2024-01-01,$10,12,9,11,100\n", 2, "open", "not a number"),
    "zero price": (HEADER + GOOD + "2024-01-02,0,12,0,11,100\n", 3, "open", "above 0"),
    "negative price": (HEADER + "2024-01-01,10,12,-9,11,100\n", 2, "low", "above 0"),
    "price below the smallest number": (HEADER + "2024-01-01,1e-999,12,9,11,100\n", 2, "open", "above 0"),
    "negative volume": (HEADER + "2024-01-01,10,12,9,11,-1\n", 2, "volume", "negative"),
    "high below low": (HEADER + "2024-01-01,10,9,12,11,100\n", 2, "high", "high is below low"),
    "open above high": (HEADER + "2024-01-01,13,12,9,11,100\n", 2, "open", "outside [low, high]"),
    "close below low": (HEADER + GOOD + "2024-01-02,10,12,9,8.99,100\n", 3, "close", "outside [low, high]"),
    "the lowest of several": (HEADER + GOOD + "2024-01-02,10,12,9,8,1\n2024-01-03,-1,1,1,1,1\n", 3, "close", "outside"),
    "two rows for a time": (HEADER + GOOD + "2024-01-01,10,12,9,11,101\n", 3, "timestamp", "line 2"),
    "two rows for an instant": (HEADER + GOOD + "2024-01-01T01:00+01:00,10,12,9,11,1\n", 3, "timestamp", "line 2"),
    "two rows far apart": (HEADER + "2024-01-03,1,1,1,1,1\n" + GOOD + "2024-01-03,1,2,1,1,1\n", 4, "timestamp", "line 2"),
    "too few values": (HEADER + GOOD + "2024-01-02,10,12,9,11\n", 3, "volume", "5 values"),
    "too many values": (HEADER + "2024-01-01,10,12,9,11,100,7\n", 2, 7, "7 values"),
    "an open quote": (HEADER + GOOD + '2024-01-02,"10,12,9,11,100\n' + GOOD, 3, None, "quotes"),
    "a stray quote": (HEADER + '2024-01-02,"10"x,12,9,11,100\n', 2, None, "quotes"),
    "no date": (HEADER + "yesterday,10,12,9,11,100\n", 2, "timestamp", "no date"),
    "blank time": (HEADER + ",10,12,9,11,100\n", 2, "timestamp", "empty"),
    "american date": (HEADER + "01/31/2024,10,12,9,11,100\n", 2, "timestamp", "2020-01-31"),
    "not in the calendar": (HEADER + "2023-02-29,10,12,9,11,100\n", 2, "timestamp", "calendar"),
    "hour 24": (HEADER + "2024-01-01T24:00,10,12,9,11,100\n", 2, "timestamp", "hours go to 23"),
    "second 60": (HEADER + "2024-01-01T23:59:60,10,12,9,11,100\n", 2, "timestamp", "seconds to 59"),
    "named zone": (HEADER + "2024-01-01T10:00 CEST,10,12,9,11,100\n", 2, "timestamp", "no time of day"),
    "year 1500": (HEADER + "1500-01-01,10,12,9,11,100\n", 2, "timestamp", "outside the years"),
    "year 2300": (HEADER + GOOD + "2300-01-01,10,12,9,11,100\n", 3, "timestamp", "outside the years"),
    "epoch in year 3000": (HEADER + "32503680000,10,12,9,11,100\n", 2, "timestamp", "outside the years"),
    "huge epoch": (HEADER + "9" * 30 + ",10,12,9,11,100\n", 2, "timestamp", "no date"),
    "mixed epochs": (HEADER + "1704067200,10,12,9,11,1\n1704153600000,10,12,9,11,1\n", 3, "timestamp", "milliseconds"),
    "epoch with an exponent": (HEADER + "1.7e9,10,12,9,11,1\n", 2, "timestamp", "no date"),
    "two symbols": ("<TICKER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\nA,20240101,1,1,1,1,1\nB,20240102,1,1,1,1,1\n", 3, "<TICKER>", "another symbol"),
    "binary": (PNG, 1, None, "binary"),
    "not utf-8": (HEADER.encode() + GOOD.encode() + b"2024-01-02,10,12,9,11,100 \xe9\n", 3, None, "UTF-8"),
    "utf-16": ((HEADER + GOOD).encode("utf-16"), 1, None, "UTF-8"),
    "html": ("<html><body>429 Too Many Requests</body></html>", 1, "timestamp", "missing"),
    "json": ('{"error": "not found"}\n', 1, "timestamp", "missing"),
    "cut gzip": (gzip.compress((HEADER + GOOD * 5000).encode())[:60], None, None, "gzip"),
    "parquet of nothing": (b"PAR1", None, None, "Parquet"),
    "parquet of garbage": (b"PAR1" + os.urandom(0) + bytes(range(256)) * 8 + b"PAR1", None, None, "Parquet"),
    "control characters": (HEADER + "\x1b[31m,10,12,9,11,100\n", 1, None, "binary"),
}  # fmt: skip


def everything_but_raw(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "raw"
    }


def refused(data: DataService, path: Path, **options: object) -> InputError:
    """The error of an import that must be refused and change nothing."""
    before = everything_but_raw(data.folder)
    with pytest.raises(InputError) as raised:
        data.import_file(path, **{"symbol": "X", "interval": "1d", **options})  # type: ignore[arg-type]
    assert everything_but_raw(data.folder) == before
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused(data: DataService, tmp_path: Path, name: str) -> None:
    content, line, column, reason = BAD[name]
    path = tmp_path / "bad.csv"
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    error = refused(data, path)
    assert (error.file, error.line, error.column) == (str(path), line, column)
    assert reason in error.reason
    digest = hashlib.sha256(raw).hexdigest()
    assert (data.folder / "raw" / digest[:2] / digest).read_bytes() == raw


def test_a_bad_file_changes_nothing_that_is_stored(data: DataService, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + GOOD)
    data.import_file(path, symbol="X", interval="1d")
    before = data.load("X").hash
    path.write_text(HEADER + "2024-01-02,10,12,9,11,100\n" * 2 + "2024-01-03,10,12,9,11\n")
    refused(data, path)
    assert data.load("X").hash == before


@pytest.mark.parametrize("line", [2, 4_096, 4_097, 4_098, 9_000])
def test_the_line_is_right_far_down(data: DataService, tmp_path: Path, line: int) -> None:
    rows = [f"{1_704_067_200 + 60 * i},10,12,9,11,100" for i in range(9_100)]
    rows[line - 2] = rows[line - 2].replace(",11,", ",1l,")
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + "\n".join(rows))
    error = refused(data, path, interval="1m")
    assert (error.line, error.column) == (line, "close")


def test_lines_are_physical_lines(data: DataService, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("note," + HEADER + '"two\nlines",' + GOOD + "\n\n" + "x,2024-01-02,10,12,9,11,-5\n")
    error = refused(data, path)
    assert (error.line, error.column) == (6, "volume")


PARQUET = {
    "text": ({"close": np.array(["11", "x"])}, 2, "close", "'x' is not a number"),
    "infinity": ({"high": np.array([12.0, np.inf])}, 2, "high", "not a finite"),
    "nan": ({"low": np.array([9.0, np.nan])}, 2, "low", "empty"),
    "boolean": ({"low": np.array([True, False])}, 1, "low", "BOOLEAN"),
    "times that are flags": ({"timestamp": np.array([True, False])}, 1, "timestamp", "BOOLEAN"),
    "negative price": ({"low": np.array([9.0, -9.0])}, 2, "low", "above 0"),
    "two rows": ({"timestamp": np.array([0, 0]), "volume": np.array([1.0, 2.0])}, 2, "timestamp", "line 1"),
    "no time at all": ({"timestamp": np.array(["2024-01-01", "soon"])}, 2, "timestamp", "no date"),
}  # fmt: skip


def parquet_columns() -> dict[str, np.ndarray]:
    prices = {
        name: np.full(2, value) for name, value in (("open", 10.0), ("high", 12.0), ("low", 9.0), ("close", 11.0))
    }
    return {"timestamp": np.array([0, 86_400]), **prices, "volume": np.array([5, 6])}


@pytest.mark.parametrize("name", PARQUET)
def test_bad_parquet_is_refused(data: DataService, tmp_path: Path, name: str) -> None:
    changed, line, column, reason = PARQUET[name]
    path = tmp_path / "bad.parquet"
    write_parquet(path, {**parquet_columns(), **changed})
    error = refused(data, path)
    assert (error.file, error.line, error.column) == (str(path), line, column)
    assert reason in error.reason


def test_parquet_without_a_column_or_rows_is_refused(data: DataService, tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    columns = parquet_columns()
    write_parquet(path, {name: column[:0] for name, column in columns.items()})
    assert "no rows" in refused(data, path).reason
    del columns["low"]
    write_parquet(path, columns)
    assert refused(data, path).column == "low"


def test_parquet_cut_anywhere_is_refused(data: DataService, tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    write_parquet(whole, parquet_columns())
    content = whole.read_bytes()
    for cut in range(4, len(content), 61):
        path.write_bytes(content[:cut])
        assert "Parquet" in refused(data, path).reason


PLACES = {"missing": "no such file", "folder": "is a folder", "pipe": "no regular file"}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_file_is_refused(data: DataService, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert PLACES[name] in refused(data, tmp_path / name).reason


@pytest.mark.parametrize("path", ["nul\0byte", "x" * 5000])
def test_impossible_names_are_refused(data: DataService, path: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        data.import_file(path, symbol="X", interval="1d")


OPTIONS = [
    ({"interval": "soon"}, "interval"), ({"interval": "0d"}, "interval"), ({"interval": "-1d"}, "interval"),
    ({"interval": ""}, "interval"), ({"interval": "99999w"}, "longer than a year"), ({"tz": "Mars/Olympus"}, "IANA"),
    ({"tz": "../../etc/passwd"}, "IANA"), ({"tz": ""}, "IANA"), ({"venue": "a b"}, "venue"), ({"venue": "[red]"}, "venue"),
    ({"symbol": ""}, "empty"), ({"symbol": "  "}, "empty"), ({"symbol": "\ud800"}, "valid text"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "reason"), OPTIONS)
def test_bad_options_are_refused_before_anything_is_stored(
    data: DataService, tmp_path: Path, options: dict[str, str], reason: str
) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + GOOD)
    assert reason in refused(data, path, **options).reason
    assert not data.folder.exists()


DST = [
    ("2024-03-10 02:30", "America/New_York", "does not exist"), ("2024-11-03 01:30", "America/New_York", "happens twice"),
    ("2024-03-31 02:00", "Europe/Berlin", "does not exist"), ("2024-10-27 02:00", "Europe/Berlin", "happens twice"),
    ("2018-11-04 00:30", "America/Sao_Paulo", "does not exist"), ("2024-04-07 01:45", "Australia/Lord_Howe", "happens twice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tz", "reason"), DST)
def test_local_times_that_are_not_one_time_are_refused(
    data: DataService, tmp_path: Path, text: str, tz: str, reason: str
) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}2024-01-01 12:00,10,12,9,11,100\n{text},10,12,9,11,100\n")
    error = refused(data, path, tz=tz, interval="1m")
    assert (error.line, error.column) == (3, "timestamp")
    assert reason in error.reason
