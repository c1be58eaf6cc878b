"""Starts backtests in threads of the app; each is a registered run that any mode can watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

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


_number = 0


def launch(app: QtApp, order: Order) -> None:
    """Run in the background; says so when it is done or could not be run."""
    global _number
    _number += 1
    app.notify(f"running {order.strategy}", markup=False, timeout=2)
    # A group of its own: one run never takes the place of another.
    in_background(app, f"run {_number}", lambda: _run(app.workspace, order), lambda done: _tell(app, done), lambda line: _fail(app, line))
    app.set_timer(0.4, lambda: app.watch_workspace.nudge())


def _run(workspace: Workspace, order: Order) -> Finished:
    run = workspace.backtest(
        order.strategy, list(order.symbols) or None, order.interval, order.start, order.end, dict(order.parameters)
    )
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
    warn(cast("QtApp", app), line)
    app.watch_workspace.nudge()
