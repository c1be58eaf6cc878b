"""The same strategies in ml4t-backtest (MIT), an event-driven engine with next-open fills; see docs/cross-checks.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crosscheck.sample_bars import (
    CASH,
    EQUAL_WEIGHT,
    FIVE_BPS,
    INVERSE_VOLATILITY,
    MOMENTUM,
    SMA_CROSS,
    STOP_AND_TARGET,
    SYMBOLS,
    TRAILING_STOP,
    Compared,
    bars,
    gapless,
    run,
)  # fmt: skip
from qt_engine.data.market import Market
from qt_engine.simulation.contract import Execution, Reason

REASON = "ml4t-backtest is not installed: pip install -e '.[crosscheck]'"
ml4t = pytest.importorskip("ml4t.backtest", reason=REASON)
pl = pytest.importorskip("polars", reason=REASON)
pytestmark = pytest.mark.crosscheck
EXACT = 1e-9


@pytest.fixture(scope="module")
def market() -> Market:
    return bars(*SYMBOLS)


class Follow(ml4t.Strategy):  # type: ignore[misc]
    """Calls a function at every close with the day's number and the broker."""

    def __init__(self, decide: Any, days: pd.DatetimeIndex) -> None:
        self.decide, self.days = decide, {day.to_pydatetime(): number for number, day in enumerate(days)}

    def on_data(self, timestamp: Any, data: Any, context: Any, broker: Any) -> None:
        self.decide(self.days[timestamp], broker)


def of_ml4t(ours: Compared, execution: Execution, decide: Any) -> Any:
    """A run in which `decide(day, broker)` is asked at every close; orders fill at the next open."""
    prices = pd.concat(
        [
            pd.DataFrame({
                "timestamp": ours.dates, "symbol": symbol,
                **{name: getattr(ours.market, name)[:, a] for name in ("open", "high", "low", "close", "volume")},
            })
            for a, symbol in enumerate(ours.market.symbols)
        ]
    )  # fmt: skip
    config = ml4t.BacktestConfig(
        initial_cash=CASH, commission_rate=execution.fee_bps / 1e4, slippage_rate=execution.slippage_bps / 1e4,
        execution_mode=ml4t.ExecutionMode.NEXT_BAR, execution_price=ml4t.config.ExecutionPrice.OPEN,
        share_type=ml4t.config.ShareType.FRACTIONAL, rebalance_mode=ml4t.config.RebalanceMode.SNAPSHOT,
        stop_fill_mode=ml4t.StopFillMode.STOP_PRICE, trail_hwm_source=ml4t.config.WaterMarkSource.BAR_EXTREME,
        trail_stop_timing=ml4t.config.TrailStopTiming.LAGGED, initial_hwm_source=ml4t.config.InitialHwmSource.BAR_HIGH, skip_cash_validation=True,
    )  # fmt: skip
    frame = pl.DataFrame({name: prices[name].to_list() for name in prices})
    return ml4t.run_backtest(frame, Follow(decide, ours.dates), config=config)


def equity_of(theirs: Any) -> pd.Series:
    days, values = zip(*theirs.equity_curve, strict=True)
    return pd.Series(values, pd.DatetimeIndex(days))


def crosses(ours: Compared) -> tuple[np.ndarray, np.ndarray]:
    """Days at which the 20 day mean has crossed above and below the 50 day mean, by pandas."""
    close = ours.frame("close").iloc[:, 0]
    over = close.rolling(20).mean() - close.rolling(50).mean()
    up = (over > 0) & (over.shift() <= 0)
    down = (over < 0) & (over.shift() >= 0)
    return up.to_numpy(), down.to_numpy()


def assert_same_fills(ours: Compared, theirs: Any) -> None:
    rows = [(f.timestamp, f.asset, f.side.value.lower(), f.quantity, f.price, f.commission) for f in theirs.fills]
    fills = ours.result.fills
    assert [row[0] for row in rows] == [ours.dates[bar].to_pydatetime() for bar in fills["bar"]]
    assert [row[2] for row in rows] == ["buy" if side > 0 else "sell" for side in fills["side"]]
    for column, name in enumerate(("quantity", "price", "fee"), 3):
        np.testing.assert_allclose([abs(row[column]) for row in rows], fills[name], rtol=EXACT)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_sma_cross_at_the_next_open_with_fee_and_slippage(market: Market, symbol: str) -> None:
    costs = Execution(fee_bps=5.0, slippage_bps=2.0)
    ours = run(SMA_CROSS, market.asset(SYMBOLS.index(symbol)), costs, SIZING="method: fixed_quantity, value: 100")
    up, down = crosses(ours)

    def decide(day: int, broker: Any) -> None:
        held = broker.get_position(symbol)
        if up[day] and not held:
            broker.submit_order(symbol, 100)
        elif down[day] and held:
            broker.submit_order(symbol, -100)

    theirs = of_ml4t(ours, costs, decide)
    assert len(ours.result.fills) > 20
    assert_same_fills(ours, theirs)
    assert ours.off(equity_of(theirs)) < EXACT


RULES = {
    STOP_AND_TARGET: ml4t.RuleChain([ml4t.StopLoss(pct=0.06), ml4t.TakeProfit(pct=0.08)]),
    TRAILING_STOP: ml4t.TrailingStop(pct=0.07),
}


@pytest.mark.parametrize(("text", "reasons"), [
    (STOP_AND_TARGET, {Reason.STOP_LOSS, Reason.TAKE_PROFIT}), (TRAILING_STOP, {Reason.TRAILING_STOP}),
], ids=["stop and target", "trailing stop"])  # fmt: skip
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_protection_inside_the_bar_and_at_gaps(market: Market, symbol: str, text: str, reasons: set[Reason]) -> None:
    """Theirs is not looked at in the bar of the entry (none is touched in one here), and in the bar of an exit they do not
    enter again, which is a cooldown of one bar."""
    ours = run(text, market.asset(SYMBOLS.index(symbol)), FIVE_BPS, SIZING="method: fixed_quantity, value: 100")
    fills = ours.result.fills
    assert len(set(fills["bar"].tolist())) == len(fills) > 20
    up, _ = crosses(ours)

    def decide(day: int, broker: Any) -> None:
        if up[day] and not broker.get_position(symbol):
            broker.submit_order(symbol, 100)
        broker.set_position_rules(RULES[text], symbol)

    theirs = of_ml4t(ours, FIVE_BPS, decide)
    assert reasons <= set(fills["reason"].tolist())
    assert_same_fills(ours, theirs)
    assert ours.off(equity_of(theirs)) < EXACT


def rebalanced(ours: Compared, weights: pd.DataFrame) -> Any:
    """Their run with the weights of each of our decision days; rows that are all NaN are none."""
    decided = set(ours.plan.rebalance.tolist())

    def decide(day: int, broker: Any) -> None:
        row = weights.iloc[day].dropna()
        if day in decided and len(row):
            broker.rebalance_to_weights({symbol: float(weight) for symbol, weight in row.items() if weight})

    return of_ml4t(ours, FIVE_BPS, decide)


def test_equal_weights_every_month(market: Market) -> None:
    ours = run(EQUAL_WEIGHT, gapless(market), FIVE_BPS, GROSS="80%")
    close = ours.frame("close")
    theirs = rebalanced(ours, close * 0 + 0.2)
    assert len(ours.result.fills) == len(theirs.fills) > 350
    assert ours.off(equity_of(theirs)) < EXACT


def test_the_strongest_two_of_half_a_year_every_month(market: Market) -> None:
    ours = run(MOMENTUM, gapless(market), FIVE_BPS, GROSS="80%")
    rank = ours.frame("close").pct_change(126).rank(axis=1, ascending=False)
    theirs = rebalanced(ours, (rank <= 2).astype(float).where(rank.notna()) * 0.4)
    assert len(ours.result.fills) == len(theirs.fills) > 150
    assert ours.off(equity_of(theirs)) < EXACT


def test_inverse_volatility_every_month(market: Market) -> None:
    ours = run(INVERSE_VOLATILITY, gapless(market), FIVE_BPS, GROSS="80%")
    calm = 1.0 / ours.frame("close").pct_change().rolling(60).std()
    theirs = rebalanced(ours, 0.8 * calm.div(calm.sum(axis=1, min_count=4), axis=0))
    assert ours.off(equity_of(theirs)) < 2e-5  # our weights are multiples of 1e-6
