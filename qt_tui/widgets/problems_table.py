"""What is wrong in the text, with line and column; enter goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qt_engine.core.text import plain
from qt_tui.charts.palette import NAMES
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.strategies.problems import Problem
    from qt_tui.python_text import Mistake


class ProblemsTable(Table):
    """Rows are keyed by their position in the list."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            (Column("Line", 5, "right"), Column("Col", 4, "right"), Column("Problem", 20, grow=True)), empty="", id=id
        )
        self._places: list[tuple[int, int]] = []
        self._problems: Sequence[Problem | Mistake] = ()
        self._notes: Sequence[str] = ()
        self._failure = ""
        self._asked = False

    def show_problems(self, problems: Sequence[Problem | Mistake], notes: Sequence[str] = ()) -> None:
        """Fill anew; a list without problems says so. Notes have no place in the text and stand below."""
        self._problems = problems
        self._notes = notes
        self._failure = ""
        self._asked = True
        self._places = [(problem.line, problem.column) for problem in problems]
        self._fill()

    def on_resize(self) -> None:
        super().on_resize()
        self._fill()

    def _fill(self) -> None:
        """A long sentence takes several rows: it must be read to its end, where the suggestion stands."""
        import textwrap

        colours = {"error": NAMES.error, "warning": NAMES.warning}
        rows = []
        for number, problem in enumerate(self._problems):
            sentence = f"{problem.severity}: {problem.sentence}"
            for position, part in enumerate(textwrap.wrap(sentence, max(12, self.room - 13)) or [""]):
                place = [str(problem.line), str(problem.column)] if position == 0 else ["", ""]
                rows.append(Row(f"{number}+{position}", [*place, (part, colours[problem.severity])]))
        sentences = [(self._failure, NAMES.error)] if self._failure else [(note, NAMES.warning) for note in self._notes]
        for number, (sentence, colour) in enumerate(sentences):
            for position, part in enumerate(textwrap.wrap(plain(sentence), max(12, self.room - 13))):
                word = "" if self._failure or position else "note"
                rows.append(Row(f"note {number}+{position}", ["", word, (part, colour)]))
        self.show(rows, empty="no problems" if self._asked else "")

    def say(self, line: str) -> None:
        """A failure without a place."""
        self._places, self._problems, self._notes, self._asked = [], (), (), True
        self._failure = line
        self._fill()

    def place(self, key: str) -> tuple[int, int] | None:
        """Line and column of a row."""
        number = key.partition("+")[0]
        return self._places[int(number)] if number.isdigit() and int(number) < len(self._places) else None

    def next_after(self, row: int, column: int) -> tuple[int, int] | None:
        """The first problem after a cursor (counted from 0), or the first of all."""
        later = [place for place in self._places if place > (row + 1, column + 1)]
        return (later or self._places or [None])[0]  # type: ignore[list-item]
