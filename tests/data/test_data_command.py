"""`qt data` from the outside: documents, exit codes, the one error line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qt_engine.cli import main

ROWS = "timestamp,open,high,low,close,volume\n2024-01-01,10,12,9,11,100\n2024-01-02,10,12,9,11,100\n"


class Qt:
    """Runs commands on one workspace."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capture = capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main(["--workspace", str(self._folder), "data", *words])
        captured = self._capture.readouterr()
        return code, captured.out, captured.err

    def document(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def qt(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Qt:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("QT_WORKSPACE", raising=False)
    return Qt(tmp_path / "workspace", capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(ROWS)
    return path


def test_import_prints_its_report(qt: Qt, file: Path) -> None:
    words = ("import", str(file), "--symbol", "X", "--interval", "1d")
    report = qt.document(*words)
    assert {
        "symbol",
        "interval",
        "rows",
        "new_rows",
        "duplicates",
        "start",
        "end",
        "raw_sha256",
        "snapshot",
        "issues",
    } == set(report)
    assert (report["new_rows"], qt.document(*words)["new_rows"]) == (2, 0)
    code, out, err = qt(*words)
    assert (code, err) == (0, "")
    assert "nothing was added" in out


def test_list_bars_and_quality(qt: Qt, file: Path) -> None:
    assert qt.document("list") == []
    assert "--sample" in qt("list")[1]
    qt.document("import", str(file), "--symbol", "[red]X\x1b[2J", "--interval", "1d", "--venue", "24/7")
    (info,) = qt.document("list")
    assert (info["symbol"], info["venue"], info["rows"], info["last"]) == ("[red]X\x1b[2J", "24/7", 2, 11.0)
    page = qt.document("bars", info["symbol"], "--limit", "1")
    assert (page["total"], page["offset"], len(page["bars"])) == (2, 1, 1)
    assert page["bars"][0] == {
        "time": "2024-01-02T00:00:00Z", "open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 100.0,
    }  # fmt: skip
    assert qt.document("quality", info["symbol"])["gaps"] == {"count": 0, "missing": 0, "items": []}
    for command in (("list",), ("bars", info["symbol"]), ("quality", info["symbol"])):
        code, out, err = qt(*command)
        assert (code, err) == (0, "")
        assert "\x1b" not in out
    assert "[red]X" in qt("list")[1]


def test_the_sample(qt: Qt) -> None:
    assert [report["symbol"] for report in qt.document("import", "--sample")] == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    assert [report["new_rows"] for report in qt.document("import", "sample")] == [0] * 5
    code, out, _ = qt("quality", "AAPL")
    assert code == 0
    assert "outlier" in out


TRADES = (
    "timestamp,price,size\n2024-01-02T00:00:00.000100Z,10,1\n2024-01-02T00:00:00.5Z,12,2\n2024-01-02T00:00:02Z,11,3\n"
)


def test_events_and_bars_made_of_them(qt: Qt, file: Path) -> None:
    file.write_text(TRADES)
    words = ("import", str(file), "--symbol", "[b]T\x1b", "--kind", "trades", "--venue", "24/7")
    report = qt.document(*words)
    assert (report["kind"], report["new_rows"], qt.document(*words)["new_rows"]) == ("trades", 3, 0)
    page = qt.document("events", "[b]T\x1b", "--limit", "2")
    assert (page["symbol"], page["kind"], page["total"], page["offset"]) == ("[b]T\x1b", "trades", 3, 1)
    assert page["events"][0] == {"time": "2024-01-02T00:00:00.5Z", "price": 12.0, "size": 2.0}
    made = qt.document("bars", "[b]T\x1b", "--resample", "1s")
    assert (made["interval"], made["total"]) == ("1s", 1)
    assert made["bars"] == [
        {"time": "2024-01-02T00:00:00Z", "open": 10.0, "high": 12.0, "low": 10.0, "close": 12.0, "volume": 3.0}
    ]
    file.write_text("date,kind,value\n2024-01-02,split,2\n")
    qt.document("import", str(file), "--symbol", "[b]T\x1b", "--kind", "actions")
    assert qt.document("events", "[b]T\x1b", "--kind", "actions")["events"] == [
        {"time": "2024-01-02", "kind": "split", "value": 2.0}
    ]
    for command in (("events", "[b]T\x1b", "--kind", "trades"), ("events", "[b]T\x1b", "--kind", "actions")):
        code, out, err = qt(*command)
        assert (code, err) == (0, "")
        assert "\x1b" not in out
        assert "trades" in out or "actions" in out


def test_a_bad_file_of_events_names_the_place(qt: Qt, file: Path) -> None:
    file.write_text(TRADES.replace(",12,", ",-12,"))
    code, _, err = qt("import", str(file), "--symbol", "X", "--kind", "trades")
    assert code == 2
    assert err == f"{file}, line 3, column price: must be a finite number above 0 (price -12.0)\n"


WRONG = [
    (("import",), "--sample"),
    (("import", "gone.csv", "--symbol", "X", "--interval", "1d"), "gone.csv"),
    (("import", "gone.csv"), "--symbol and --interval missing"),
    (("import", "gone.csv", "--sample"), "not both"),
    (("import", "", "--symbol", "X", "--interval", "1d"), "no name"),
    (("bars", "NOPE"), "'NOPE'"),
    (("bars", "NOPE", "--resample", "5m"), "nothing that is stored of 'NOPE'"),
    (("bars", "NOPE", "--resample", "5"), "interval '5' is not known"),
    (("events", "NOPE"), "'NOPE'"),
    (("import", "gone.csv", "--symbol", "X", "--kind", "trades"), "gone.csv"),
    (("import", ".", "--symbol", "X", "--kind", "trades"), "is a folder"),
    (("import", "", "--symbol", "X", "--kind", "trades"), "no name"),
    (("import", "gone.csv", "--kind", "trades"), "--symbol missing"),
    (("import", "gone.csv", "--symbol", "X", "--kind", "trades", "--interval", "1m"), "trades have no interval"),
    (("import", "gone.csv", "--symbol", "X", "--kind", "ticks"), "'ticks' are not known"),
    (("import", "gone.csv", "--symbol", "X", "--kind", "trades", "--tz", "Mars"), "'Mars'"),
    (("import", "gone.csv", "--symbol", "X", "--kind", "trades", "--venue", "a b"), "'a b'"),
    (("quality", "NOPE"), "'NOPE'"),
]


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(qt: Qt, words: tuple[str, ...], reason: str) -> None:
    code, out, err = qt(*words, "--json")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert reason in err


def test_a_bad_file_names_the_place(qt: Qt, file: Path) -> None:
    file.write_text(ROWS.replace("02,10,12", "02,10,nine"))
    code, _, err = qt("import", str(file), "--symbol", "X", "--interval", "1d")
    assert code == 2
    assert err == f"{file}, line 3, column high: 'nine' is not a number\n"
