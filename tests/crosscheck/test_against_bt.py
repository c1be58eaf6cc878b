"""The same strategies in bt (MIT), an engine of target weights at one price a day; see docs/cross-checks.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crosscheck.sample_bars import (
    CASH,
    EQUAL_WEIGHT,
    FIVE_BPS,
    FREE,
    INVERSE_VOLATILITY,
    MOMENTUM,
    SMA_CROSS,
    SYMBOLS,
    Compared,
    bars,
    gapless,
    run,
)  # fmt: skip
from qt_engine.data.market import Market

bt = pytest.importorskip("bt", reason="bt is not installed: pip install -e '.[crosscheck]'")
pytestmark = pytest.mark.crosscheck
FEES = pytest.mark.parametrize(("execution", "tolerance"), [(FREE, 1e-9), (FIVE_BPS, 2e-4)], ids=["free", "5bps"])


@pytest.fixture(scope="module")
def market() -> Market:
    return gapless(bars(*SYMBOLS))


def of_bt(ours: Compared, execution: Any, *algos: Any) -> pd.Series:
    """Equity of a bt strategy at each close, after the trades of that close."""
    fee = execution.fee_bps / 10_000
    test = bt.Backtest(
        bt.Strategy("theirs", list(algos)), ours.frame("close"), initial_capital=CASH, integer_positions=False,
        commissions=lambda quantity, price: abs(quantity) * price * fee,
    )  # fmt: skip
    test.run()
    return test.strategy.values.iloc[1:]


def paid_later(ours: Compared, execution: Any) -> pd.DatetimeIndex:
    """The days whose trades bt has made and paid at the close, and we make at the open that follows."""
    return ours.decided if execution.fee_bps else ours.decided[:0]


class Bars:
    """So many bars before a day, where bt wants an offset of dates."""

    def __init__(self, dates: pd.DatetimeIndex, count: int) -> None:
        self.dates, self.count = dates, count

    def __rsub__(self, day: pd.Timestamp) -> pd.Timestamp:
        return self.dates[self.dates.get_loc(day) - self.count]


@FEES
def test_sma_cross_with_all_the_cash(market: Market, execution: Any, tolerance: float) -> None:
    one = market.asset(0)
    ours = run(SMA_CROSS, one, execution, SIZING="method: equity_fraction, value: 1.0")
    close = ours.frame("close")
    fast, slow = close.rolling(20).mean(), close.rolling(50).mean()
    over = (fast > slow).where(slow.notna())
    changed = over.ne(over.shift()) & over.shift().notna() & over.notna()
    held = over.where(changed).ffill().fillna(0.0).astype(float)  # flat until the first cross
    days = held.index[changed.iloc[:, 0]]
    theirs = of_bt(ours, execution, bt.algos.RunOnDate(*days), bt.algos.WeighTarget(held), bt.algos.Rebalance())
    assert len(ours.result.fills) > 30
    assert ours.off(theirs, but=days if execution.fee_bps else None) < tolerance


@FEES
def test_equal_weights_every_month(market: Market, execution: Any, tolerance: float) -> None:
    ours = run(EQUAL_WEIGHT, market, execution, GROSS="100%")
    theirs = of_bt(
        ours,
        execution,
        bt.algos.RunOnDate(*ours.decided),
        bt.algos.SelectAll(),
        bt.algos.WeighEqually(),
        bt.algos.Rebalance(),
    )
    assert len(ours.decided) > 90
    assert ours.off(theirs, but=paid_later(ours, execution)) < tolerance


@FEES
def test_the_strongest_two_of_half_a_year_every_month(market: Market, execution: Any, tolerance: float) -> None:
    ours = run(MOMENTUM, market, execution, GROSS="100%")
    strength = ours.frame("close").pct_change(126)
    theirs = of_bt(
        ours, execution, bt.algos.RunOnDate(*ours.decided), bt.algos.SelectAll(), bt.algos.SetStat(strength), bt.algos.SelectN(2),
        bt.algos.WeighEqually(), bt.algos.Rebalance(),
    )  # fmt: skip
    assert len(set(ours.result.fills["asset"].tolist())) == 4
    assert ours.off(theirs, but=paid_later(ours, execution)) < tolerance


@FEES
def test_inverse_volatility_every_month(market: Market, execution: Any, tolerance: float) -> None:
    ours = run(INVERSE_VOLATILITY, market, execution, GROSS="100%")
    decided = ours.decided[np.any(ours.plan.target != 0, axis=1)]
    theirs = of_bt(
        ours, execution, bt.algos.RunOnDate(*decided), bt.algos.SelectAll(), bt.algos.WeighInvVol(Bars(ours.dates, 60), Bars(ours.dates, 0)),
        bt.algos.Rebalance(),
    )  # fmt: skip
    assert ours.off(theirs, but=paid_later(ours, execution)) < max(tolerance, 1e-5)  # our weights are multiples of 1e-6


def test_months_end_where_bt_sees_them_end(market: Market) -> None:
    """bt looks at the next day to know that a month is over. Ours may not: where the exchange is closed on the month's
    last weekday it decides at the first close of the next month."""
    ours = run(EQUAL_WEIGHT, market, FREE, GROSS="100%")
    seen: list[pd.Timestamp] = []

    class Note(bt.Algo):  # type: ignore[misc]
        def __call__(self, target: Any) -> bool:
            seen.append(target.now)
            return False

    of_bt(ours, FREE, bt.algos.RunMonthly(run_on_first_date=False, run_on_end_of_period=True), Note())
    months = ours.dates.to_period("M")
    for day in sorted(set(seen) ^ set(ours.decided)):
        place = ours.dates.get_loc(day)
        if day in seen:  # a holiday follows, and then the next month
            assert day + pd.offsets.BDay() < ours.dates[place + 1]
            assert ours.dates[place + 1] in ours.decided
        elif place + 1 < len(ours.dates):
            assert months[place - 1] != months[place]
    assert len(set(seen) & set(ours.decided)) > 85
