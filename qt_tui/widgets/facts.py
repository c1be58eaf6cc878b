"""Names and values in two columns, such as metrics; numbers stand right-aligned."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from qt_tui.charts.lines import Span
from qt_tui.look import palette_of
from qt_tui.widgets.strips import shown, sized, strip

Fact = tuple[str, str | Span]


class Facts(ScrollView, can_focus=True):
    """As many columns of facts as fit beside each other."""

    DEFAULT_CSS = "Facts { height: 1fr; width: 1fr; scrollbar-size-vertical: 1; }"

    def __init__(self, *, empty: str = "nothing chosen", least: int = 32, id: str | None = None) -> None:
        super().__init__(id=id)
        self.least = least
        """Characters that a column needs at least."""
        self.empty = empty
        self._facts: Sequence[Fact] = ()

    def show(self, facts: Sequence[Fact], *, empty: str | None = None) -> None:
        """Fill anew."""
        self._facts = facts
        self.empty = self.empty if empty is None else empty
        self._measure()
        self.refresh()

    def on_resize(self) -> None:
        self._measure()

    @property
    def _across(self) -> int:
        return max(1, self.size.width // self.least)

    def _measure(self) -> None:
        rows = -(-len(self._facts) // self._across)
        self.virtual_size = Size(self.size.width, max(1, rows))

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        width = self.size.width
        ground = palette.background
        if not self._facts:
            return strip([(f" {self.empty}" if y == 0 else "", palette.muted)], width, ground)
        across = self._across
        rows = -(-len(self._facts) // across)
        each = width // across
        line: list[Span] = []
        for column in range(across):
            index = column * rows + y + round(self.scroll_y)
            if y + round(self.scroll_y) >= rows or index >= len(self._facts):
                line.append((" " * each, ""))
                continue
            name, value = self._facts[index]
            text, words = (value, palette.foreground) if isinstance(value, str) else value
            label = min(15, max(6, (each - 3) * 3 // 5))
            room = each - 3 - label
            line += [
                (f" {sized(name, label)} ", palette.muted),
                (f"{sized(text, room, right=True)} ", palette.resolve(words)),
            ]
        return strip(line, width, ground, palette.foreground)

    def copy_text(self) -> str:
        """All facts, one a line."""
        return "\n".join(f"{n}\t{shown(v if isinstance(v, str) else v[0])}" for n, v in self._facts)
