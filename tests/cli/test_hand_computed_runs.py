"""Runs worked out by hand, from a CSV file to the figures that `qt` prints: fees, slippage, stops, shorts, shared cash, ruin."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qt_engine.cli import main

Bars = Sequence[tuple[float, float, float, float]]
Outcome = tuple[dict[str, Any], list[dict[str, Any]]]
Run = Callable[..., Outcome]

FREE = ("--fee-bps", "0", "--slippage-bps", "0")
FIRST = "bar_index == 0"


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Imports bars, runs a strategy over them and gives the documents of `qt backtest` and `qt runs trades`."""

    def qt(*words: str) -> Any:
        code = main(["--workspace", str(tmp_path / "ws"), *words, "--json"])
        said = capfd.readouterr()
        assert (code, said.err) == (0, "")
        return json.loads(said.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    def run(strategy: dict[str, Any], bars: dict[str, Bars], *options: str) -> Outcome:
        for symbol, rows in bars.items():
            lines = [f"{date(2024, 1, 1) + timedelta(t)},{','.join(map(str, row))},100" for t, row in enumerate(rows)]
            file = tmp_path / f"{symbol}.csv"
            file.write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]))
            qt("data", "import", str(file), "--symbol", symbol, "--interval", "1d")
        file = tmp_path / "strategy.yaml"
        file.write_text(json.dumps({"schema": 1, "name": "by_hand", "kind": "rules", **strategy}))
        document = qt("backtest", str(file), "--symbols", ",".join(bars), *options)
        return document, qt("runs", "trades", document["run_id"])

    return run


def told(trade: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(trade[name] for name in names)


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-12)


def test_fees_and_slippage_of_half_the_equity(run: Run) -> None:
    bars = [(100, 101, 99, 100), (102, 104, 101, 103), (104, 106, 103, 105), (106, 108, 105, 107), (108, 109, 107, 108)]
    document, (trade,) = run(
        {
            "entry": {"long": FIRST},
            "exit": {"long": "bar_index == 2"},
            "sizing": {"method": "equity_fraction", "value": 0.5},
        },
        {"A": bars}, "--fee-bps", "10", "--slippage-bps", "20", "--cash", "10000",
    )  # fmt: skip
    bought, sold = 102 * 1.002, 106 * 0.998
    quantity = 5000 / bought
    fees = quantity * (bought + sold) * 0.001
    final = 10_000 + quantity * (sold - bought) - fees
    assert told(trade, "side", "entry_time", "exit_time", "exit_reason", "bars_held") == (
        "long", "2024-01-02T00:00:00Z", "2024-01-04T00:00:00Z", "exit_signal", 2,
    )  # fmt: skip
    assert told(trade, "quantity", "entry_price", "exit_price") == (near(quantity), near(bought), near(sold))
    assert told(trade, "fees", "pnl") == (near(fees), near(final - 10_000))
    metrics = document["metrics"]
    assert (metrics["final_equity"], metrics["fees"]) == (near(final), near(fees))
    assert metrics["slippage"] == near(quantity * (102 + 106) * 0.002)
    curve = [10_000, *(10_000 - quantity * bought * 1.001 + quantity * close for close in (103, 105)), final, final]
    # 252 periods a year: Monday to Friday
    assert metrics["turnover"] == near(quantity * (bought + sold) / (sum(curve) / 5) * 252 / 4)
    assert (metrics["exposure"], metrics["win_rate"], metrics["profit_factor"]) == (0.4, 1.0, None)


def test_a_short_is_trailed_from_the_lows_of_earlier_bars(run: Run) -> None:
    bars = [(100, 101, 99, 100), (100, 101, 95, 96), (96, 97, 90, 91), (91, 94, 90, 93), (93, 95, 92, 94.4)]
    document, (trade,) = run(
        {
            "entry": {"short": FIRST},
            "exit": {"trailing_stop": "5%"},
            "sizing": {"method": "fixed_notional", "value": 1000},
        },
        {"A": bars}, *FREE, "--tick", "0.01", "--cash", "2000",
    )  # fmt: skip
    assert told(trade, "side", "quantity", "entry_price", "exit_price", "exit_reason", "bars_held", "pnl") == (
        "short", 10.0, 100.0, 94.5, "trailing_stop", 3, 55.0,
    )  # fmt: skip
    assert document["metrics"]["final_equity"] == 2055.0


def test_time_stop_cooldown_and_entries(run: Run) -> None:
    bars = [(100 + t, 101 + t, 99 + t, 100 + t) for t in range(20)]
    document, trades = run(
        {
            "entry": {"long": "close > 0"},
            "exit": {"time_stop": 2},
            "reentry": {"cooldown": 3, "max_entries": 2},
            "sizing": {"method": "fixed_quantity", "value": 1},
        },
        {"A": bars}, *FREE,
    )  # fmt: skip
    assert [told(trade, "entry_price", "exit_price", "exit_reason", "bars_held") for trade in trades] == [
        (101.0, 103.0, "time_stop", 2), (107.0, 109.0, "time_stop", 2),
    ]  # fmt: skip
    assert document["metrics"]["final_equity"] == 100_004.0


@pytest.mark.parametrize("symbols", [("X", "Y"), ("Y", "X")])
def test_two_symbols_share_the_cash_in_their_order(run: Run, symbols: tuple[str, str]) -> None:
    prices = {"X": 10.0, "Y": 20.0}
    document, trades = run(
        {"entry": {"long": FIRST}, "sizing": {"method": "equity_fraction", "value": 0.6}},
        {s: [(prices[s], prices[s] + 1, prices[s] - 1, prices[s])] * 4 for s in symbols},
        "--fee-bps", "100", "--slippage-bps", "0", "--cash", "1000",
    )  # fmt: skip
    first, second = symbols
    room = 994 - 600  # 600 were bought for a fee of 6
    quantities = {first: 600 / prices[first], second: room / 1.01 / prices[second]}
    assert {p["symbol"]: p["quantity"] for p in document["open_positions"]} == {
        s: near(q) for s, q in quantities.items()
    }
    assert trades == []
    assert document["metrics"]["final_equity"] == near(994 - room / 1.01 * 0.01)


def test_a_stop_is_rounded_to_the_tick_and_slips(run: Run) -> None:
    bars = [(100, 101, 99, 100), (33.33, 34, 33, 33.5), (33.3, 33.4, 30, 31), (31, 32, 30, 31)]
    document, (trade,) = run(
        {"entry": {"long": FIRST}, "exit": {"stop_loss": "3%"}, "sizing": {"method": "fixed_quantity", "value": 100}},
        {"A": bars}, "--fee-bps", "5", "--slippage-bps", "10", "--tick", "0.05",
    )  # fmt: skip
    bought, sold = 33.33 * 1.001, 32.35 * 0.999  # 33.33 × 0.97 = 32.3301
    assert told(trade, "entry_price", "exit_price", "exit_reason") == (near(bought), near(sold), "stop_loss")
    assert document["metrics"]["final_equity"] == near(100_000 - 100 * bought * 1.0005 + 100 * sold * 0.9995)


def test_the_run_ends_at_its_largest_loss(run: Run) -> None:
    bars = [(p, p + 1, p - 1, p) for p in (100, 100, 80, 70, 60)]
    document, (trade,) = run(
        {"entry": {"long": "close > 0"}, "risk": {"max_drawdown": "15%"}}, {"A": bars}, *FREE, "--cash", "1000"
    )
    assert told(trade, "exit_price", "exit_reason") == (70.0, "max_drawdown")
    assert (document["metrics"]["final_equity"], document["metrics"]["max_drawdown"]) == (700.0, near(-0.3))
    assert document["warnings"] == [
        "perfect execution: no costs; such a result cannot be traded", "the run was halted when it reached its maximum drawdown",
    ]  # fmt: skip


def test_a_short_that_ruins_has_no_ratios(run: Run) -> None:
    bars = [(p, p + 1, p - 1, p) for p in (100, 100, 300, 500, 400)]
    document, trades = run({"entry": {"short": FIRST}}, {"A": bars}, *FREE, "--cash", "1000")
    metrics = document["metrics"]
    assert (metrics["final_equity"], metrics["total_return"], metrics["max_drawdown"]) == (-2000.0, -3.0, -4.0)
    undefined = ("cagr", "volatility", "sharpe", "sortino", "calmar", "turnover", "win_rate", "profit_factor")
    assert [metrics[name] for name in undefined] == [None] * len(undefined)
    assert any("fell to zero or below" in warning for warning in document["warnings"])
    assert trades == []
