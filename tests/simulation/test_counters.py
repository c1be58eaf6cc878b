"""The figures that metrics are made of, on a run small enough for a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from qt_engine.simulation.contract import Counters, Execution, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.plan import Plan
from reference.cases import market_of, plan_of
from reference.simulator import simulate_slowly

BARS = [[100, 100, 100, 100], [100, 110, 100, 110], [110, 110, 99, 99], [99, 99, 99, 99], [108.9, 108.9, 108.9, 108.9]]
"""All of 1000 bought at 100 and held: equity 1000, 1100, 990, 990, 1089."""


def counters(sample: list[int], **changes: object) -> tuple[Counters, Counters]:
    market = market_of(BARS, sample=sample)
    plan: Plan = plan_of({"enter": [[0, "A", "long"]], "sizing": ["equity_fraction", 1], **changes}, market)
    execution = Execution(fee_bps=0.0, slippage_bps=0.0)
    return simulate(SimInput(market, plan, execution, 1000.0)).counters, simulate_slowly(
        market, plan, execution, 1000.0
    ).counters


@pytest.mark.parametrize(
    ("sample", "returns", "drawdown"),
    [
        ([1, 1, 1, 1, 1], [0.1, -0.1, 0.0, 0.1], -0.1),
        ([0, 0, 0, 0, 1], [0.089], 0.0),
        ([0, 0, 1, 0, 1], [-0.01, 0.1], -0.01),
        ([1, 0, 0, 0, 0], [], 0.0),
        ([0, 1, 0, 1, 0], [0.1, -0.1], -0.1),
    ],
)
def test_sampled_returns_and_drawdown(sample: list[int], returns: list[float], drawdown: float) -> None:
    """Bar 0 is the base, each later sampled bar ends a return."""
    r = np.array(returns)
    for told in counters(sample):
        assert told.returns == len(returns)
        assert told.sum_returns == pytest.approx(r.sum(), abs=1e-12)
        assert told.sum_squares == pytest.approx((r**2).sum(), abs=1e-12)
        assert told.sum_downside_squares == pytest.approx((r[r < 0] ** 2).sum(), abs=1e-12)
        assert told.max_drawdown == pytest.approx(drawdown, abs=1e-12)
        assert told.initial_equity == 1000 and told.final_equity == 1089
        assert told.sum_equity == pytest.approx(1000 + 1100 + 990 + 990 + 1089, rel=1e-12)
        assert (told.bars, told.bars_with_position, told.trades) == (5, 4, 0)


def test_round_trips() -> None:
    """10 bought at 100, sold at 110; 11.11… bought at 99, sold at 108.9: profits of 100 and 110."""
    for told in counters([1] * 5, leave=[[1, "A"], [3, "A"]], enter=[[0, "A", "long"], [2, "A", "long"]]):
        assert (told.trades, told.wins) == (2, 2)
        assert told.gross_profit == pytest.approx(210, rel=1e-12)
        assert told.gross_loss == 0
        assert told.traded_notional == pytest.approx(1000 + 1100 + 1100 + 1210, rel=1e-12)
        assert told.bars_with_position == 2  # bars 1 and 3; in bars 2 and 4 it was left at the open
        assert told.final_equity == pytest.approx(1210, rel=1e-12)
