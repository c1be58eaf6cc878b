"""Round trips paired from fills: sides, times, money, and bars in which the asset traded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import ACTIONS, DIVIDEND, SPLIT, Market
from qt_engine.evaluation.metrics import evaluate
from qt_engine.evaluation.trades import round_trips, trade_rows
from qt_engine.simulation.contract import FILL, Kind, Reason, Side
from qt_engine.simulation.simulate import simulate
from reference.busy import busy_runs
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


def test_parts_are_one_trade_at_the_mean_of_their_prices() -> None:
    rows = fills(
        enter(0, 1, price=100.0, quantity=1.0), enter(0, 2, price=110.0, quantity=3.0),
        leave(0, 3, Reason.EXIT_SIGNAL, price=120.0, quantity=1.0), leave(0, 5, Reason.STOP_LOSS, price=100.0, quantity=3.0),
        enter(0, 5, Side.SELL, quantity=1.0),
    )  # fmt: skip
    (trade,) = round_trips(rows, market())
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (4.0, 107.5, 105.0)
    assert (trade.entry_time[8:10], trade.exit_time[8:10], trade.exit_reason) == ("02", "06", "stop_loss")
    assert (trade.fees, trade.pnl, trade.bars_held) == (4.0, -14.0, 4)


def test_what_is_added_after_a_partial_exit_belongs_to_the_same_trade() -> None:
    rows = fills(
        enter(0, 1, price=100.0, quantity=2.0), leave(0, 2, Reason.TARGET, price=130.0, quantity=1.0),
        enter(0, 3, price=120.0, quantity=1.0), leave(0, 4, Reason.TARGET, price=120.0, quantity=2.0),
    )  # fmt: skip
    (trade,) = round_trips(rows, market())
    assert (trade.quantity, trade.fees) == (3.0, 4.0)
    assert trade.pnl == pytest.approx(30.0 + 20.0 - 4.0, rel=1e-15)
    assert trade.pnl == pytest.approx(3.0 * (trade.exit_price - trade.entry_price) - 4.0, rel=1e-12)


def test_a_change_of_side_ends_a_trade_and_begins_the_next() -> None:
    rows = fills(
        enter(0, 1), leave(0, 3, Reason.TARGET), enter(0, 3, Side.SELL, price=110.0, quantity=5.0),
        leave(0, 4, Reason.TARGET, Side.BUY, price=100.0, quantity=5.0),
    )  # fmt: skip
    trades = round_trips(rows, market())
    assert [(t.side, t.quantity, t.pnl) for t in trades] == [("long", 2.0, 18.0), ("short", 5.0, 48.0)]


def test_a_position_that_is_not_left_wholly_is_no_trade_yet() -> None:
    assert round_trips(fills(enter(0, 1), leave(0, 3, Reason.TARGET, quantity=1.5)), market()) == []


def test_a_split_on_the_way_gives_units_and_prices_of_the_exit() -> None:
    rows = fills(enter(0, 1, price=100.0, quantity=2.0), leave(0, 4, Reason.EXIT_SIGNAL, price=30.0, quantity=8.0))
    actions = np.array([(0, 0, SPLIT, 7.0), (3, 0, SPLIT, 4.0), (3, 1, SPLIT, 9.0), (4, 0, DIVIDEND, 5.0)], ACTIONS)
    (trade,) = round_trips(rows, replace(market(), actions=actions))
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (8.0, 25.0, 30.0)
    assert (trade.pnl, trade.fees) == (38.0, 2.0)


def test_assets_in_parts_stand_in_order_beside_those_in_pairs() -> None:
    rows = fills(
        enter(1, 1), enter(0, 1), leave(0, 2, Reason.TARGET, quantity=1.0), leave(1, 3, Reason.TARGET),
        leave(0, 4, Reason.TARGET, quantity=1.0), enter(1, 5), leave(1, 6, Reason.TARGET),
    )  # fmt: skip
    trades = round_trips(rows, market())
    assert [(t.symbol, t.exit_time[8:10]) for t in trades] == [("B[b]", "04"), ("AAA", "05"), ("B[b]", "07")]


@settings(max_examples=settings.default.max_examples * 3)
@given(busy_runs())
def test_trades_of_partial_fills_targets_and_splits_are_those_the_kernel_counted(run: Run) -> None:
    market, result = run.given.market, simulate(run.given)
    trades, counters = round_trips(result.fills, market), result.counters
    assert len(trades) == counters.trades
    assert sum(trade.pnl > 0 for trade in trades) == counters.wins
    profit, loss = 0.0, 0.0
    for trade in trades:  # in the order of their exits, as the kernel adds them up
        profit, loss = (profit + trade.pnl, loss) if trade.pnl > 0 else (profit, loss - trade.pnl)
        side = 1.0 if trade.side == "long" else -1.0
        gross = side * trade.quantity * (trade.exit_price - trade.entry_price)
        scale = trade.quantity * (abs(trade.exit_price) + abs(trade.entry_price)) + abs(trade.fees)
        assert gross - trade.fees == pytest.approx(trade.pnl, abs=1e-9 * scale)
    assert (profit, loss) == (counters.gross_profit, counters.gross_loss)
    for position in result.open_positions:
        traded = ~np.isnan(market.open[position.entry_bar :, position.asset])
        assert traded.sum() == position.bars_held


def test_a_million_fills_are_paired() -> None:
    table = np.zeros(1_000_000, FILL)
    table["sequence"] = table["bar"] = np.arange(1_000_000)
    table["quantity"], table["price"], table["fee"] = 1.0, 100.0, 0.1
    table["kind"][::2], table["kind"][1::2] = Kind.ENTRY, Kind.EXIT
    table["side"][::2], table["side"][1::2] = Side.BUY, Side.SELL
    prices = np.full((1_000_000, 1), 100.0)
    ts = np.arange(1_000_000) * 60_000_000_000
    long = market_from_arrays(["AAA"], "1m", ts, prices, prices, prices, prices, prices, venue="24/7")
    rows = trade_rows(table, long)
    assert len(rows) == 500_000
    assert (rows["bars_held"] == 1).all()


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
