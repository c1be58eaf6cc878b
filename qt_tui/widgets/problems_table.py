"""What is wrong in the text, with line and column; enter goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qt_tui.charts.palette import NAMES
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.strategies.problems import Problem


class ProblemsTable(Table):
    """Rows are keyed by their position in the list."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column("Line", 5, "right"), Column("Col", 4, "right"), Column("Problem", 20, grow=True)), empty="", id=id)
        self._places: list[tuple[int, int]] = []

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Fill anew; a list without problems says so."""
        palette = NAMES
        self._places = [(problem.line, problem.column) for problem in problems]
        colours = {"error": palette.error, "warning": palette.warning}
        self.show(
            (
                Row(str(i), [str(p.line), str(p.column), (f"{p.severity}: {p.sentence}", colours[p.severity])])
                for i, p in enumerate(problems)
            ),
            empty="no problems",
        )

    def say(self, line: str) -> None:
        """A failure without a place."""
        self._places = []
        self.show([Row("0", ["", "", (line, NAMES.error)])])

    def place(self, key: str) -> tuple[int, int] | None:
        """Line and column of a row."""
        return self._places[int(key)] if key.isdigit() and int(key) < len(self._places) else None

    def next_after(self, row: int, column: int) -> tuple[int, int] | None:
        """The first problem after a cursor (counted from 0), or the first of all."""
        later = [place for place in self._places if place > (row + 1, column + 1)]
        return (later or self._places or [None])[0]  # type: ignore[list-item]
