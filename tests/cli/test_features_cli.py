"""`qt features` from the outside: documents, exit codes, the one error line, quick help; and `ws.features`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.cli import main
from qt_engine.core.errors import InputError
from qt_engine.features import INDICATORS, compute


class Qt:
    """Runs `qt features …` on one workspace."""

    def __init__(self, ws: Workspace, capture: pytest.CaptureFixture[str]) -> None:
        self.ws = ws
        self._capture = capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main(["--workspace", str(self.ws.folder), "features", *words])
        captured = self._capture.readouterr()
        return code, captured.out, captured.err

    def document(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def qt(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> Qt:
    return Qt(ws, capsys)


def test_the_list_holds_indicators_signals_and_labels(qt: Qt) -> None:
    entries = qt.document("list")["features"]
    assert {entry["kind"] for entry in entries} == {"indicator", "signal", "label"}
    assert all(
        list(e) == ["name", "version", "kind", "inputs", "parameters", "depends", "warmup", "description"]
        for e in entries
    )
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names))
    assert set(INDICATORS) <= set(names)
    found = {entry["name"]: entry for entry in entries}
    assert found["rsi"] == {
        "name": "rsi", "version": 1, "kind": "indicator", "inputs": ["x"],
        "parameters": [{"name": "window", "type": "int", "default": 14, "low": 2, "high": 100000}],
        "depends": [], "warmup": 14, "description": INDICATORS["rsi"].description,
    }  # fmt: skip
    assert found["sma"]["warmup"] is None
    assert found["residual_momentum"]["depends"] == ["returns", "market_return"]
    assert found["amihud"]["inputs"] == ["close", "volume"]
    for kind in ("indicator", "signal", "label"):
        chosen = qt.document("list", "--kind", kind)["features"]
        assert chosen == [entry for entry in entries if entry["kind"] == kind]
    assert {e["name"] for e in qt.document("list", "--search", "HIGH titman")["features"]} == set()
    assert "momentum_12_1" in {e["name"] for e in qt.document("list", "--search", "TITMAN jegadeesh")["features"]}


def test_the_list_as_a_table(qt: Qt) -> None:
    code, out, err = qt("list", "--search", "barrier")
    assert (code, err) == (0, "")
    assert "they look ahead" in out
    assert "triple_barrier(profit=2, stop=2, bars=21, span=100)" in out
    assert "Nothing fits" in qt("list", "--search", "no such thing")[1]
    assert "0 labels" in qt("list", "--kind", "signal")[1]


def test_values_are_those_of_the_indicator(qt: Qt) -> None:
    document = qt.document("compute", "rsi", "--symbol", "AAPL", "--set", "window=9", "--limit", "3300")
    assert list(document) == ["feature", "version", "symbol", "interval", "parameters", "rows", "total"]
    assert (document["symbol"], document["interval"], document["total"]) == ("AAPL", "1d", 3270)
    assert document["parameters"] == {"window": 9}
    market = qt.ws.data.load("AAPL")
    expected = compute("rsi", [market.close[:, 0]], {"window": 9})
    assert [row["value"] for row in document["rows"]] == [None if np.isnan(v) else v for v in expected]
    assert document["rows"][0] == {"time": "2000-03-01T00:00:00Z", "value": None}
    page = qt.document("compute", "rsi", "--symbol", "AAPL", "--set", "window=9", "--limit", "2")
    assert page["rows"] == document["rows"][-2:]
    assert page["total"] == 3270
    assert len(qt.document("compute", "rsi", "--symbol", "AAPL")["rows"]) == 20
    assert qt.document("compute", "rsi", "--symbol", "AAPL", "--limit", "0")["rows"] == []


def test_dates_series_and_versions(qt: Qt) -> None:
    words = ("compute", "sma", "--symbol", "IBM", "--set", "window=3", "--start", "2010-01-04", "--end", "2010-01-08")
    document = qt.document(*words, "--set", "x=high")
    assert (document["total"], document["parameters"]) == (5, {"window": 3, "x": "high"})
    high = qt.ws.data.load("IBM", start="2010-01-04", end="2010-01-08").high[:, 0]
    assert [row["value"] for row in document["rows"]] == [None, None, *compute("sma", [high], {"window": 3})[2:]]
    assert qt.document(*words, "--set", "x=returns")["rows"][2]["value"] is None
    assert qt.document("compute", "market_return@1", "--symbol", "IBM", "--limit", "1")["version"] == 1


def test_across_assets(qt: Qt) -> None:
    words = ("compute", "market_return", "--symbol", "AAPL", "--limit", "1", "--end", "2010-06-30")
    everything = qt.document(*words)
    assert everything["universe"] == ["AAPL", "GOOG", "IBM", "MSFT"], "FB was not traded yet"
    two = qt.document(*words, "--universe", "AAPL,IBM")
    assert two["universe"] == ["AAPL", "IBM"]
    one = [compute("returns", [qt.ws.data.load(s, end="2010-06-30").close[:, 0]])[-1] for s in ("AAPL", "IBM")]
    assert two["rows"][0]["value"] == pytest.approx(np.mean(one), rel=1e-12)
    assert qt.document(*words, "--universe", "IBM")["universe"] == ["IBM", "AAPL"]
    assert "among AAPL, GOOG, IBM, MSFT" in qt(*words)[1]


def test_labels_only_when_asked_for(qt: Qt) -> None:
    document = qt.document(
        "compute", "triple_barrier", "--symbol", "AAPL", "--label", "--set", "bars=5", "--limit", "40"
    )
    assert document["parameters"] == {"profit": 2.0, "stop": 2.0, "bars": 5, "span": 100}
    row = document["rows"][0]
    assert list(row) == ["time", "value", "touch", "return"]
    assert row["value"] in (-1.0, 0.0, 1.0)
    assert row["time"] < row["touch"] <= "2013-03-01T00:00:00Z"
    assert document["rows"][-1] == {"time": "2013-03-01T00:00:00Z", "value": None, "touch": None, "return": None}
    code, out, err = qt("compute", "triple_barrier", "--symbol", "AAPL", "--label")
    assert (code, err) == (0, "")
    assert "touch" in out


WRONG = [
    (("list", "--kind", "lable"), "did you mean label?"),
    (("compute",), "Missing argument"),
    (("compute", "rsi"), "--symbol is missing; for example: qt features compute rsi --symbol AAPL"),
    (("compute", "rssi", "--symbol", "AAPL"), "did you mean 'rsi'?"),
    (("compute", "rsi\x1b[2J", "--symbol", "AAPL"), "there is no feature"),
    (("compute", "close", "--symbol", "AAPL"), "close is a market column"),
    (("compute", "rsi@2", "--symbol", "AAPL"), "rsi has version 1, not 2"),
    (("compute", "rsi@latest", "--symbol", "AAPL"), "after @ stands a version"),
    (("compute", "rsi", "--symbol", "APL"), "did you mean 'AAPL'?"),
    (("compute", "rsi", "--symbol", "AAPL", "--interval", "1h"), "not stored at 1h"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window"), "no assignment"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window=3", "--set", "window=4"), "twice"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window=many"), "window must be a number"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window=nan"), "window must be a number"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window=1"), "between 2 and 100000"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "window=2.5"), "whole number"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "windw=5"), "did you mean 'window'?"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "x=clse"), "did you mean 'close'?"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "x=triple_barrier"), "looks ahead"),
    (("compute", "rsi", "--symbol", "AAPL", "--set", "x=rolling_correlation"), "name each, such as x=close"),
    (("compute", "momentum_12_1", "--symbol", "AAPL", "--set", "window=5"), "skip must be at most"),
    (("compute", "rsi", "--symbol", "AAPL", "--universe", "IBM"), "leave the universe out"),
    (("compute", "market_return", "--symbol", "AAPL", "--universe", "IBM,,"), "empty symbol"),
    (("compute", "market_return", "--symbol", "AAPL", "--universe", "IBM,IBM"), "IBM is named twice"),
    (("compute", "market_return", "--symbol", "AAPL", "--universe", "XX"), "no bars of 'XX'"),
    (("compute", "market_return", "--symbol", "AAPLE"), "did you mean 'AAPL'?"),
    (("compute", "rsi", "--symbol", "AAPL", "--start", "yesterday"), "is no date"),
    (("compute", "rsi", "--symbol", "AAPL", "--start", "2030-01-01"), "no bars in that time"),
    (("compute", "rsi", "--symbol", "AAPL", "--start", "2012-01-01", "--end", "2011-01-01"), "after end"),
    (("compute", "rsi", "--symbol", "AAPL", "--limit", "-1"), "must not be negative"),
    (("compute", "rsi", "--symbol", "AAPL", "--limit", "x"), "--limit"),
    (("compute", "triple_barrier", "--symbol", "AAPL"), "looks ahead"),
    (("compute", "rsi", "--symbol", "AAPL", "--label"), "rsi is a feature, not a label"),
    (("compute", "forward_return", "--symbol", "AAPL", "--label", "--set", "bars=x"), "bars must be a number"),
    (("compute", "forward_return", "--symbol", "AAPL", "--label", "--universe", "IBM"), "a label does not"),
    (("computed",), "compute"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words).replace("\x1b", "ESC") for words, _ in WRONG])
def test_wrong_input_is_one_line_and_exit_code_two(qt: Qt, words: tuple[str, ...], said: str) -> None:
    code, out, err = qt(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "Traceback" not in err


def test_a_feature_whose_code_fails_is_exit_code_one(qt: Qt) -> None:
    from qt_engine.features import feature
    from qt_engine.features.registration import forget

    feature("breaks", depends=("close",), description="x")(lambda close: 1 / 0)
    try:
        code, out, err = qt("compute", "breaks", "--symbol", "AAPL")
    finally:
        forget("breaks")
    assert (code, out) == (1, "")
    assert err == "feature breaks failed: ZeroDivisionError: division by zero\n"


def test_from_python(ws: Workspace) -> None:
    assert "hurst" in [one.name for one in ws.features.list("signal")]
    values = ws.features.compute("half_life", "MSFT", start="2010-01-01", params={"window": 40})
    assert values.ts.shape == values.values.shape
    assert np.isnan(values.values[:40]).all()
    assert not np.isnan(values.values[40:]).any()
    assert values.as_json(1)["rows"][0]["time"].endswith("Z")
    with pytest.raises(InputError, match="looks ahead"):
        ws.features.compute("forward_return", "MSFT")
    label = ws.features.label("forward_return", "MSFT", params={"bars": 3})
    assert np.isnan(label.values[-3:]).all()
    assert ws.features.compute("half_life", "MSFT", start="2010-01-01", params={"window": 40}).values.tobytes() == (
        values.values.tobytes()
    )


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom qt_engine.cli import main\n"
        "assert main(['features', '--help']) == main(['features', 'compute', '--help']) == 0\n"
        "heavy = {'numpy', 'numba', 'pandas', 'duckdb', 'talib', 'qt_engine.features.registration'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
