"""A lane of a sweep counts exactly what a single run of its parameters counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qt_engine.data.market import Market
from qt_engine.simulation.contract import Counters, Execution, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.sweep import sweep
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid

HEAD = "schema: 1\nname: lanes\nkind: rules\ninterval: 1d\nuniverse: [A]\n"
STRATEGIES: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "crossing": (
        """
params:
  fast: {type: int, default: 3, low: 2, high: 30, step: 1}
  slow: {type: int, default: 9, low: 3, high: 60, step: 1}
entry: {long: "crosses_above(sma(close, fast), sma(close, slow))"}
exit: {long: "crosses_below(sma(close, fast), sma(close, slow))"}
sizing: {method: equity_fraction, value: 0.95}
""",
        {"fast": [2, 3, 5], "slow": [7, 11, 23]},
    ),
    "both sides, protected by fractions": (
        """
params:
  window: {type: int, default: 5, low: 2, high: 30, step: 1}
  stop: {type: float, default: 0.02, low: 0.001, high: 0.5}
  bars: {type: int, default: 5, low: 1, high: 50}
entry: {long: "rsi(close, window) < 35", short: "rsi(close, window) > 65"}
exit: {long: "rsi(close, window) > 55", short: "rsi(close, window) < 45", stop_loss: stop, take_profit: "stop * 2",
       trailing_stop: "stop * 1.5", time_stop: bars}
reentry: {cooldown: 2, max_entries: 9}
sizing: {method: fixed_notional, value: 20000}
risk: {max_positions: 2}
""",
        {"window": [3, 7], "stop": [0.01, 0.03], "bars": [2, 20]},
    ),
    "distances, risk per trade, drawdown limit": (
        """
params:
  channel: {type: int, default: 9, low: 2, high: 60}
  multiple: {type: float, default: 2.0, low: 0.1, high: 9.0}
  limit: {type: float, default: 0.1, low: 0.001, high: 1.0}
entry: {long: "close > donchian_upper(channel)[1]", short: "close < donchian_lower(channel)[1]"}
exit: {stop_loss: {atr: multiple, window: 5}, trailing_stop: {atr: "multiple + 1", window: 7}, time_stop: 30}
sizing: {method: risk_per_trade, value: 0.01}
risk: {max_drawdown: limit, max_gross: 1.5}
""",
        {"channel": [4, 9], "multiple": [0.5, 2.0], "limit": [0.01, 0.2]},
    ),
    "volatility target": (
        """
params:
  window: {type: int, default: 9, low: 2, high: 60}
  target: {type: float, default: 0.1, low: 0.01, high: 1.0}
entry: {long: "close > sma(close, window)"}
exit: {long: "close < sma(close, window)"}
sizing: {method: volatility_target, value: target, window: 10}
""",
        {"window": [4, 12], "target": [0.05, 0.4]},
    ),
    "an exit that reads the position": (
        """
params:
  window: {type: int, default: 9, low: 2, high: 60}
  patience: {type: int, default: 4, low: 1, high: 60}
entry: {long: "close > sma(close, window)", short: "close < sma(close, window)"}
exit: {long: "bars_held >= patience or close < sma(close, window)", short: "bars_held >= patience * 2 and position < 0"}
sizing: {method: fixed_quantity, value: 50}
""",
        {"window": [4, 12], "patience": [2, 7]},
    ),
}


def random_market(assets: int, bars: int, seed: int, idle: float) -> Market:
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.015, (bars, assets)), axis=0)), 2)
    open_ = np.round(np.concatenate([close[:1], close[:-1]]) * (1 + random.normal(0, 0.004, (bars, assets))), 2)
    high = np.round(np.maximum(open_, close) * (1 + np.abs(random.normal(0, 0.006, (bars, assets)))), 2)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(random.normal(0, 0.006, (bars, assets)))), 2)
    columns = [np.ascontiguousarray(c) for c in (open_, np.maximum(high, np.maximum(open_, close)), low, close)]
    columns.append(np.ones((bars, assets)))
    absent = random.random((bars, assets)) < idle
    for column in columns:
        column[absent] = np.nan
    ts = 86_400_000_000_000 * np.arange(1, bars + 1, dtype=np.int64)
    return Market(
        tuple("ABCDE"[:assets]), "1d", ts, ts + 86_400_000_000_000, *columns, sample=np.ones(bars, np.uint8),
        periods_per_year=252.0,
    )  # fmt: skip


MARKETS = {
    "one asset": random_market(1, 400, 1, 0.0),
    "one asset with gaps": random_market(1, 400, 2, 0.1),
    "three assets with gaps": random_market(3, 300, 3, 0.15),
}
EXECUTION = Execution(fee_bps=7.0, slippage_bps=3.0, tick=0.01)


def bits(counters: Counters) -> dict[str, object]:
    """Counters that compare as bytes, NaN equal to itself."""
    return {name: value.hex() if isinstance(value, float) else value for name, value in vars(counters).items()}


def single(document: StrategyDocument, parameters: dict[str, Any], market: Market) -> Counters:
    plan = compile_plan(document, parameters, market)
    return simulate(SimInput(market, plan, EXECUTION, 50_000.0)).counters


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_lane_is_a_run(name: str, market: Market) -> None:
    text, axes = STRATEGIES[name]
    document = load_document(HEAD + text, "lanes.yaml")
    lanes = grid(document, axes)
    told = sweep(document, lanes, [market], EXECUTION, 50_000.0, threads=1)
    traded = 0
    for lane in range(len(next(iter(lanes.values())))):
        parameters = {key: values[lane].item() for key, values in lanes.items()}
        expected = single(document, parameters, market)
        assert bits(told.counters(lane)) == bits(expected), parameters
        traded += expected.trades
    assert traded > 0, "a strategy that never trades shows nothing"


def test_threads_and_company_change_no_lane() -> None:
    """One thread or three, alone or beside other lanes and markets: the same bytes."""
    text, axes = STRATEGIES["both sides, protected by fractions"]
    document = load_document(HEAD + text, "lanes.yaml")
    lanes = grid(document, axes)
    markets = [MARKETS["one asset"], MARKETS["three assets with gaps"]]
    count = len(lanes["window"])
    one = sweep(document, lanes, markets, EXECUTION, 50_000.0, threads=1)
    many = sweep(document, lanes, markets, EXECUTION, 50_000.0, threads=3)
    backwards = {key: values[::-1].copy() for key, values in lanes.items()}
    turned = sweep(document, backwards, markets[::-1], EXECUTION, 50_000.0, threads=2)
    for m in range(2):
        for lane in range(count):
            wanted = bits(one.counters(lane, m))
            assert bits(many.counters(lane, m)) == wanted
            assert bits(turned.counters(count - 1 - lane, 1 - m)) == wanted
