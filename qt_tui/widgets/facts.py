"""Names and values in two columns, such as metrics; numbers stand right-aligned. Below them sentences, in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from qt_tui.charts.lines import Span
from qt_tui.charts.palette import NAMES
from qt_tui.keymap import bind
from qt_tui.look import palette_of
from qt_tui.widgets.strips import shown, sized, strip

Fact = tuple[str, str | Span]
_LEADS = {NAMES.muted: " · "}
"""What a sentence begins with; one that worries with an exclamation mark."""


class Facts(ScrollView, can_focus=True):
    """As many columns of facts as fit beside each other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("table.down", "scroll_down", "Down", "One line down"),
        bind("table.up", "scroll_up", "Up", "One line up"),
    ]

    DEFAULT_CSS = "Facts { height: 1fr; width: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"

    def __init__(self, *, empty: str = "nothing chosen", least: int = 32, id: str | None = None) -> None:
        super().__init__(id=id)
        self.least = least
        """Characters that a column needs at least."""
        self.empty = empty
        self._facts: Sequence[Fact] = ()
        self._notes: Sequence[Span] = ()
        self._wrapped: list[Span] = []
        self._labels: list[int] = []
        self._measured = -1

    def show(self, facts: Sequence[Fact], *, notes: Sequence[Span] = (), empty: str | None = None) -> None:
        """Fill anew; `notes` are sentences with their style."""
        self._facts = facts
        self._notes = notes
        self.empty = self.empty if empty is None else empty
        self._measure()
        self.refresh()

    def on_resize(self) -> None:
        self._measure()

    @property
    def room(self) -> int:
        """Characters beside the scrollbar, where there is one."""
        return self.scrollable_content_region.width

    @property
    def _across(self) -> int:
        return max(1, self.room // self.least)

    def _measure(self) -> None:
        import textwrap

        rows = -(-len(self._facts) // self._across)
        self._measured = self.room
        room = self._measured // self._across - 3
        columns = [self._facts[at * rows : (at + 1) * rows] for at in range(self._across)]
        self._labels = [_label_width(column, room) for column in columns]
        self._wrapped = [
            (f"{_LEADS.get(words, ' ! ') if position == 0 else '   '}{part}", words)
            for text, words in self._notes
            for position, part in enumerate(textwrap.wrap(shown(text), max(8, self.room - 4)))
        ]
        self.virtual_size = Size(self.room, max(1, rows + len(self._wrapped)))

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        width = self.room
        if width != self._measured:  # a first paint may come before the size is told
            self._measure()
        ground = palette.background
        if not self._facts and not self._wrapped:
            return strip([(f" {self.empty}" if y == 0 else "", palette.muted)], width, ground)
        across = self._across
        rows = -(-len(self._facts) // across)
        if (at := y + round(self.scroll_y) - rows) >= 0:
            text, words = self._wrapped[at] if at < len(self._wrapped) else ("", "")
            return strip([(text, palette.resolve(words))], width, ground, palette.foreground)
        each = width // across
        line: list[Span] = []
        for column in range(across):
            index = column * rows + y + round(self.scroll_y)
            if y + round(self.scroll_y) >= rows or index >= len(self._facts):
                line.append((" " * each, ""))
                continue
            name, value = self._facts[index]
            text, words = (value, palette.foreground) if isinstance(value, str) else value
            label = self._labels[column]
            room = each - 3 - label
            line += [
                (f" {sized(name, label)} ", palette.muted),
                (f"{sized(text, room, right=True)} ", palette.resolve(words)),
            ]
        return strip(line, width, ground, palette.foreground)

    def copy_text(self) -> str:
        """All facts, one a line, and the sentences."""
        lines = [f"{n}\t{shown(v if isinstance(v, str) else v[0])}" for n, v in self._facts]
        return "\n".join([*lines, *(shown(text) for text, _ in self._notes)])


def _label_width(facts: Sequence[Fact], room: int) -> int:
    """As wide as the longest name, unless a value needs the room: a cut name can be guessed, a cut number cannot."""
    names = max((len(name) for name, _ in facts), default=0)
    values = max((len(value if isinstance(value, str) else value[0]) for _, value in facts), default=0)
    return min(names, max(6, room - values))
