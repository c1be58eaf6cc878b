"""Where the simple rules are all there is, both references tell the same story."""

from __future__ import annotations

from hypothesis import given, settings

from reference.complete import simulate_completely
from reference.generators import Run, runs
from reference.simulator import simulate_slowly


@settings(max_examples=3 * settings.default.max_examples)
@given(runs())
def test_the_complete_reference_is_the_simple_one_on_simple_inputs(run: Run) -> None:
    market, plan, execution, cash = run.given.market, run.given.plan, run.given.execution, run.given.cash
    simple = simulate_slowly(market, plan, execution, cash, exit_conditions=run.exit_conditions)
    complete = simulate_completely(run.given, run.exit_conditions)
    assert complete.fills.tolist() == simple.fill_bytes().tolist()
    assert complete.orders.tolist() == simple.order_bytes().tolist()
    assert complete.equity == simple.equity
    assert complete.cash == simple.cash
    assert complete.open_positions == simple.open_positions
    halts = simple.counters.halted
    assert len(complete.events) == halts
