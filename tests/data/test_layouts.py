"""Every layout that is recognised without options, and what the first bar must then be."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from qt_engine.core.clock import iso
from qt_engine.data.service import DataService

KLINE = "12.5,14,11,13,1000,1704067499999,500,7,1,2,0"
ROWS = "12.5,14,11,13,1000"
TABLES = {
    "yahoo": "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-01,12.5,14,11,13,12.9,1000\n2024-01-02,12.5,14,11,13,12.9,1000",
    "yahoo without adjusted": f"Date,Open,High,Low,Close,Volume\n2024-01-01,{ROWS}\n2024-01-02,{ROWS}",
    "yahoo history with offsets": "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
    f"2024-01-01 00:00:00+00:00,{ROWS},0.0,0.0\n2024-01-02 00:00:00+00:00,{ROWS},0.0,0.0",
    "yahoo with stacked header": "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n"
    "2024-01-01,13,14,11,12.5,1000\n2024-01-02,13,14,11,12.5,1000",
    "stooq": "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    f"AAPL.US,D,20240101,000000,{ROWS},0\nAAPL.US,D,20240102,000000,{ROWS},0",
    "stooq short": f"Date,Open,High,Low,Close,Volume\r\n2024-01-01,{ROWS}\r\n2024-01-02,{ROWS}\r\n",
    "binance with header": "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    f"taker_buy_quote_volume,ignore\n1704067200000,{KLINE}\n1704153600000,{KLINE}",
    "binance without header": f"1704067200000,{KLINE}\n1704153600000,{KLINE}",
    "binance in microseconds": f"1704067200000000,{KLINE}\n1704153600000000,{KLINE}",
    "plain": f"timestamp,open,high,low,close,volume\n2024-01-01T00:00:00Z,{ROWS}\n2024-01-02T00:00:00Z,{ROWS}",
    "any order and letter case": "VOLUME,Close,note,low,HIGH,Open,Time\n1000,13,a,11,14,12.5,2024-01-01\n1000,13,b,11,14,12.5,2024-01-02",
    "semicolons": "timestamp;open;high;low;close;volume\n2024-01-01;12.5;14;11;13;1000\n2024-01-02;12.5;14;11;13;1000",
    "tabs": "timestamp\topen\thigh\tlow\tclose\tvolume\n2024-01-01\t12.5\t14\t11\t13\t1000\n2024-01-02\t12.5\t14\t11\t13\t1000",
    "byte order mark": f"\ufefftimestamp,open,high,low,close,volume\n2024-01-01,{ROWS}\n2024-01-02,{ROWS}",
    "quoted": '"timestamp","open","high","low","close","volume"\n"2024-01-01","12.5","14","11","13","1000"\n'
    '"2024-01-02","12.5","14","11","13","1000"',
    "blanks and blank lines": "\n\n timestamp , open , high , low , close , volume \n\n 2024-01-01 , 12.5 , 14 , 11 , 13 , 1000 \n"
    "2024-01-02,12.5,14,11,13,1000\n\n\n",
    "nameless first column": f",open,high,low,close,volume\n2024-01-01,{ROWS}\n2024-01-02,{ROWS}",
    "exponents": "timestamp,open,high,low,close,volume\n2024-01-01,1.25e1,14,11,13,1e3\n2024-01-02,1.25e1,14,11,13,1E+3",
    "several names for a time": f"unix,date,symbol,open,high,low,close,volume\n1,2024-01-01,X,{ROWS}\n2,2024-01-02,X,{ROWS}",
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_a_layout_is_recognised(data: DataService, tmp_path: Path, name: str, zipped: bool) -> None:
    path = tmp_path / "file.data"
    content = TABLES[name].encode()
    path.write_bytes(gzip.compress(content) if zipped else content)
    report = data.import_file(path, symbol="X", interval="1d")
    assert (report.rows, report.new_rows, report.duplicates, report.issues) == (2, 2, 0, [])
    assert (report.start, report.end) == ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")
    bars = data.bars("X")
    assert [getattr(bars, field)[0] for field in ("open", "high", "low", "close", "volume")] == [12.5, 14, 11, 13, 1000]


TIMES = {
    "2024-03-10": "2024-03-10T00:00:00Z",
    "2024-03-10T14": "2024-03-10T14:00:00Z",
    "2024-03-10 14:30": "2024-03-10T14:30:00Z",
    "2024-03-10T14:30:05": "2024-03-10T14:30:05Z",
    "2024-03-10T14:30:05.123456789Z": "2024-03-10T14:30:05.123456789Z",
    "2024-03-10 14:30:05.5": "2024-03-10T14:30:05.5Z",
    "2024-03-10T14:30:05+02:00": "2024-03-10T12:30:05Z",
    "2024-03-10T14:30-0530": "2024-03-10T20:00:00Z",
    "2024-03-10 14:30:05 +02": "2024-03-10T12:30:05Z",
    "2024-03-10 14:30:05 UTC": "2024-03-10T14:30:05Z",
    "20240310T143005Z": "2024-03-10T14:30:05Z",
    "1710081005": "2024-03-10T14:30:05Z",
    "1710081005.25": "2024-03-10T14:30:05.25Z",
    "1710081005123": "2024-03-10T14:30:05.123Z",
    "1710081005123456": "2024-03-10T14:30:05.123456Z",
    "1710081005123456789": "2024-03-10T14:30:05.123456789Z",
    "-86400": "1969-12-31T00:00:00Z",
    "0": "1970-01-01T00:00:00Z",
    "1700-02-28": "1700-02-28T00:00:00Z",
    "2259-12-31T23:59:59": "2259-12-31T23:59:59Z",
}


@pytest.mark.parametrize(("text", "expected"), TIMES.items())
def test_a_way_to_write_a_time(data: DataService, tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"timestamp,open,high,low,close,volume\n{text},{ROWS}\n")
    assert data.import_file(path, symbol="X", interval="1s").start == expected
    assert iso(int(data.bars("X").ts[0])) == expected


ZONES = [
    ("2024-01-02 09:30", "America/New_York", "2024-01-02T14:30:00Z"),
    ("2024-07-02 09:30", "America/New_York", "2024-07-02T13:30:00Z"),
    ("2024-03-10 01:59:59", "America/New_York", "2024-03-10T06:59:59Z"),
    ("2024-03-10 03:00", "America/New_York", "2024-03-10T07:00:00Z"),
    ("2024-11-03 00:59", "America/New_York", "2024-11-03T04:59:00Z"),
    ("2024-11-03 02:00", "America/New_York", "2024-11-03T07:00:00Z"),
    ("2024-01-02", "America/New_York", "2024-01-02T05:00:00Z"),
    ("2024-01-02 09:00", "Asia/Tokyo", "2024-01-02T00:00:00Z"),
    ("2024-01-02 09:00", "Asia/Kathmandu", "2024-01-02T03:15:00Z"),
    ("2024-10-06 01:59", "Australia/Lord_Howe", "2024-10-05T15:29:00Z"),
    ("2024-10-06 02:30", "Australia/Lord_Howe", "2024-10-05T15:30:00Z"),
    (
        "2018-11-04",
        "America/Sao_Paulo",
        "2018-11-04T03:00:00Z",
    ),  # midnight itself did not happen: the day began at 01:00
    ("2024-11-03", "America/Havana", "2024-11-03T04:00:00Z"),  # midnight happened twice: the day began at the first
    ("1880-01-01 00:00", "Europe/Berlin", "1879-12-31T23:06:32Z"),  # before zones there was local mean time
    ("2024-07-02T09:30:00+02:00", "America/New_York", "2024-07-02T07:30:00Z"),
    ("1704067200", "America/New_York", "2024-01-01T00:00:00Z"),
]


@pytest.mark.parametrize(("text", "tz", "expected"), ZONES)
def test_local_times(data: DataService, tmp_path: Path, text: str, tz: str, expected: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"timestamp,open,high,low,close,volume\n{text},{ROWS}\n")
    assert data.import_file(path, symbol="X", interval="1m", tz=tz).start == expected


def test_a_zone_that_was_not_needed_is_noted(data: DataService, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"timestamp,open,high,low,close,volume\n2024-01-01T00:00Z,{ROWS}\n")
    assert "not used" in data.import_file(path, symbol="X", interval="1d", tz="Asia/Tokyo").issues[0]
