"""Mode 7: its place; what can be done today is said plainly."""

from __future__ import annotations

from collections.abc import Iterable

from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.notice import Notice
from qt_tui.widgets.pane import Pane

TEXT = """The research journal is not part of this version.

What is kept today without it: every run with its strategy, parameters,
data snapshot, metrics and errors (3), and every paper session (6).

Comments in a strategy's own text travel with each of its runs."""


class JournalScreen(ModeScreen):
    """An empty state."""

    mode = "journal"

    def panes(self) -> Iterable[Pane]:
        yield Pane("Journal", Notice(TEXT), id="notice")
