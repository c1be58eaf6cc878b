"""`SessionService`: start, watch, stop and resume paper sessions, and prove that they are what a backtest is.

A session is a job: a process of its own that goes on when the app closes. Watching it means reading its journal.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError, StoreError
from qt_engine.jobs import job as files
from qt_engine.jobs.job import Job
from qt_engine.live.record import SessionRecord
from qt_engine.live.spec import SessionSpec
from qt_engine.live.status import SessionStatus, SessionView
from qt_engine.storage.journal import Journal

if TYPE_CHECKING:
    from qt_engine.jobs.house import House
    from qt_engine.live.parity import Parity
    from qt_engine.risk.limits import RiskLimits
    from qt_engine.simulation.execution import Execution

KIND = "paper"
WORKER = "qt_engine.live.worker"


class SessionService:
    """The paper sessions of a workspace. Threads may share it.

    Parameters
    ----------
    house
        The workspace.
    worker
        The module whose process a session is.
    """

    def __init__(self, house: House, worker: str = WORKER) -> None:
        self._house = house
        self._worker = worker
        self._guard = threading.Lock()
        self._views: dict[str, SessionView] = {}

    def start(
        self,
        strategy: str | os.PathLike[str],
        symbols: Sequence[str] | None = None,
        *,
        feed: str = "replay",
        speed: float = 0.0,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        cash: float | None = None,
        fee_bps: float | None = None,
        slippage_bps: float | None = None,
        tick: float | None = None,
        seed: int | None = None,
        execution: str | Execution | None = None,
        risk: Mapping[str, Any] | RiskLimits | None = None,
    ) -> str:
        """Start a session and return its id.

        Everything it depends on is fixed here: the strategy's text, its parameters, the execution model, the limits, and the
        snapshots of the series.

        Parameters
        ----------
        strategy, symbols, interval, start, end, params, cash, fee_bps, slippage_bps, tick, seed, execution, risk
            As in `Workspace.backtest`.
        feed
            Who supplies the bars; `replay`: stored ones.
        speed
            Bars a second; 0: as fast as it can.

        Raises
        ------
        InputError
            If anything that was asked for is wrong; there is no session then.
        StrategyError, LookAheadError
            If a strategy in Python raises, or looks ahead, on these bars.
        """
        from qt_engine.experiments.road import prepare, prove_program
        from qt_engine.experiments.spec import DataSlice
        from qt_engine.simulation.contract import ENGINE_REVISION

        run = self._house.specify(
            strategy, symbols, interval, start, end, params, cash=cash, fee_bps=fee_bps, slippage_bps=slippage_bps, tick=tick,
            seed=seed, execution=execution, risk=risk,
        )  # fmt: skip
        market = self._house.data.load(run.symbols, run.interval, run.start, run.end)
        given = prepare(run, market)
        if run.is_program:
            prove_program(run, given)
        spec = SessionSpec(run, DataSlice.of(market), feed, float(speed), ENGINE_REVISION)
        return self._house.jobs.start(KIND, self._worker, spec.as_json(), prefix=KIND).job_id

    def list(self) -> Sequence[SessionStatus]:
        """All sessions, the newest first."""
        return [self._status(job) for job in self._house.jobs.list(KIND)]

    def status(self, reference: str) -> SessionStatus:
        """One session; `reference` is its id, or as much of it as is unique.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        return self._status(self._job(reference))

    def curve(self, reference: str) -> tuple[Sequence[int], Sequence[float]]:
        """Times (UTC nanoseconds) and equity at the close of all bars that the session has seen."""
        job = self._job(reference)
        with self._guard:
            record = self._view(job).record
            return tuple(record.ts), tuple(record.equity)

    def stop(self, reference: str) -> SessionStatus:
        """Stop a session after the bar it is at, and wait until it has. It can be resumed."""
        return self._status(self._house.jobs.cancel(self._job(reference).job_id))

    def resume(self, reference: str) -> SessionStatus:
        """Let a stopped, interrupted or failed session go on, with exactly its positions.

        Raises
        ------
        InputError
            If it runs or has finished.
        StoreError
            If its journal is damaged.
        """
        return self._status(self._house.jobs.resume(self._job(reference).job_id))

    def parity(self, reference: str) -> Parity:
        """Replay the bars that a session has seen as a backtest, and compare every byte.

        Raises
        ------
        StoreError
            If its journal is damaged.
        """
        from qt_engine.live.parity import Parity, replay

        job = self._job(reference)
        spec = _spec(job)
        entries, _ = Journal(job.folder / files.JOURNAL).read()
        record = SessionRecord().add(entries)
        try:
            market = self._house.data.load_snapshot(
                spec.slice.sources,
                spec.slice.interval,
                spec.slice.start_ts,
                spec.slice.end_ts,
            )
        except (InputError, StoreError) as error:
            counts = (record.bars, len(record.fills), len(record.orders))
            return Parity(job.job_id, "drifted", f"data: {error}", *counts, result_hash=None)
        return replay(job.job_id, record, spec.run, market)

    def _job(self, reference: str) -> Job:
        return self._house.jobs.get(reference, KIND)

    def _status(self, job: Job) -> SessionStatus:
        with self._guard:
            return self._view(job).status(job)

    def _view(self, job: Job) -> SessionView:
        """What the journal says; only what is new since the last look is read. Only under the guard."""
        view = self._views.get(job.job_id)
        if view is None:
            view = self._views[job.job_id] = SessionView(_spec(job))
        with suppress(StoreError):  # then the state of the job is `failed`, with this error
            view.add(*Journal(job.folder / files.JOURNAL).read(view.offset))
        return view


def _spec(job: Job) -> SessionSpec:
    try:
        return SessionSpec.from_json(job.spec)
    except (KeyError, TypeError, InputError) as error:
        raise StoreError(f"{job.folder / files.JOB}: cannot be read: {error}") from error
