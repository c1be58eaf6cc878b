"""The palette of the theme that is on, for widgets that draw for themselves."""

from __future__ import annotations

from textual.dom import DOMNode

from qt_tui.charts.palette import Palette

_FALLBACK = Palette()


def palette_of(node: DOMNode) -> Palette:
    """The palette of the app a widget is in."""
    palette = getattr(node.app, "palette", None)
    return palette if isinstance(palette, Palette) else _FALLBACK
