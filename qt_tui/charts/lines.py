"""What a chart is made of: lines of styled text, free of any terminal library, so that charts are tested as text."""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[str, str]
"""Text and its style: `#rrggbb`, `bold #rrggbb`, `#rrggbb on #rrggbb`, or empty."""

Line = list[Span]


def as_text(lines: Sequence[Line]) -> str:
    """The characters alone, one row a line, without trailing spaces."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def fit(line: Line, width: int) -> Line:
    """Cut or padded to exactly `width` characters."""
    fitted: Line = []
    left = width
    for text, style in line:
        if left <= 0:
            break
        fitted.append((text[:left], style))
        left -= len(text)
    if left > 0:
        fitted.append((" " * left, ""))
    return fitted


def join(cells: Sequence[Span]) -> Line:
    """Neighbouring cells of one style as one span."""
    line: Line = []
    run: list[str] = []
    style = ""
    for text, cell_style in cells:
        if cell_style != style and run:
            line.append(("".join(run), style))
            run = []
        style = cell_style
        run.append(text)
    if run:
        line.append(("".join(run), style))
    return line


def message(text: str, width: int, height: int, style: str) -> list[Line]:
    """A sentence in the middle of an otherwise empty chart, on as many lines as it needs."""
    import textwrap

    rows: list[Line] = [[(" " * width, "")] for _ in range(height)]
    parts = textwrap.wrap(text, max(1, width - 2))[:height]
    first = max(0, (height - len(parts)) // 2 + (len(parts) == 1 and height % 2 == 0))
    for row, part in enumerate(parts, first):
        rows[min(row, height - 1)] = fit([(part.center(width), style)], width)
    return rows
