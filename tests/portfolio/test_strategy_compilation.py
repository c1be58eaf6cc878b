"""One way from a strategy of any kind to a plan, and nothing in it looks ahead."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.portfolio_markets import random_market
from qt_engine.core.errors import CancelledError
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.python_source import load_python

RULES = """
schema: 1
name: cross
kind: rules
entry: {long: "close > sma(close, 10)"}
exit: {long: "close < sma(close, 10)"}
"""
PORTFOLIO = """
schema: 1
name: least_of_the_best
kind: portfolio
params: {window: 40, most: {type: float, default: 50%, low: 10%, high: 100%}}
let: {momentum: "close / close[20] - 1"}
select: {rank: momentum, top: 4}
weights: {method: METHOD, window: window, fallback: inverse_volatility MORE}
rebalance: {every: 10 bars, drift_band: 8%}
constraints: {max_weight: most, max_turnover: 80%, sectors: {LOW: [A00, A01, A02], HIGH: [A03, A04]}, max_sector: 70%}
risk: {max_drawdown: 60%}
"""
PYTHON = """
from qt_engine.strategies.base import Strategy, TargetPositions

class Halves(Strategy):
    name = "halves"
    def on_data(self, context):
        return TargetPositions({symbol: 0.5 for symbol in context.symbols[:2]}) if context.bar % 20 == 0 else None
"""


def _portfolio(method: str, **overrides: float) -> tuple:
    more = ', views: "momentum / 100"' if method == "black_litterman" else ""
    document = load_document(PORTFOLIO.replace("METHOD", method).replace("MORE", more), "test.yaml")
    return document, resolve_parameters(document, overrides)


def test_rules_are_compiled_as_before() -> None:
    market = random_market(80, 2)
    document = load_document(RULES, "test.yaml")
    assert compile_strategy(document, {}, market).hash == compile_plan(document, {}, market).hash


def test_a_program_decides_targets() -> None:
    market = random_market(50, 3)
    plan = compile_strategy(load_python(PYTHON, "halves.py"), {}, market)
    assert plan.kind == "portfolio"
    assert plan.rebalance.tolist() == [0, 20, 40]
    assert plan.target.tolist() == [[0.5, 0.5, 0.0]] * 3


@pytest.mark.parametrize(
    "method", ["inverse_volatility", "min_variance", "max_sharpe", "risk_parity", "black_litterman"]
)
def test_a_portfolio_becomes_a_plan_that_knows_no_future(method: str) -> None:
    market = random_market(160, 7, seed=3)
    document, parameters = _portfolio(method)
    whole = compile_strategy(document, parameters, market)
    assert whole.kind == "portfolio"
    assert whole.drift_band == 0.08
    assert whole.risk.max_drawdown == 0.6
    assert len(whole.rebalance) > 8
    assert np.isfinite(whole.target).all()
    assert (np.diff(whole.rebalance) > 0).all()
    assert np.abs(whole.target).sum(axis=1).max() <= 1 + 7e-6
    for bars in (45, 90, 131):
        part = compile_strategy(document, parameters, market.head(bars))
        rows = len(part.rebalance)
        assert part.rebalance.tolist() == [bar for bar in whole.rebalance.tolist() if bar < bars]
        assert part.target.tobytes() == whole.target[:rows].tobytes()
        assert part.fallbacks == tuple(record for record in whole.fallbacks if record.bar < bars)


def test_a_rebalance_that_holds_is_none() -> None:
    market = random_market(100, 7)
    document, parameters = _portfolio("min_variance", most=0.2)
    plan = compile_strategy(document, parameters, market)
    # Four assets of at most 20% cannot be fully invested, by whatever method.
    # In the first two rebalances nothing is ranked yet, and cash is a decision.
    assert plan.rebalance.tolist() == [9, 19]
    assert not plan.target.any()
    assert {record.used for record in plan.fallbacks} == {"hold"}
    assert "max_weight 20% of 4 assets cannot reach gross 1" in plan.fallbacks[-1].reason


def test_fallbacks_do_not_change_the_hash_but_decisions_do() -> None:
    market = random_market(100, 7)
    document, parameters = _portfolio("min_variance")
    plan = compile_strategy(document, parameters, market)
    assert plan.fallbacks
    assert plan.hash == compile_strategy(document, parameters, market).hash
    assert plan.hash != compile_strategy(document, {**parameters, "window": 41}, market).hash


def test_progress_may_cancel() -> None:
    market = random_market(100, 7)
    document, parameters = _portfolio("min_variance")
    told: list[float] = []
    compile_strategy(document, parameters, market, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def cancel(share: float) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        compile_strategy(document, parameters, market, cancel)
