"""The process of a paper session: `python -m qt_engine.live.worker <folder of the job>`.

Bars come from a feed. After each (or after a lot, where they come as fast as they are taken) the strategy is compiled
on what is known, the kernel goes on to the last closed bar, and what happened is in the journal, on disk, before the
next bar is looked at and before anyone is told. A session that was killed drives the kernel once more over the bars
that the journal acknowledges, and goes on only if it stands exactly where the journal says.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qt_engine.core.errors import JobError
from qt_engine.data.market import Market
from qt_engine.data.service import DataService
from qt_engine.experiments.spec import DataSlice, RunSpec
from qt_engine.jobs.worker import Worker
from qt_engine.live.feeds import Feed, ReplayFeed
from qt_engine.live.parity import first_difference
from qt_engine.live.record import BARS, ID, SessionRecord, bars_entry
from qt_engine.live.spec import SessionSpec
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.simulation.contract import SimInput
from qt_engine.simulation.stepper import Stepper
from qt_engine.simulation.warm import warm_up
from qt_engine.storage.catalog import Catalog
from qt_engine.storage.journal import Journal
from qt_engine.strategies.decisions import Decider, plan_of_targets
from qt_engine.strategies.loading import stored_strategy
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.python_source import PythonStrategy

LOT = 256
"""Most bars that one entry of the journal tells of."""


def main(folder: Path, journal: Journal | None = None) -> int:
    """Run or resume the session in `folder`, whose workspace is two levels up; returns the process's exit code."""
    with Worker(folder, journal) as job:
        spec = SessionSpec.from_json(job.spec)
        market = _load(folder.parents[1], spec.slice)
        warm_up(sweeps=False)
        session = Session(spec.run, job)
        session.catch_up(SessionRecord().add(job.history), market)
        session.follow(ReplayFeed(market, spec.speed, job.cancelled.wait))
    return job.exit_code


class Session:
    """One strategy driven over the bars of a feed, with its memory in the journal of a job."""

    def __init__(self, run: RunSpec, job: Worker) -> None:
        self.run = run
        self.job = job
        self.strategy = stored_strategy(run.source, run.document)
        # A program goes on from the bar it was asked at last, with its own memory.
        self.decider = Decider(self.strategy, run.parameters) if isinstance(self.strategy, PythonStrategy) else None
        self.stepper = Stepper(len(run.symbols), run.execution, run.cash, risk=run.risk, seed=run.seed)
        self.waiting: dict[int, list[Any]] = {}
        """Orders on their way, as they were written down last."""
        self._all_compiled = False

    def catch_up(self, record: SessionRecord, market: Market) -> None:
        """Drive the kernel over the bars that are acknowledged already.

        Raises
        ------
        JobError
            If it does not come to stand where the journal says: then the session must not go on.
        """
        if not record.bars:
            return
        known = market.head(record.bars)
        self.stepper.advance(known, self._compile(known))
        difference = first_difference(record, self.stepper.result(), known)
        if difference is None and record.state != self.stepper.state_hash():
            difference = "the state of the kernel is another one"
        if difference is not None:
            raise JobError(f"the session is not resumed, because its journal and the kernel disagree: {difference}")
        self.waiting = record.waiting()

    def follow(self, feed: Feed) -> None:
        """Take every bar that the feed has until there are no more, or the job is cancelled."""
        while (known := feed.next(self.stepper.bar)) is not None:
            plan = self._compile(known)
            while self.stepper.bar < len(known):
                self.job.raise_if_cancelled()
                self._step(known, plan, min(self.stepper.bar + LOT, len(known)))
                self._tell(feed)
        if self.stepper.bar != feed.total:
            self.job.raise_if_cancelled()

    def _compile(self, known: Market) -> Plan:
        plan = self._decide(known)
        if not self._all_compiled and SimInput(known, plan, self.run.execution, risk=self.run.risk).needs_complete_path:
            warm_up(sweeps=False, complete=True)
            self._all_compiled = True
        return plan

    def _decide(self, known: Market) -> Plan:
        if self.decider is None:
            return compile_strategy(self.strategy, self.run.parameters, known)
        self.decider.advance(known)
        return plan_of_targets(self.decider.strategy, self.run.parameters, *self.decider.targets())

    def _step(self, known: Market, plan: Plan, until: int) -> None:
        delta = self.stepper.advance(known, plan, until)
        entry = bars_entry(delta, self.stepper, known, self.waiting)
        self.job.journal.append(BARS, **entry)
        written = {row[ID]: row for row in (*self.waiting.values(), *entry["settled"], *entry["orders"])}
        self.waiting = {number: written[number] for number in entry["pending"]}

    def _tell(self, feed: Feed) -> None:
        share = self.stepper.bar / feed.total if feed.total else 0.0
        self.job.tell(share, bars=self.stepper.bar, equity=self.stepper.equity())


def _load(workspace: Path, data: DataSlice) -> Market:
    """Exactly the rows that the session was started with."""
    market = DataService(workspace, Catalog(workspace)).load_snapshot(
        data.sources, data.interval, data.start_ts, data.end_ts
    )
    if market.hash != data.hash:
        raise JobError(f"the stored bars are not those of the start: hash {data.hash[:12]} ≠ {market.hash[:12]}")
    return market


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
