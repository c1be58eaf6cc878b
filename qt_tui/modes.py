"""The seven modes, in the order of their number keys."""

from __future__ import annotations

from typing import NamedTuple


class Mode(NamedTuple):
    """A mode: its number key, its name in code and state, its title on screen and what it is for."""

    number: int
    name: str
    title: str
    purpose: str


MODES = (
    Mode(1, "data", "Data", "Browse market data"),
    Mode(2, "strategies", "Strategies", "Write strategies and see their equity curve"),
    Mode(3, "runs", "Runs", "Look at backtests"),
    Mode(4, "compare", "Compare", "Put marked runs side by side"),
    Mode(5, "optimise", "Optimise", "Search parameters"),
    Mode(6, "live", "Live", "Watch paper-trading sessions"),
    Mode(7, "journal", "Journal", "Keep research notes"),
)
NAMES = tuple(mode.name for mode in MODES)
