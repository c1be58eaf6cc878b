"""A grid of braille dots, two across and four down in each character, with one colour a character."""

from __future__ import annotations

from qt_tui.charts.lines import Line, Span, join

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Canvas:
    """Dots are addressed from the top left; what lies outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.columns = width * 2
        self.rows = height * 4
        self._bits = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._letters: dict[tuple[int, int], Span] = {}

    def dot(self, x: int, y: int, style: str) -> None:
        """Set one dot; the last colour of a character wins."""
        if 0 <= x < self.columns and 0 <= y < self.rows:
            row, column = y >> 2, x >> 1
            self._bits[row][column] |= _DOTS[y & 3][x & 1]
            self._styles[row][column] = style

    def vertical(self, x: int, top: int, bottom: int, style: str) -> None:
        """Dots of one column from `top` to `bottom`, both included."""
        for y in range(max(0, min(top, bottom)), min(self.rows - 1, max(top, bottom)) + 1):
            self.dot(x, y, style)

    def line(self, x0: int, y0: int, x1: int, y1: int, style: str) -> None:
        """A straight line (Bresenham)."""
        dx, dy = abs(x1 - x0), -abs(y1 - y0)
        step_x, step_y = (1 if x0 < x1 else -1), (1 if y0 < y1 else -1)
        error = dx + dy
        while True:
            self.dot(x0, y0, style)
            if x0 == x1 and y0 == y1:
                return
            double = 2 * error
            if double >= dy:
                error += dy
                x0 += step_x
            if double <= dx:
                error += dx
                y0 += step_y

    def letter(self, column: int, row: int, text: str, style: str) -> None:
        """A character in place of the dots of one cell."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self._letters[column, row] = (text, style)

    def is_empty(self, column: int, row: int) -> bool:
        """Whether a cell has neither dots nor a letter."""
        return self._bits[row][column] == 0 and (column, row) not in self._letters

    def row(self, row: int) -> Line:
        """One row of characters."""
        cells = []
        for column, bits in enumerate(self._bits[row]):
            letter = self._letters.get((column, row))
            if letter is not None:
                cells.append(letter)
            else:
                cells.append((chr(0x2800 + bits), self._styles[row][column]) if bits else (" ", ""))
        return join(cells)
