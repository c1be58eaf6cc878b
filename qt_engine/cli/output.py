"""Everything the command line prints goes through here: one JSON document, tables, the one error line.

Texts that come from data (symbols, file names, error texts) are printed as plain text, never as markup or terminal
control. rich and plotext are imported only when something is drawn.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from typing import Any, TextIO

from qt_engine.core.clock import monotonic
from qt_engine.core.text import plain

PATIENCE_S = 0.5
"""How long work may last before a progress bar is drawn."""


class ExitCode(IntEnum):
    """What the shell is told."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    CANCELLED = 130


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person looks at it."""
    return (stream or sys.stdout).isatty()


def print_json(document: Any) -> None:
    """Print exactly one JSON document; NaN and infinity become null."""
    sys.stdout.write(json.dumps(_finite(document), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def print_line(text: object = "") -> None:
    """Print one line of plain text."""
    sys.stdout.write(plain(text, 2000) + "\n")


def print_error(message: object) -> None:
    """The one line on stderr that says what was wrong."""
    sys.stderr.write(plain(message, 2000) + "\n")
    sys.stderr.flush()


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    right: Sequence[str] = (),
) -> None:
    """Print a table of plain text.

    Parameters
    ----------
    columns
        Headings.
    rows
        One cell per column. Floats are shown with up to six significant digits, None and NaN as a dash.
    right
        Headings of the columns that are aligned to the right (numbers).
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=None if title is None else Text(plain(title)), title_justify="left")
    for name in columns:
        table.add_column(Text(plain(name)), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(show(cell)) for cell in row))
    _console(table_width(columns, rows)).print(table)


def table_width(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """The width that shows every cell on one line; used where no terminal sets a width."""
    widths = [len(name) for name in columns]
    for row in rows:
        widths = [max(width, len(show(cell))) for width, cell in zip(widths, row, strict=True)]
    return sum(widths) + 3 * len(widths) + 4


def print_curve(times: Sequence[int], values: Sequence[float], *, title: str, height: int = 14) -> None:
    """Draw a curve over time with plotext.

    Parameters
    ----------
    times
        UTC nanoseconds.
    values
        One value per time; at most twice the width of the terminal is drawn.
    """
    import shutil

    import plotext

    from qt_engine.core.clock import iso

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    if not len(values):
        return
    step = max(1, len(values) // (2 * width))
    picked = sorted({*range(0, len(values), step), len(values) - 1})
    ticks = [picked[i * (len(picked) - 1) // 4] for i in range(5)]
    low, high = min(values), max(values)
    levels = [low + (high - low) * i / 4 for i in range(5)] if high > low else [low]
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    figure.title(plain(title))
    figure.draw(figure.signal(picked, [float(values[i]) for i in picked], marker="braille").lines())
    figure.ruler("x").ticks(ticks, [iso(int(times[i]))[:10] for i in ticks])
    figure.ruler("y").ticks(levels, [f"{level:,.0f}" if high >= 1000 else f"{level:.4g}" for level in levels])
    drawn = str(plotext.uncolorize(figure.build().string()))
    sys.stdout.write("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float], None] | None]:
    """Gives a function that takes the share done, 0 to 1, and draws a bar on a terminal once the work has lasted a moment."""
    if not is_terminal(sys.stderr):
        yield None
        return
    began = monotonic()
    with ExitStack() as stack:
        bars: list[tuple[Any, Any]] = []

        def report(share: float) -> None:
            if not bars and monotonic() - began > PATIENCE_S:
                from rich.console import Console
                from rich.progress import Progress

                bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
                bars.append((bar, bar.add_task(plain(label), total=1.0)))
            for bar, task in bars:
                bar.update(task, completed=share)

        yield report


def show(cell: object) -> str:
    """One cell as plain text."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.6g}"
    return plain(cell)


def _console(width: int) -> Any:
    from rich.console import Console

    return Console(file=sys.stdout, width=None if is_terminal() else width, highlight=False, markup=False, emoji=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, (str, int)) or value is None:
        return value
    if hasattr(value, "as_json"):
        return _finite(value.as_json())
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return _finite(value.tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form")
