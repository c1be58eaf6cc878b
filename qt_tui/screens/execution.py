"""Asks for the execution model of previews and launches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from textual import on
from textual.widget import Widget

from qt_engine.core.errors import QtError
from qt_tui.background import in_background
from qt_tui.charts.palette import NAMES
from qt_tui.models import PERFECT, SETTINGS, chosen, title
from qt_tui.screens.choose import ChooseScreen
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.plain_text import PlainText
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.simulation.presets import Preset
    from qt_tui.app import QtApp


class ExecutionScreen(ChooseScreen):
    """Dismissed with a model's name, or `settings`."""

    heading = "Execution model"
    prompt = "how orders meet the market   enter takes it, escape leaves it as it is"
    DEFAULT_CSS = "ExecutionScreen #said { height: 3; color: $muted; }"
    columns = (Column("", 1), Column("Model", 18), Column("What it does", 40, grow=True), Column("", 8))

    def content(self) -> list[Widget]:
        return [*super().content(), PlainText("", id="said")]

    @on(Table.Moved, "#choices")
    def _moved(self, message: Table.Moved) -> None:
        """All of the description, of which a row has room for a part."""
        self.query_one("#said", PlainText).say(str(message.row.cells[2]) if message.row else "")

    def rows(self) -> list[Row]:
        app = cast("QtApp", self.app)
        settings = app.workspace.settings
        said = f"The settings: fee {settings.fee_bps:g} bps, slippage {settings.slippage_bps:g} bps, at the next open"
        free = settings.fee_bps == settings.slippage_bps == 0.0
        return [self._row(SETTINGS, said, PERFECT if free else "")]

    def on_mount(self) -> None:
        super().on_mount()
        workspace = cast("QtApp", self.app).workspace

        def look() -> Mapping[str, tuple[Preset, str]]:
            return {name: (preset, self._remark(preset)) for name, preset in workspace.execution_models().items()}

        in_background(self, "models", look, self._found)

    @staticmethod
    def _remark(preset: Preset) -> str:
        try:
            return PERFECT if preset.model().is_perfect else "own" if preset.source == "user" else ""
        except QtError:
            return "wrong"  # choosing it says in what

    def _found(self, models: Mapping[str, tuple[Preset, str]]) -> None:
        rows = [self._row(name, preset.description, remark) for name, (preset, remark) in models.items()]
        self.offer([*self.rows(), *rows])
        current = title(chosen(cast("QtApp", self.app).remembered))
        self.query_one("#choices", Table).select(current)
        self.query_one("#dialog-pane", Pane).remark = f"now: {current}"

    def _row(self, name: str, said: str, remark: str) -> Row:
        current = title(chosen(cast("QtApp", self.app).remembered)) == name
        mark = ("●" if current else " ", NAMES.accent)
        return Row(name, [mark, name, said, (remark, f"bold {NAMES.warning}")], words=f"{name} {said} {remark}")
