"""Asks for the grid of a sweep and starts it as a job, which goes on when the app closes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from qt_tui.background import in_background
from qt_tui.grid_text import read_grid
from qt_tui.models import chosen, limits, title, typed
from qt_tui.screens.form import FormScreen, market_fields, settings, words
from qt_tui.widgets.field import Field

if TYPE_CHECKING:
    from qt_engine.jobs.job import Job
    from qt_tui.app import QtApp


class SweepScreen(FormScreen[None]):
    """A sweep of one strategy."""

    heading = "Sweep"
    explain = "Runs every combination that meets the strategy's conditions, as a job. Enter starts it."

    def __init__(self, strategy: str, symbols: Sequence[str]) -> None:
        super().__init__()
        self._strategy = strategy
        self._symbols = symbols

    def fields(self) -> list[Field]:
        return [
            Field("Strategy", self._strategy, hint="a name or a file", id="strategy"),
            Field("Symbols", " ".join(self._symbols), hint="the strategy's universe", id="symbols"),
            Field("Grid", hint="all ranges of the strategy, or fast=5:60:5 slow=60,100,200", id="grid"),
            Field("Fixed", hint="parameters that do not vary: stop=0.05", id="fixed"),
            Field("Start", hint="2010-01-01, or as far as the data goes", id="start"),
            Field("End", hint="2012-12-31, or as far as the data goes", id="end"),
            *market_fields(title(chosen(cast("QtApp", self.app).remembered))),
        ]

    def send(self) -> None:
        sweeps = cast("QtApp", self.app).workspace.sweeps
        strategy, symbols = self.value("strategy"), words(self.value("symbols")) or None
        grid, fixed = read_grid(self.value("grid")), settings(self.value("fixed"))
        start, end = self.value("start") or None, self.value("end") or None
        execution, risk = typed(self.value("execution")), limits(self.value("limits"))
        self.complain("starting…")
        in_background(
            self, "start",
            lambda: sweeps.start(strategy, symbols, grid, params=fixed, start=start, end=end, execution=execution, risk=risk),
            self._started, self.complain,
        )  # fmt: skip

    def _started(self, job: Job) -> None:
        app = cast("QtApp", self.app)
        self.dismiss(None)
        app.notify(f"a sweep of {job.spec.get('lanes', '?')} combinations has started; J shows it", markup=False)
        app.watch_workspace.renew_status()
