"""Mode 5: its place; what can be done today is said plainly."""

from __future__ import annotations

from collections.abc import Iterable

from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.notice import Notice
from qt_tui.widgets.pane import Pane

TEXT = """Optimisation studies are not part of this version.

To search parameters today: open a strategy with 2 and press s.
It runs every combination of its parameters as a job (a sweep);
J shows its progress and, when it is done, the best combinations.

A sweep keeps all combinations it tried, the bad ones too."""


class OptimiseScreen(ModeScreen):
    """An empty state."""

    mode = "optimise"

    def panes(self) -> Iterable[Pane]:
        yield Pane("Optimise", Notice(TEXT), id="notice")
