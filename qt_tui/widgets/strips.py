"""From the lines of a chart or a table to what Textual paints."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from qt_engine.core.text import plain
from qt_tui.charts.lines import Line


@lru_cache(maxsize=512)
def style(text: str, ground: str = "") -> Style:
    """A style such as `bold #aabbcc`, on `ground` where the text names none."""
    words = text if " on " in f" {text}" or not ground else f"{text} on {ground}"
    return Style.parse(words.strip() or "none")


def strip(line: Line, width: int, ground: str = "", foreground: str = "") -> Strip:
    """One line as a strip of exactly `width` cells."""
    segments = []
    used = 0
    for text, words in line:
        size = len(text) if text.isascii() else cell_len(text)
        if used + size > width:
            text, size = set_cell_size(text, width - used), width - used
        segments.append(Segment(text, style(words or foreground, ground)))
        used += size
        if used >= width:
            break
    if used < width:
        segments.append(Segment(" " * (width - used), style(foreground, ground)))
    return Strip(segments, width)


def shown(text: str) -> str:
    """Text from data without anything a terminal would act on."""
    return text if text.isprintable() else plain(text)


def sized(text: str, width: int, *, right: bool = False) -> str:
    """Text cut or padded to `width` cells; what is cut ends in an ellipsis."""
    text = shown(text)
    size = len(text) if text.isascii() else cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    pad = " " * (width - size)
    return pad + text if right else text + pad
