"""Starts backtests in threads of the app; each is a registered run that any mode can watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qt_engine.core.errors import CancelledError
from qt_tui import formats
from qt_tui.background import in_background, warn

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


@dataclass(frozen=True)
class Finished:
    """The id of a run that ended, and what to say about it."""

    run_id: str
    line: str


class RunningHere:
    """The runs that this app has launched and that have not ended, so that they can be cancelled."""

    def __init__(self) -> None:
        self._wanted: dict[int, threading.Event] = {}
        self._number = 0

    def begin(self) -> tuple[int, threading.Event]:
        """A number for a new run, and the event that asks it to stop."""
        self._number += 1
        self._wanted[self._number] = threading.Event()
        return self._number, self._wanted[self._number]

    def end(self, number: int) -> None:
        """The run has ended."""
        self._wanted.pop(number, None)

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

    def work() -> Finished:
        try:
            return _run(app.workspace, order, progress)
        finally:
            app.running_here.end(number)

    app.notify(f"running {order.strategy}", markup=False, timeout=2)
    # A group of its own: one run never takes the place of another.
    in_background(app, f"run {number}", work, lambda done: _tell(app, done), lambda line: _fail(app, line))
    app.set_timer(0.4, app.watch_workspace.nudge)


def _run(workspace: Workspace, order: Order, progress: Callable[[float], None]) -> Finished:
    run = workspace.backtest(
        order.strategy, list(order.symbols) or None, order.interval, order.start, order.end, dict(order.parameters),
        progress=progress,
    )  # fmt: skip
    figures = run.metrics
    line = f"{run.record.spec.strategy} on {' '.join(run.record.spec.symbols)}: {run.status}"
    if figures is not None:
        line += f", return {formats.percent(figures.total_return)}, Sharpe {formats.signed(figures.sharpe)}"
    return Finished(run.id, line)


def _tell(app: QtApp, done: Finished) -> None:
    app.remembered.note("run", done.run_id)
    app.notify(f"{done.line}   (3 shows it)", markup=False, timeout=6)
    app.watch_workspace.nudge()


def _fail(app: QtApp, line: str) -> None:
    warn(app, line)
    app.watch_workspace.nudge()
