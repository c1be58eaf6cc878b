"""Sweeps of a workspace: each lane is the backtest of its parameters; as jobs they survive, or leave no table."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core.clock import monotonic, sleep
from qt_engine.core.errors import CancelledError, InputError, NotFoundError
from qt_engine.jobs.job import Job, read_process
from qt_engine.optimization.service import TABLE
from qt_engine.optimization.sweeping import METRICS

LONG = """\
schema: 1
name: long
kind: rules
universe: [AAPL]
params:
  window: {type: int, default: 10, low: 2, high: 100}
  stop: {type: float, default: 5%, low: 0.01%, high: 50%}
entry: {long: "crosses_above(close, sma(close, window))"}
exit: {stop_loss: stop, trailing_stop: stop}
"""
MANY = {"window": range(2, 101), "stop": [0.001 + k / 10_000 for k in range(2000)]}


def wait(ws: Workspace, job: Job, until: Callable[[Job], bool], seconds: float = 60.0) -> Job:
    deadline = monotonic() + seconds
    while not until(now := ws.jobs.get(job.job_id)):
        assert monotonic() < deadline, f"{now}"
        sleep(0.02)
    return now


def ended(job: Job) -> bool:
    return job.state != "running"


@pytest.fixture
def long_sweep(ws: Workspace) -> Job:
    """A sweep of seconds, caught on its way."""
    ws.strategies.save("long", LONG)
    return wait(ws, ws.sweeps.start("long", grid=MANY), lambda now: ended(now) or 0 < (now.progress or 0) < 1)


@pytest.mark.parametrize(
    ("strategy", "symbols", "grid", "wanted"),
    [
        ("sma_cross", ["AAPL"], {"fast": [5, 20, 60], "slow": [61, 150]}, {}),
        ("donchian_breakout", ["AAPL", "MSFT", "GOOG"], {"enter": [20, 60], "leave": [5, 10], "stop": [1.0, 4.5]},
         {"fee_bps": 10.0, "slippage_bps": 0.0, "tick": 0.01, "cash": 5000.0, "start": "2005-01-01", "end": "2010-06-30"}),
        ("volatility_target_trend", None, None, {"start": "2012-06-01"}),
        ("macd_trend", ["IBM", "GOOG"], {"trail": ["3%", 0.3], "fast": np.arange(5, 8)}, {}),
    ],
)  # fmt: skip
def test_a_lane_is_a_backtest(
    ws: Workspace, strategy: str, symbols: list[str] | None, grid: dict[str, Any] | None, wanted: dict[str, Any]
) -> None:
    if grid is None:
        document = ws.specify(strategy).document
        grid = {name: [given["low"], given["default"]] for name, given in document["params"].items()}
    table = ws.sweep(strategy, symbols, grid, **wanted)
    assert len(table) > 3
    for lane in range(0, len(table), max(1, len(table) // 4)):
        row = table.row(lane)
        metrics = ws.backtest(strategy, symbols, params=row["parameters"], **wanted).metrics
        for name in METRICS:
            one, other = row["metrics"][name], getattr(metrics, name)
            assert one == other or (math.isnan(one) and math.isnan(other)), (lane, name)
    assert (table.metrics["trades"] > 0).any()


def test_fixed_parameters_and_progress(ws: Workspace) -> None:
    seen: list[float] = []
    table = ws.sweep("sma_cross", ["AAPL"], {"fast": [5, 6]}, params={"slow": "70"}, progress=seen.append)
    assert table.parameters["slow"].tolist() == [70, 70]
    assert table.varied == ("fast",)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_progress_may_cancel(ws: Workspace) -> None:
    def stop(share: float) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        ws.sweep("quick", grid={"window": range(2, 101)}, progress=stop)


def test_a_sweep_as_a_job_finishes_with_the_same_table(ws: Workspace) -> None:
    grid: dict[str, Any] = {"window": (value for value in np.arange(2, 30))}
    job = wait(ws, ws.sweeps.start("quick", grid=grid, params={}), ended)
    assert (job.kind, job.state, job.error, job.progress) == ("sweep", "finished", None, 1.0)
    assert ws.jobs.tail(job.job_id)[0][-1].data["lanes"] == 28
    found, expected = ws.sweeps.table(job.job_id), ws.sweep("quick", grid={"window": range(2, 30)})
    for name in METRICS:
        assert found.metrics[name].tobytes() == expected.metrics[name].tobytes(), name
    assert found.best(1) == expected.best(1)
    assert [other.job_id for other in ws.jobs.list("sweep")] == [job.job_id]


def test_a_cancelled_sweep_stops_without_a_table(ws: Workspace, long_sweep: Job) -> None:
    assert long_sweep.state == "running"
    assert long_sweep.spec["slice"]["hash"] == ws.data.load(["AAPL"], "1d").hash
    assert long_sweep.told["lanes"] == 99 * 2000
    with pytest.raises(NotFoundError, match="has left no table; a sweep writes it when it is finished"):
        ws.sweeps.table(long_sweep.job_id)
    stopped = ws.jobs.cancel(long_sweep.job_id)
    assert (stopped.state, stopped.error) == ("stopped", None)
    assert not (stopped.folder / TABLE).exists()
    with pytest.raises(NotFoundError, match="has left no table"):
        ws.sweeps.table(long_sweep.job_id)


def test_a_killed_sweep_is_interrupted_and_may_be_started_anew(ws: Workspace) -> None:
    ws.strategies.save("long", LONG)
    few = {"window": range(2, 101), "stop": MANY["stop"][:200]}  # type: ignore[index]
    job = wait(ws, ws.sweeps.start("long", grid=few), lambda now: ended(now) or 0 < (now.progress or 0) < 1)
    assert job.state == "running"
    identity = read_process(job.folder)
    assert identity is not None
    os.kill(identity.pid, signal.SIGKILL)
    killed = wait(ws, job, ended)
    assert killed.state == "interrupted"
    with pytest.raises(NotFoundError, match="has left no table"):
        ws.sweeps.table(job.job_id)
    ws.jobs.resume(job.job_id)
    assert wait(ws, job, ended).state == "finished"
    assert len(ws.sweeps.table(job.job_id)) == 99 * 200


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"grid": {"windwo": [3]}}, "did you mean window"),
        ({"grid": {"window": [1]}}, "parameter window is between 2 and 100, not 1"),
        ({"grid": {"window": []}}, "parameter window needs at least one value"),
        ({"grid": {"window": 3}}, "takes a list or a range of values here"),
        ({"grid": None, "params": {}}, "parameter window has 99 values"),
        ({"grid": {"window": [3]}, "params": {"window": 4}}, "fixed and in the grid"),
        ({"grid": {"window": [3]}, "start": "2050-01-01"}, "no bars in that time"),
        ({"grid": {"window": [3]}, "fee_bps": -1.0}, "fee_bps must be between"),
        ({"grid": {"window": [3]}, "interval": "1m"}, "1m"),
        ({"grid": {"window": [3]}, "symbols": ["NONE"]}, "NONE"),
    ],
)
def test_a_wrong_sweep_is_refused_before_there_is_a_job(ws: Workspace, asked: dict[str, Any], reason: str) -> None:
    for call in (ws.sweeps.start, ws.sweep):
        with pytest.raises((InputError, NotFoundError)) as caught:
            call("quick", **asked)
        assert reason in str(caught.value)
    assert ws.jobs.list() == []
    assert not ws.jobs.folder.exists() or not any(ws.jobs.folder.iterdir())


def test_tables_of_what_is_no_sweep(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="job 'job-1' is not known"):
        ws.sweeps.table("job-1")
    session = ws.sessions.start("quick", speed=0.0, start="2012-01-01", end="2012-03-01")
    with pytest.raises(NotFoundError, match=f"{session} is no sweep but a paper"):
        ws.sweeps.table(session)
    deadline = monotonic() + 60.0
    while ws.sessions.status(session).state == "running":
        assert monotonic() < deadline
        sleep(0.05)
