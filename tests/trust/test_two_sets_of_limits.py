"""A limit of the strategy and one of the run: the stricter of each by itself; one limit does not tighten another."""

from __future__ import annotations

from dataclasses import replace

from qt_engine.simulation.contract import Event, Execution, RiskLimits, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.plan import Risk
from reference.agreement import assert_agrees
from reference.cases import market_of, plan_of
from reference.complete import simulate_completely

BARS = [
    [100.0, 100.0, 100.0, 100.0],
    [100.0, 100.0, 100.0, 100.0],
    [130.0, 130.0, 130.0, 130.0],
    [250.0, 250.0, 250.0, 250.0],
]


def test_the_gross_limit_of_the_run_is_no_net_limit() -> None:
    """0.4 of the equity is bought; at 130 that is 0.46, above the run's gross of 0.4 and below the strategy's net of 0.5."""
    market = market_of(BARS)
    plan = plan_of({"enter": [[0, "A", "long"]], "sizing": ["equity_fraction", 1.0]}, market)
    plan = replace(plan, risk=Risk(max_gross=1.0, max_net=0.5))
    free = Execution(fee_bps=0.0, slippage_bps=0.0)
    given = SimInput(market, plan, free, 10_000.0, risk=RiskLimits(max_gross=0.4))
    result = simulate(given)
    assert_agrees(result, simulate_completely(given))
    assert [(e["bar"], e["kind"], e["bound"]) for e in result.events] == [
        (2, Event.MAX_GROSS, 0.4),
        (3, Event.MAX_NET, 0.5),
    ]
