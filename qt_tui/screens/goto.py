"""`:`: go to anything by name: a mode, a symbol, a strategy, a run, a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qt_engine.core.errors import QtError
from qt_tui import modes
from qt_tui.background import in_background
from qt_tui.known import all_strategies
from qt_tui.screens.choose import ChooseScreen
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_engine.experiments.record import RunRecord
    from qt_tui.app import QtApp

MOST_RUNS = 200
KINDS = {"yaml": "strategy", "python": "python"}


class GotoScreen(ChooseScreen):
    """Modes are there at once, the rest arrives from a thread."""

    heading = "Go to"
    prompt = "symbol, strategy, run, session or mode   enter goes there, escape closes"
    columns = (Column("Name", 34, grow=True), Column("", 34, grow=True), Column("Kind", 10))

    def rows(self) -> list[Row]:
        return [Row(f"mode {m.name}", [m.title, m.purpose, "mode"]) for m in modes.MODES]

    def on_mount(self) -> None:
        super().on_mount()
        in_background(self, "places", self._places, lambda rows: self.offer([*self.rows(), *rows]))

    def _places(self) -> list[Row]:
        workspace = cast("QtApp", self.app).workspace
        rows = [
            Row(f"symbol {card.symbol} {card.interval}", [card.symbol, f"{card.interval} bars", "symbol"])
            for card in workspace.data.overview()
        ]
        rows += [
            Row(f"strategy {info.name}", [info.name, info.description or info.source, KINDS[info.language]])
            for info in all_strategies(workspace.strategies)
        ]
        try:
            runs, sessions = workspace.runs.list(limit=MOST_RUNS), workspace.sessions.list()
        except QtError:
            return rows
        rows += [Row(f"run {run.run_id}", [run.run_id, _about(run), "run"]) for run in runs]
        rows += [
            Row(f"session {s.session_id}", [s.session_id, f"{s.strategy}, {s.state}", "session"]) for s in sessions
        ]
        return rows


def _about(run: RunRecord) -> str:
    return f"{run.spec.strategy} on {' '.join(run.spec.symbols)}, {run.status}"


def open_goto(app: QtApp) -> None:
    """Ask where to go, and go there."""

    async def there(chosen: str | None) -> None:
        if chosen is not None:
            kind, _, name = chosen.partition(" ")
            await go(app, kind, name)

    app.push_screen(GotoScreen(), there)


async def go(app: QtApp, kind: str, name: str) -> None:
    """Switch to the mode where a thing lives and choose it there."""
    mode = {"mode": name, "symbol": "data", "strategy": "strategies", "run": "runs", "session": "live"}[kind]
    app.remembered.note("mode", mode)
    if kind != "mode":
        app.remembered.note(kind, name)
    await app.switch_mode(mode)
    choose = getattr(app.screen, f"select_{kind}", None)
    if choose is not None:
        choose(name)
