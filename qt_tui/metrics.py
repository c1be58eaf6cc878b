"""How each metric is written on screen."""

from __future__ import annotations

from collections.abc import Mapping

from qt_tui import formats
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import Palette
from qt_tui.widgets.facts import Fact

FRACTIONS = frozenset({"total_return", "cagr", "volatility", "max_drawdown", "win_rate", "exposure"})
WHOLE = frozenset({"trades", "ambiguous_bars", "failed_orders", "limit_events"})
COLOURED = frozenset({"total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown"})
BETTER_LOW = frozenset(
    {"volatility", "fees", "slippage", "ambiguous_bars", "failed_orders", "limit_events", "borrow", "funding"}
)
UNJUDGED = frozenset({"trades", "exposure", "turnover"})
HEADLINE = (
    "total_return",
    "cagr",
    "sharpe",
    "max_drawdown",
    "volatility",
    "sortino",
    "calmar",
    "trades",
    "win_rate",
    "exposure",
)


SHORT = {"total_return": "Return", "max_drawdown": "Max DD", "volatility": "Vol"}
"""Names for narrow places."""


def title(name: str) -> str:
    """`max_drawdown` as `Max drawdown`."""
    return "CAGR" if name == "cagr" else name.replace("_", " ").capitalize()


def value(name: str, figure: float | None) -> str:
    """A metric with its own decimals; returns carry their sign."""
    if figure is None:
        return formats.MISSING
    if name in ("volatility", "win_rate", "exposure"):
        return formats.percent(figure).lstrip("+")
    if name in FRACTIONS:
        return formats.percent(figure)
    if name in WHOLE:
        return formats.number(figure, 0)
    if name in ("sharpe", "sortino", "calmar"):
        return formats.signed(figure, 2)
    return formats.number(figure, 2)


def difference(name: str, figure: float | None) -> str:
    """How much more than the baseline, always with a sign."""
    if figure is None:
        return formats.MISSING
    if name in FRACTIONS:
        return formats.percent(figure)
    return formats.signed(figure, 0 if name in WHOLE else 2)


def styled(name: str, figure: float | None, palette: Palette) -> Span:
    """A metric in the colour of its sign, where a sign means good or bad."""
    return value(name, figure), palette.change(figure) if name in COLOURED else palette.foreground


def judged(name: str, figure: float | None, palette: Palette) -> Span:
    """A difference with an arrow, in the colour of better or worse."""
    text = f"{formats.arrow(figure)} {difference(name, figure)}"
    if figure is None or name in UNJUDGED:
        return text, palette.muted
    return text, palette.change(-figure if name in BETTER_LOW else figure)


def facts(figures: Mapping[str, float | None], palette: Palette) -> list[Fact]:
    """Metrics as facts, in their own order."""
    return [(title(name), styled(name, figure, palette)) for name, figure in figures.items()]


def headline(figures: Mapping[str, float | None], palette: Palette) -> list[Fact]:
    """The most important ones, under short names."""
    return [
        (SHORT.get(name, title(name)), styled(name, figures.get(name), palette)) for name in HEADLINE if name in figures
    ]
