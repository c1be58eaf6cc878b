"""A lane of a sweep, in any company and on any number of threads, is the run; for what only the complete path knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qt_engine.data.market import Market
from qt_engine.simulation.contract import Counters, Execution, RiskLimits, SimInput
from qt_engine.simulation.execution import Carry, FeeRegime, FeeTier, Impact, Latency
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.sweep import sweep
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid
from reference.busy import markets
from reference.dice import roll

TEXT = """schema: 1
name: lanes
kind: rules
interval: 1d
universe: [A]
params:
  window: {type: int, default: 3, low: 2, high: 30}
  stop: {type: float, default: 0.02, low: 0.001, high: 0.5}
entry: {long: "close > sma(close, window)", short: "close < sma(close, window)"}
exit: {long: "close < sma(close, window)", short: "close > sma(close, window)", stop_loss: stop, take_profit: "stop * 2"}
sizing: {method: equity_fraction, value: 0.3}
"""
EXECUTION = Execution(
    spread_bps=10.0, impact=Impact(window=3), participation=0.3, latency=Latency(distribution="uniform", low=0.0, high=5e7),
    failure_probability=0.2, fees=(FeeRegime(tiers=(FeeTier(), FeeTier(above=5000.0, taker_bps=1.0)), minimum=1.0),),
    carry=Carry(borrow_rate=0.1, margin_rate=0.05),
)  # fmt: skip
RISK = RiskLimits(max_net=0.5, max_orders_per_day=3)


def a_market(first: int) -> Market:
    """The first rolled market from a seed on that is long and a day a bar."""
    for seed in range(first, first + 10_000):
        market = roll(markets(max_assets=3, max_bars=120), seed)
        if len(market) > 100 and market.interval == "1d" and len(market.actions):
            return market
    raise AssertionError("no such market")


def bits(counters: Counters) -> dict[str, object]:
    """Counters that compare as bytes, NaN equal to itself."""
    return {name: value.hex() if isinstance(value, float) else value for name, value in vars(counters).items()}


@pytest.fixture(scope="module")
def document() -> StrategyDocument:
    return load_document(TEXT, "lanes.yaml")


@pytest.mark.parametrize("threads", (1, 3))
def test_a_lane_is_a_run(document: StrategyDocument, threads: int) -> None:
    axes: dict[str, list[Any]] = {"window": [2, 4, 7], "stop": [0.01, 0.05]}
    lanes = grid(document, axes)
    market = a_market(0)
    told = sweep(document, lanes, [market], EXECUTION, 20_000.0, risk=RISK, seed=9, threads=threads)
    trades = 0
    for lane in range(6):
        plan = compile_plan(document, {name: values[lane].item() for name, values in lanes.items()}, market)
        one = simulate(SimInput(market, plan, EXECUTION, 20_000.0, seed=9, risk=RISK))
        assert bits(told.counters(lane)) == bits(one.counters)
        trades += one.counters.trades
    assert trades > 0


def test_company_and_threads_change_no_lane(document: StrategyDocument) -> None:
    lanes = grid(document, {"window": [2, 4, 7], "stop": [0.01, 0.05]})
    both = [a_market(0), a_market(20_000)]
    both = [m if m.periods_per_year == both[0].periods_per_year else both[0] for m in both]
    one = sweep(document, lanes, both, EXECUTION, 20_000.0, seed=9, threads=1)
    backwards = {name: np.ascontiguousarray(values[::-1]) for name, values in lanes.items()}
    turned = sweep(document, backwards, both[::-1], EXECUTION, 20_000.0, seed=9, threads=3)
    for m in range(2):
        for lane in range(6):
            assert bits(turned.counters(5 - lane, 1 - m)) == bits(one.counters(lane, m))
