"""An honest empty state: what is not there yet, and what to use today."""

from __future__ import annotations

from qt_tui.widgets.plain_text import PlainText


class Notice(PlainText, can_focus=True):
    """A text in the middle of a pane."""

    DEFAULT_CSS = "Notice { height: 1fr; width: 1fr; content-align: center middle; text-align: center; color: $muted; }"
