"""Starts backtests in threads of the app; each is a registered run that any mode can watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import CancelledError
from qt_tui import formats
from qt_tui.background import in_background, warn
from qt_tui.models import PERFECT

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace
    from qt_tui.app import QtApp


@dataclass(frozen=True)
class Order:
    """What to run; None and empty mean what the strategy says."""

    strategy: str
    symbols: Sequence[str] = ()
    interval: str | None = None
    start: str | None = None
    end: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    execution: str | None = None
    limits: Mapping[str, int | float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    """`cash`, `seed`, `fee_bps`, `slippage_bps`, `tick` in place of those of the settings."""

    def execution_arguments(self) -> dict[str, Any]:
        """How orders meet the market, as arguments of `Workspace.backtest`."""
        return {"execution": self.execution, "risk": dict(self.limits), **self.costs}


@dataclass(frozen=True)
class Finished:
    """The id of a run that ended, and what to say about it."""

    run_id: str
    line: str


class RunningHere:
    """The runs that this app has launched and that have not ended, so that they can be cancelled."""

    def __init__(self) -> None:
        self._wanted: dict[int, threading.Event] = {}
        self._shares: dict[int, float] = {}
        self._number = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._wanted)

    @property
    def share(self) -> float:
        """How far they are, all together: 0 to 1."""
        shares = list(self._shares.values())
        return sum(shares) / len(shares) if shares else 0.0

    def note(self, number: int, share: float) -> None:
        """A run has come so far; may be called from any thread."""
        if number in self._wanted:
            self._shares[number] = share

    def begin(self) -> tuple[int, threading.Event]:
        """A number for a new run, and the event that asks it to stop."""
        self._number += 1
        self._wanted[self._number] = threading.Event()
        self._shares[self._number] = 0.0
        return self._number, self._wanted[self._number]

    def end(self, number: int) -> None:
        """The run has ended."""
        self._wanted.pop(number, None)
        self._shares.pop(number, None)

    def cancel_all(self) -> int:
        """Ask all of them to stop; how many there were."""
        for event in self._wanted.values():
            event.set()
        return len(self._wanted)


def launch(app: QtApp, order: Order) -> None:
    """Run in the background; says so when it is done or could not be run."""
    number, stop = app.running_here.begin()

    def progress(share: float) -> None:
        if stop.is_set():
            raise CancelledError("cancelled")
        app.running_here.note(number, share)

    def work() -> Finished:
        try:
            return _run(app.workspace, order, progress)
        finally:
            app.running_here.end(number)

    app.notify(f"running {order.strategy}", markup=False, timeout=2)
    # A group of its own: one run never takes the place of another.
    in_background(app, f"run {number}", work, lambda done: _tell(app, done), lambda line: _fail(app, line))
    app.set_timer(0.4, app.watch_workspace.nudge)
    app.watch_workspace.follow()


def _run(workspace: Workspace, order: Order, progress: Callable[[float], None]) -> Finished:
    run = workspace.backtest(
        order.strategy, list(order.symbols) or None, order.interval, order.start, order.end, dict(order.parameters),
        progress=progress, **order.execution_arguments(),
    )  # fmt: skip
    figures = run.record.metrics
    symbols = run.record.spec.symbols
    on = " ".join(symbols) if len(symbols) < 9 else f"{len(symbols)} symbols"
    line = f"{run.record.spec.strategy} on {on}: {run.status}"
    if figures is not None:
        line += f", return {formats.percent(figures.total_return)}, Sharpe {formats.signed(figures.sharpe)}"
    if run.record.perfect:
        line += f", {PERFECT} execution"
    return Finished(run.id, line)


def _tell(app: QtApp, done: Finished) -> None:
    app.remembered.note("run", done.run_id)
    app.notify(f"{done.line}   (3 shows it)", markup=False, timeout=6)
    app.watch_workspace.nudge()


def _fail(app: QtApp, line: str) -> None:
    warn(app, line)
    app.watch_workspace.nudge()
