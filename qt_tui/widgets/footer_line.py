"""The one line at the bottom: at most seven hints for what has the focus."""

from __future__ import annotations

from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from qt_tui.charts.lines import Line
from qt_tui.look import palette_of
from qt_tui.widgets.strips import strip

MOST_HINTS = 7


class FooterLine(Widget):
    """Shows the bindings that ask to be shown, nearest to the focus first, as many as fit."""

    DEFAULT_CSS = "FooterLine { dock: bottom; height: 1; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._hints: list[tuple[str, str, str]] = []
        self._spots: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        hints: dict[str, tuple[str, str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in hints:
                hints[binding.action] = (self.app.get_key_display(binding), binding.description, binding.key)
        chosen = list(hints.values())
        if chosen != self._hints:
            self._hints = chosen
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        width = self.size.width
        line: Line = []
        self._spots = []
        column = 0
        *hints, last = self._hints or [("", "", "")]
        reserved = len(last[0]) + len(last[1]) + 3
        for key, description, press in [*hints[: MOST_HINTS - 1], last]:
            size = len(key) + len(description) + 3
            if press != last[2] and column + size + reserved > width:
                continue
            line += [(f" {key}", f"bold {palette.accent}"), (f" {description} ", palette.muted)]
            self._spots.append((column, column + size, press))
            column += size
        return strip(line, width, palette.surface)

    def on_click(self, event: events.Click) -> None:
        for start, end, press in self._spots:
            if start <= event.x < end:
                self.app.simulate_key(press)
