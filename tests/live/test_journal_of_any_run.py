"""What a session writes down, step by step, is the run: for runs that use some of everything, whatever the steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.experiments.spec import DataSlice, RunSpec
from qt_engine.jobs.job import Job
from qt_engine.live.parity import first_difference
from qt_engine.live.record import BARS, ID, SessionRecord, bars_entry
from qt_engine.live.spec import SessionSpec
from qt_engine.live.status import SessionView
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.stepper import Stepper
from qt_engine.storage.journal import Entry
from reference.busy import busy_runs
from reference.generators import Run


def session_of(run: Run) -> SessionSpec:
    market = run.given.market
    spec = RunSpec("any", {}, "", market.symbols, market.interval, cash=run.given.cash)
    return SessionSpec(spec, DataSlice.of(market), "replay", 0.0, 1)


def finished() -> Job:
    return Job(
        "paper-1", "paper", "finished", {}, created=0, updated=0, progress=1.0, told={}, error=None, folder=Path("none")
    )


@settings(max_examples=settings.default.max_examples * 2)
@given(busy_runs(max_bars=40), st.data())
def test_the_record_of_a_session_is_its_run_after_every_step(run: Run, data: st.DataObject) -> None:
    market, plan = run.given.market, run.given.plan
    stepper, record, view = Stepper.of(run.given), SessionRecord(), SessionView(session_of(run))
    waiting: dict[int, list[Any]] = {}
    most = data.draw(st.sampled_from((1, 3, 50)))
    while stepper.bar < len(market):
        until = min(stepper.bar + data.draw(st.integers(1, most)), len(market))
        written = bars_entry(stepper.advance(market, plan, until), stepper, market, waiting)
        assert all(row != waiting[row[ID]] for row in written["settled"])  # only what changed
        read = json.loads(json.dumps(written, allow_nan=False))
        record.add([Entry(0, BARS, read, 0)])
        view.add([Entry(0, BARS, read, 0)], 0)
        assert first_difference(record, stepper.result(), market) is None
        waiting = record.waiting()
        assert sorted(waiting) == sorted(order["order"] for order in stepper.pending() if order["order"] >= 0)
    result = simulate(run.given)
    assert first_difference(record, result, market) is None
    status = view.status(finished())
    assert len(status.events) == len(result.events)
    assert [order["filled"] is not None for order in status.orders] == [
        row["fill_bar"] >= 0 and row["status"] not in (2, 6) for row in result.orders
    ]
    assert not any(order["status"] == "pending" for order in status.orders)
    json.dumps(status.as_json(), allow_nan=False)
