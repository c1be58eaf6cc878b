"""The one table of the app: draws only the rows in sight, so that a list of five and one of a million cost the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from qt_tui.charts.lines import Line, Span
from qt_tui.filtering import Filter, parse_filter
from qt_tui.keymap import bind
from qt_tui.look import palette_of
from qt_tui.widgets.strips import shown, sized, strip


@dataclass(frozen=True)
class Column:
    """A column; `width` in characters, `grow` gives it a share of what is left over."""

    title: str
    width: int
    align: Literal["left", "right"] = "left"
    grow: bool = False


@dataclass(frozen=True)
class Row:
    """A row: a key that stays the same when the list is filled anew, and a cell a column (text, or text and style)."""

    key: str
    cells: Sequence[str | Span]
    figures: Mapping[str, float | None] = field(default_factory=dict)
    words: str = ""

    @property
    def text(self) -> str:
        """What a filter's words are looked for in."""
        return self.words or " ".join(cell if isinstance(cell, str) else cell[0] for cell in self.cells)


class Table(ScrollView, can_focus=True):
    """Rows under a fixed line of titles, with a cursor, marks and a filter."""

    DEFAULT_CSS = """
    Table { height: 1fr; width: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("table.down", "down", "Down", "One row down"),
        bind("table.up", "up", "Up", "One row up"),
        bind("table.page_down", "page_down", "Page down", "One page down"),
        bind("table.page_up", "page_up", "Page up", "One page up"),
        bind("table.first", "first", "First", "The first row"),
        bind("table.last", "last", "Last", "The last row"),
        bind("table.left", "left", "Left", "Scroll wide rows to the left"),
        bind("table.right", "right", "Right", "Scroll wide rows to the right"),
        bind("table.open", "open", "Open", "Open the row under the cursor"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        table: Table
        row: Row | None

        @property
        def control(self) -> Table:
            return self.table

    @dataclass
    class Opened(Message):
        """A row was chosen with enter or a second click."""

        table: Table
        row: Row

        @property
        def control(self) -> Table:
            return self.table

    def __init__(self, columns: Sequence[Column], *, empty: str = "nothing here yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.empty = empty
        self.marked: set[str] = set()
        self._all: list[Row] = []
        self._rows: list[Row] = []
        self._filter = Filter()
        self._widths: tuple[int, ...] = ()
        self._measured = -1

    # -- what is in it -------------------------------------------------------------------------------------------

    def show(self, rows: Iterable[Row], *, empty: str | None = None) -> None:
        """Fill the table anew; cursor and marks stay with their keys."""
        key = self.current.key if self.current else None
        self._all = list(rows)
        self.empty = self.empty if empty is None else empty
        self.marked &= {row.key for row in self._all}
        self._apply(key)

    def narrow(self, text: str) -> None:
        """Show only rows that pass a filter; see `parse_filter`."""
        key = self.current.key if self.current else None
        self._filter = parse_filter(text)
        self._apply(key)

    def _apply(self, key: str | None) -> None:
        keep = self._filter
        self._rows = self._all if keep.is_empty else [r for r in self._all if keep.accepts(r.text, r.figures)]
        position = next(
            (i for i, row in enumerate(self._rows) if row.key == key), min(self.cursor, len(self._rows) - 1)
        )
        self._measure()
        moved = position != self.cursor or (self.current.key if self.current else None) != key
        self.set_reactive(Table.cursor, max(0, position))
        self._reveal()
        self.refresh()
        if moved:
            self.post_message(self.Moved(self, self.current))

    @property
    def row_count(self) -> int:
        """How many rows pass the filter."""
        return len(self._rows)

    def row_at(self, index: int) -> Row | None:
        """A row, or None where it is still on its way."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    @property
    def rows(self) -> list[Row]:
        """The rows that pass the filter."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.row_at(self.cursor)

    def select(self, key: str) -> bool:
        """Put the cursor on the row of a key."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self.move_to(index)
                return True
        return False

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        if self.current is not None:
            self.marked ^= {self.current.key}
            self.refresh()

    # -- moving --------------------------------------------------------------------------------------------------

    def move_to(self, index: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        self.cursor = max(0, min(index, self.row_count - 1))
        self._reveal()

    def watch_cursor(self, old: int, new: int) -> None:
        if old != new:
            self.refresh()
            self.post_message(self.Moved(self, self.current))

    @property
    def page(self) -> int:
        """How many rows are in sight."""
        return max(1, self.size.height - 1)

    def _reveal(self) -> None:
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + self.page:
            self.scroll_to(y=self.cursor - self.page + 1, animate=False)

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_page_down(self) -> None:
        self.move_to(self.cursor + self.page)

    def action_page_up(self) -> None:
        self.move_to(self.cursor - self.page)

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self.row_count - 1)

    def action_left(self) -> None:
        self.scroll_to(x=max(0, self.scroll_x - 8), animate=False)

    def action_right(self) -> None:
        self.scroll_to(x=self.scroll_x + 8, animate=False)

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def on_click(self, event: events.Click) -> None:
        index = round(self.scroll_y) + event.y - 1
        if event.y >= 1 and index < self.row_count:
            again = index == self.cursor
            self.move_to(index)
            if again or event.chain > 1:
                self.action_open()

    @property
    def room(self) -> int:
        """Characters beside the scrollbar, where there is one."""
        return self.scrollable_content_region.width

    # -- drawing -------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._measure()
        self._reveal()

    def _measure(self) -> None:
        """Column widths for the room there is, and the size that can be scrolled over."""
        fixed = sum(column.width + 1 for column in self.columns) + 1
        self._measured = self.room
        spare = max(0, self._measured - fixed)
        growing = sum(column.grow for column in self.columns)
        self._widths = tuple(c.width + (spare // growing if c.grow else 0) for c in self.columns)
        self.virtual_size = Size(max(self._measured, sum(self._widths) + len(self._widths) + 1), self.row_count + 1)

    def render_line(self, y: int) -> Strip:
        width = self.room
        if width != self._measured:  # a scrollbar has come or gone
            self._measure()
        palette = palette_of(self)
        ground = palette.background
        if y == 0:
            return self._painted([(c.title, palette.muted) for c in self.columns], " ", width, ground, palette.muted)
        if self.row_count == 0:
            text = self.empty if self._filter.is_empty else "nothing passes the filter"
            wrapped = _wrap(text, max(1, width - 2))
            at = y - (2 if self.size.height > 6 else 1)
            return strip([(f" {wrapped[at]}" if 0 <= at < len(wrapped) else "", palette.muted)], width, ground)
        index = round(self.scroll_y) + y - 1
        if index >= self.row_count:
            return Strip.blank(width, self.rich_style)
        row = self.row_at(index)
        cells: Sequence[str | Span] = row.cells if row else ["…"]
        on_cursor = index == self.cursor
        if on_cursor:
            ground = palette.cursor if self.has_focus else palette.surface
        lead = "●" if row and row.key in self.marked else "▏" if on_cursor and self.has_focus else " "
        return self._painted(cells, lead, width, ground, palette.foreground, palette.accent)

    def _painted(
        self, cells: Sequence[str | Span], lead: str, width: int, ground: str, foreground: str, accent: str = ""
    ) -> Strip:
        line: Line = [(lead, accent)]
        resolve = palette_of(self).resolve
        for column, size, cell in zip(self.columns, self._widths, cells, strict=False):
            text, words = (cell, "") if isinstance(cell, str) else cell
            line.append((sized(text, size, right=column.align == "right") + " ", resolve(words) if words else ""))
        left = round(self.scroll_x)
        if left:
            total = sum(self._widths) + len(self._widths) + 1
            return strip(line, max(total, left + width), ground, foreground).crop(left, left + width)
        return strip(line, width, ground, foreground)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.refresh(Region(0, 0, self.size.width, self.size.height))

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self.refresh()

    def copy_text(self) -> str:
        """The current row, cells separated by tabs."""
        row = self.current
        return "\t".join(shown(c if isinstance(c, str) else c[0]).strip() for c in row.cells) if row else ""


def _wrap(text: str, width: int) -> list[str]:
    import textwrap

    return [line for part in text.split("\n") for line in (textwrap.wrap(part, width) or [""])]
