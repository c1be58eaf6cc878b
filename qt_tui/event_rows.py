"""What happened to a book beside fills and orders, as rows: limits that were reached, corporate actions, fallbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qt_tui import formats
from qt_tui.charts.palette import Palette
from qt_tui.widgets.table import Column, Row

MEANINGS = {
    "max_drawdown": "loss from the peak; the run is halted",
    "max_daily_loss": "loss since the last session; every position leaves",
    "max_gross": "gross exposure of equity; the target was cut, or it grew above",
    "max_net": "net exposure of equity; an order was cut or rejected, or it grew above",
    "max_concentration": "one position of equity; an order was cut or rejected, or it grew above",
    "max_position": "one position in currency; an order was cut or rejected",
    "max_orders_per_day": "orders of this session; no more entries until it ends",
    "kill_switch": "equity; the run is halted",
    "split": "new units for an old one",
    "dividend": "cash credited; charged where it is negative",
    "funding": "cash charged; credited where it is negative",
}
ACTIONS = frozenset({"split", "dividend", "funding"})
FALLBACK = "fallback"
_FRACTIONS = frozenset({"max_drawdown", "max_daily_loss", "max_gross", "max_net", "max_concentration"})
BOOK = "book"
"""Stands where an event concerns no single symbol."""

Events = Sequence[Mapping[str, Any]]


def columns(events: Events) -> tuple[Column, ...]:
    """As wide as the times are: days alone, or days and times."""
    time = max((len(formats.time_of(event["time"])) for event in events), default=10)
    return (
        Column("Time", time), Column("Event", 18), Column("Symbol", 7), Column("Value", 10, "right"),
        Column("Bound", 10, "right"), Column("What happened", 20, grow=True),
    )  # fmt: skip


def figure(kind: str, value: float | None) -> str:
    """A value or a bound, with the unit of its kind."""
    if value is None:
        return formats.MISSING
    if kind in _FRACTIONS:
        return f"{value * 100:,.2f}%"
    if kind == "max_orders_per_day":
        return formats.number(value, 0)
    return f"{value:g}" if kind == "split" else formats.number(value)


def event_row(key: str, event: Mapping[str, Any], palette: Palette) -> Row:
    """An event, or a fallback (`time, method, reason, used`) in the same columns."""
    time = formats.time_of(event["time"])
    if "method" in event:
        what = f"{event['method']}: {event['reason']}; used {event['used']}"
        return Row(key, [time, (FALLBACK, palette.warning), BOOK, formats.MISSING, formats.MISSING, what])
    kind, value, bound = event["kind"], event["value"], event["bound"]
    words = (kind.replace("_", " "), palette.foreground if kind in ACTIONS else palette.warning)
    cells = [time, words, event["symbol"] or BOOK, figure(kind, value), figure(kind, bound), MEANINGS.get(kind, "")]
    return Row(
        key, cells, figures={"value": value, "bound": bound}, words=f"{kind} {event['symbol'] or BOOK} {cells[-1]}"
    )


def counted(events: Events) -> str:
    """`3 limits, 12 actions, 2 fallbacks`: how many there are of each sort."""
    fallbacks = sum("method" in event for event in events)
    actions = sum(event.get("kind") in ACTIONS for event in events)
    sorts = {"limit": len(events) - actions - fallbacks, "action": actions, "fallback": fallbacks}
    return ", ".join(f"{n:,} {word}{'' if n == 1 else 's'}" for word, n in sorts.items() if n)
