"""One kernel, several drivers: whole, in chunks, bar by bar, as a lane, in a fresh process: the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.simulation.contract import SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.stepper import Stepper
from qt_engine.strategies.plan import UNLIMITED, Plan
from reference import plans
from reference.generators import Run, runs

more = settings(max_examples=3 * settings.default.max_examples)
TESTS = Path(__file__).parents[1]


def stepper_for(given_: SimInput) -> Stepper:
    return Stepper(len(given_.market.symbols), given_.execution, given_.cash)


@more
@given(runs(), st.lists(st.integers(0, 60), max_size=8))
def test_chunks_of_any_length_are_the_whole(run: Run, cuts: list[int]) -> None:
    market, plan = run.given.market, run.given.plan
    whole, parts = stepper_for(run.given), stepper_for(run.given)
    whole.advance(market, plan)
    for cut in sorted(min(cut, len(market)) for cut in cuts):
        parts.advance(market, plan, cut)
    parts.advance(market, plan, len(market))
    assert parts.result().hash == whole.result().hash == simulate(run.given).hash
    assert parts.state_hash() == whole.state_hash()
    assert parts.result().open_positions == whole.result().open_positions
    assert parts.result().cash == whole.result().cash


@more
@given(runs())
def test_bar_by_bar_on_a_growing_market_is_the_batch(run: Run) -> None:
    """As a paper session does it: each bar comes with the decisions known by then, and its delta is the batch's."""
    market, plan, stepper = run.given.market, run.given.plan, stepper_for(run.given)
    batch = simulate(run.given)
    fills, orders, equity = [], [], []
    for until in range(1, len(market) + 1):
        delta = stepper.advance(market.head(until), plans.head(plan, until))
        assert (delta.first, delta.last) == (until - 1, until)
        fills += delta.fills.tolist()
        orders += delta.orders["id"].tolist()
        equity += delta.equity.tolist()
        assert stepper.equity() == batch.equity[until - 1]
        waiting = {order["order"] for order in stepper.pending()}
        assert waiting == {
            int(o["id"]) for o in batch.orders if o["decided_bar"] < until and not 0 <= o["fill_bar"] < until
        } - {int(o["id"]) for o in stepper.result().orders if o["status"] in (2, 3)}
    assert fills == batch.fills.tolist()
    assert orders == batch.orders["id"].tolist()
    assert equity == batch.equity.tolist()
    assert stepper.result().hash == batch.hash


def long_run(bars: int, seed: int) -> SimInput:
    """A long random run on one asset."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, bars)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
    ts = 60_000_000_000 * np.arange(bars, dtype=np.int64)
    columns = [np.ascontiguousarray(c[:, None]) for c in (open_, high, low, close, np.ones(bars))]
    sample = (np.arange(bars) % 390 == 389).astype(np.uint8)
    market = Market(("A",), "1m", ts, ts + 60_000_000_000, *columns, sample=sample, periods_per_year=252.0)
    draw = random.integers(0, 200, (bars, 1))
    plan = Plan(
        entry=np.where(draw == 0, 1, np.where(draw == 1, -1, 0)).astype(np.int8),
        exit_long=(draw == 2).astype(np.uint8), exit_short=(draw == 3).astype(np.uint8),
        protect_kind=np.ones((2, 3), np.int64), protect_value=np.tile([0.01, 0.02, 0.015], (2, 1)),
        time_stop=np.array([500, UNLIMITED], np.int64), sizing_value=0.9,
    )  # fmt: skip
    return SimInput(market, plan)


def test_progress_is_told_and_changes_nothing() -> None:
    given_ = long_run(120_000, 1)
    told: list[float] = []
    result = simulate(given_, told.append)
    assert result.hash == simulate(given_).hash
    assert len(result.fills) > 500
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 1


def test_a_raising_progress_cancels() -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(long_run(60_000, 1), stop)


def test_a_fresh_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = (
        "from simulation_drivers import long_run; from qt_engine.simulation.simulate import simulate; "
        "print(hash('qt'), simulate(long_run(5_000, 7)).hash, long_run(5_000, 7).hash)"
    )
    loader = (
        "import importlib.util, sys; "
        f"spec = importlib.util.spec_from_file_location('simulation_drivers', {str(Path(__file__))!r}); "
        "module = importlib.util.module_from_spec(spec); sys.modules['simulation_drivers'] = module; "
        "spec.loader.exec_module(module); "
    )
    lines = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(TESTS)}
        done = subprocess.run(
            [sys.executable, "-c", loader + program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        lines.append(done.stdout.split())
    assert lines[0][0] != lines[1][0], "the two processes hash strings alike: the test shows nothing"
    here = long_run(5_000, 7)
    assert lines[0][1:] == lines[1][1:] == [simulate(here).hash, here.hash]


def test_a_plan_for_another_market_is_refused() -> None:
    given_ = long_run(100, 3)
    stepper = stepper_for(given_)
    with pytest.raises(InputError):
        stepper.advance(given_.market.head(50), given_.plan)
    with pytest.raises(InputError):
        stepper.advance(given_.market, given_.plan, 101)
    stepper.advance(given_.market, given_.plan, 60)
    with pytest.raises(InputError):
        stepper.advance(given_.market, given_.plan, 59)
