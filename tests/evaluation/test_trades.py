"""Round trips paired from fills: sides, times, money, and bars in which the asset traded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.evaluation.metrics import evaluate
from qt_engine.evaluation.trades import round_trips
from qt_engine.simulation.contract import FILL, Kind, Reason, Side
from qt_engine.simulation.simulate import simulate
from reference.generators import Run, runs

DAY = 86_400_000_000_000


def market(bars: int = 10, gaps: dict[int, list[int]] | None = None) -> Market:
    """Two assets at 100; `gaps` are bars in which an asset does not trade."""
    prices = np.full((bars, 2), 100.0)
    for asset, missing in (gaps or {}).items():
        prices[missing, asset] = np.nan
    ts = np.arange(bars) * DAY
    return market_from_arrays(
        ["AAA", "B[b]"], "1d", ts, prices, prices, prices, prices, np.ones((bars, 2)), venue="24/7"
    )


def fills(*rows: dict[str, Any]) -> np.ndarray[Any, Any]:
    table = np.zeros(len(rows), FILL)
    for index, row in enumerate(rows):
        table[index]["sequence"] = index
        for name, value in {"ts": row["bar"] * DAY, "fee": 1.0, "order": index, **row}.items():
            table[index][name] = value
    return table


def enter(asset: int, bar: int, side: int = Side.BUY, price: float = 100.0, quantity: float = 2.0) -> dict[str, Any]:
    return {
        "asset": asset, "bar": bar, "side": side, "kind": Kind.ENTRY, "reason": Reason.ENTRY_SIGNAL, "price": price,
        "quantity": quantity,
    }  # fmt: skip


def leave(
    asset: int, bar: int, reason: Reason, side: int = Side.SELL, price: float = 110.0, quantity: float = 2.0
) -> dict[str, Any]:
    return {
        "asset": asset,
        "bar": bar,
        "side": side,
        "kind": Kind.EXIT,
        "reason": reason,
        "price": price,
        "quantity": quantity,
    }


def test_a_long_trade() -> None:
    (trade,) = round_trips(fills(enter(0, 1), leave(0, 4, Reason.TAKE_PROFIT)), market())
    assert trade.as_json() == {
        "symbol": "AAA", "side": "long", "quantity": 2.0, "entry_time": "1970-01-02T00:00:00Z", "entry_price": 100.0,
        "exit_time": "1970-01-05T00:00:00Z", "exit_price": 110.0, "exit_reason": "take_profit", "pnl": 18.0, "fees": 2.0,
        "bars_held": 3,
    }  # fmt: skip


def test_a_short_trade_earns_when_the_price_falls() -> None:
    rows = fills(enter(1, 1, Side.SELL), leave(1, 2, Reason.EXIT_SIGNAL, Side.BUY, price=90.0))
    (trade,) = round_trips(rows, market())
    assert (trade.symbol, trade.side, trade.pnl) == ("B[b]", "short", 18.0)


@pytest.mark.parametrize(("missing", "held"), [([], 5), ([3], 4), ([2, 3, 4], 2), ([8], 5)])
def test_bars_held_are_bars_in_which_the_asset_traded(missing: list[int], held: int) -> None:
    rows = fills(enter(0, 1), leave(0, 6, Reason.TIME_STOP))
    (trade,) = round_trips(rows, market(gaps={0: missing, 1: [1, 2, 3]}))
    assert trade.bars_held == held


def test_a_trade_that_ends_in_its_first_bar_has_held_none() -> None:
    (trade,) = round_trips(fills(enter(0, 1), leave(0, 1, Reason.STOP_LOSS)), market())
    assert trade.bars_held == 0


def test_trades_of_several_assets_stand_in_the_order_of_their_exits_and_open_ones_are_left_out() -> None:
    rows = fills(
        enter(0, 1), enter(1, 1), leave(1, 2, Reason.STOP_LOSS), enter(1, 3), leave(0, 4, Reason.EXIT_SIGNAL),
        enter(0, 5), leave(1, 6, Reason.MAX_DRAWDOWN),
    )  # fmt: skip
    trades = round_trips(rows, market())
    assert [(t.symbol, t.entry_time[8:10], t.exit_reason) for t in trades] == [
        ("B[b]", "02", "stop_loss"), ("AAA", "02", "exit_signal"), ("B[b]", "04", "max_drawdown"),
    ]  # fmt: skip


def test_no_fills_no_trades() -> None:
    assert round_trips(np.zeros(0, FILL), market()) == []
    assert round_trips(fills(enter(0, 1)), market()) == []


@given(runs())
def test_trades_of_any_run_are_those_the_kernel_counted(run: Run) -> None:
    market, result = run.given.market, simulate(run.given)
    trades = round_trips(result.fills, market)
    counters = result.counters
    assert len(trades) == counters.trades
    assert sum(trade.pnl > 0 for trade in trades) == counters.wins
    assert sum(trade.pnl for trade in trades if trade.pnl > 0) == pytest.approx(
        counters.gross_profit, rel=1e-9, abs=1e-9
    )
    assert -sum(trade.pnl for trade in trades if trade.pnl <= 0) == pytest.approx(
        counters.gross_loss, rel=1e-9, abs=1e-9
    )
    open_fees = sum(position.entry_fee for position in result.open_positions)
    assert sum(trade.fees for trade in trades) + open_fees == pytest.approx(counters.fees, rel=1e-9, abs=1e-9)
    for position in result.open_positions:
        traded = ~np.isnan(market.open[position.entry_bar :, position.asset])
        assert traded.sum() == position.bars_held


@given(runs())
def test_metrics_of_any_run_are_those_of_its_equity(run: Run) -> None:
    market, result = run.given.market, simulate(run.given)
    metrics = evaluate(result.counters, market.periods_per_year)
    picked = np.flatnonzero(market.sample)
    curve = result.equity[[0, *picked[picked > 0]]]
    assert metrics.final_equity == result.equity[-1]
    if (curve > 0).all():
        returns = curve[1:] / curve[:-1] - 1.0
        worst = min(0.0, *(curve / np.maximum.accumulate(curve) - 1.0))
        assert metrics.max_drawdown == pytest.approx(worst, rel=1e-9, abs=1e-12)
        if len(returns) > 1 and returns.std() > 1e-6:
            expected = returns.mean() / returns.std(ddof=1) * market.periods_per_year**0.5
            assert metrics.sharpe == pytest.approx(expected, rel=1e-6, abs=1e-9)
