"""Sweeps that the compiled lanes do not know: portfolios, order types, execution models and limits. A lane is a run there too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.simulation.contract import Counters, Execution, RiskLimits, SimInput
from qt_engine.simulation.execution import Carry, Latency
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.sweep import in_lanes, sweep
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid

RULES = """
schema: 1
name: everything
kind: rules
interval: 1d
universe: [A]
params: {window: {type: int, default: 4, low: 2, high: 30}}
entry: {long: "close < sma(close, window)", short: "close > sma(close, window) * 1.02"}
exit: {long: "close > sma(close, window)", short: "close < sma(close, window)", stop_loss: 3%}
sizing: {method: equity_fraction, value: 0.3}
"""
LIMIT_ORDERS = RULES + 'orders: {entry: {type: limit, limit: "close * 0.995", time_in_force: day}}\n'
PORTFOLIO = """
schema: 1
name: strongest
kind: portfolio
interval: 1d
universe: [A]
params:
  back: {type: int, default: 10, low: 2, high: 60}
  held: {type: int, default: 1, low: 1, high: 3}
select: {rank: "close / close[back]", top: held}
weights: {method: equal}
rebalance: {every: 7 bars}
"""
SLOW = Execution(
    fee_bps=7.0, slippage_bps=3.0, participation=0.05, failure_probability=0.1, carry=Carry(borrow_rate=0.05, cash_rate=0.01),
    latency=Latency(distribution="uniform", low=0.0, high=1000.0),
)  # fmt: skip
CASES: dict[str, tuple[str, dict[str, list[Any]], Execution, RiskLimits]] = {
    "execution model": (RULES, {"window": [3, 5, 9]}, SLOW, RiskLimits()),
    "limit orders": (LIMIT_ORDERS, {"window": [3, 5]}, Execution(), RiskLimits()),
    "limits of the run": (
        RULES,
        {"window": [3, 5]},
        Execution(),
        RiskLimits(max_daily_loss=0.01, max_concentration=0.2),
    ),
    "portfolio": (PORTFOLIO, {"back": [5, 20], "held": [1, 2]}, Execution(), RiskLimits()),
    "portfolio with an execution model": (PORTFOLIO, {"held": [1, 3]}, SLOW, RiskLimits(max_drawdown=0.1)),
}


def market(seed: int = 5, bars: int = 300, assets: int = 3) -> Market:
    """Random walks with a volume that an order can exhaust."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, (bars, assets)), axis=0))
    opening = close * np.exp(random.normal(0.0, 0.005, close.shape))
    ends = np.stack([opening, close])
    volume = random.integers(100, 5_000, close.shape).astype(float)
    ts = np.arange(bars) * 86_400_000_000_000
    return market_from_arrays(
        ("A", "B", "C")[:assets], "1d", ts, opening, ends.max(0) * 1.01, ends.min(0) * 0.99, close, volume
    )


MARKET = market()


def bits(counters: Counters) -> dict[str, object]:
    """Counters that compare as bytes, NaN equal to itself."""
    return {name: value.hex() if isinstance(value, float) else value for name, value in vars(counters).items()}


@pytest.mark.parametrize("name", CASES)
def test_a_lane_is_a_run(name: str) -> None:
    text, axes, execution, risk = CASES[name]
    document = load_document(text, "case.yaml")
    assert not in_lanes(document, [MARKET], execution, risk)
    lanes = grid(document, axes)
    told = sweep(document, lanes, [MARKET], execution, 50_000.0, risk=risk, seed=9, threads=2)
    outcomes = set()
    for lane in range(len(next(iter(lanes.values())))):
        plan = compile_strategy(document, {key: values[lane].item() for key, values in lanes.items()}, MARKET)
        expected = simulate(SimInput(MARKET, plan, execution, 50_000.0, 9, risk=risk)).counters
        assert bits(told.counters(lane)) == bits(expected)
        assert expected.trades > 0
        outcomes.add(expected.final_equity)
    assert len(outcomes) > 1, "parameters without an effect show nothing"


def test_threads_change_no_lane() -> None:
    text, axes, execution, risk = CASES["portfolio with an execution model"]
    document = load_document(text, "case.yaml")
    lanes, markets = grid(document, axes), [MARKET, market(6)]
    one, three = (sweep(document, lanes, markets, execution, 50_000.0, risk=risk, threads=count) for count in (1, 3))
    for at in range(2):
        for lane in range(len(lanes["held"])):
            assert bits(one.counters(lane, at)) == bits(three.counters(lane, at))


def test_a_plain_sweep_takes_the_quick_way() -> None:
    assert in_lanes(load_document(RULES, "case.yaml"), [MARKET], Execution(fee_bps=1.0), RiskLimits())


@pytest.mark.parametrize("back", [5, 20])
def test_what_was_gained_is_realised_or_open(back: int) -> None:
    """Also where positions are reduced and not closed: nothing of the gain is missing, nothing told twice."""
    rebalanced = load_document(PORTFOLIO.replace("top: held", "top: 3"), "case.yaml")
    plan = compile_strategy(rebalanced, {"back": back, "held": 1}, MARKET)
    result = simulate(SimInput(MARKET, plan, Execution(), 50_000.0))
    still_open = sum(
        position.quantity * (position.last_price - position.entry_price) - position.entry_fee
        for position in result.open_positions
    )
    assert result.partly_realised != 0.0
    assert result.realised_pnl + still_open == pytest.approx(result.counters.final_equity - 50_000.0, rel=1e-9)
