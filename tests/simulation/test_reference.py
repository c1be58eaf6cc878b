"""The kernel and the reference simulator, written from one page, tell the same story about any market and plan."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings

from qt_engine.simulation.contract import SimResult
from qt_engine.simulation.simulate import simulate
from reference.generators import Run, runs
from reference.simulator import Reference, simulate_slowly

pytestmark = pytest.mark.timeout(1800)  # for a thorough run
EXAMPLES = 20 * settings.default.max_examples  # 2,000; a thorough run 20,000


def assert_same_run(result: SimResult, expected: Reference) -> None:
    """Fills and orders byte for byte, all else to 1e-12."""
    if result.fills.tobytes() != expected.fill_bytes().tobytes():
        assert result.fills.tolist() == expected.fill_bytes().tolist()
        raise AssertionError("fills are equal as numbers, not as bytes")
    if result.orders.tobytes() != expected.order_bytes().tobytes():
        assert result.orders.tolist() == expected.order_bytes().tolist()
    scale = max(abs(e) for e in expected.equity)
    np.testing.assert_allclose(result.equity, expected.equity, rtol=1e-12, atol=1e-12 * scale)
    assert math.isclose(result.cash, expected.cash, rel_tol=1e-12, abs_tol=1e-12 * scale)
    assert result.open_positions == expected.open_positions

    told, wanted = asdict(result.counters), asdict(expected.counters)
    if min(expected.equity) <= 0:  # no returns to speak of: NaN, and it does not matter in which of the sums
        for name in ("sum_returns", "sum_squares", "sum_downside_squares"):
            told.pop(name), wanted.pop(name)
    for name, value in wanted.items():
        if isinstance(value, float):
            # sums of terms of both signs: 1e-12 of the size of what was added up
            size = scale * len(expected.equity) if name in {"gross_profit", "gross_loss", "sum_equity"} else abs(value)
            size = max(size, 1.0)
            same = told[name] == value or (math.isnan(told[name]) and math.isnan(value))
            assert same or math.isclose(told[name], value, rel_tol=1e-12, abs_tol=1e-12 * size), name
        else:
            assert told[name] == value, name


@settings(max_examples=EXAMPLES)
@given(runs())
def test_kernel_and_reference_agree(run: Run) -> None:
    market, plan, execution, cash = run.given.market, run.given.plan, run.given.execution, run.given.cash
    expected = simulate_slowly(market, plan, execution, cash, exit_conditions=run.exit_conditions)
    assert_same_run(simulate(run.given), expected)


@settings(max_examples=EXAMPLES // 4)
@given(runs(max_assets=2, max_bars=220))
def test_they_agree_on_longer_histories(run: Run) -> None:
    """Where the kernel steps over quiet bars, flat or with a position, in long stretches."""
    market, plan, execution, cash = run.given.market, run.given.plan, run.given.execution, run.given.cash
    expected = simulate_slowly(market, plan, execution, cash, exit_conditions=run.exit_conditions)
    assert_same_run(simulate(run.given), expected)
