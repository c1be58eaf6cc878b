"""A paper session, its positions, fills and orders as rows and facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qt_tui import formats, models
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import Palette
from qt_tui.event_rows import counted
from qt_tui.widgets.facts import Fact
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_engine.live.status import SessionStatus

COLUMNS = (Column("State", 13), Column("Strategy", 11, grow=True), Column("P&L", 14, "right"))
DAY, MINUTE = 10, 16
"""Characters of a time: of bars of a day and longer, and of shorter ones."""


def position_columns(time: int = DAY) -> tuple[Column, ...]:
    """Columns of the positions; `time` is the width of times."""
    return (
        Column("Symbol", 7, grow=True), Column("Quantity", 11, "right"), Column("Weight", 7, "right"),
        Column("Entry", 9, "right"), Column("Last", 9, "right"), Column("P&L", 14, "right"), Column("Since", time),
    )  # fmt: skip


def fill_columns(time: int = DAY) -> tuple[Column, ...]:
    """Columns of the fills."""
    return (
        Column("Time", time), Column("Symbol", 7, grow=True), Column("Side", 6), Column("Quantity", 11, "right"),
        Column("Price", 9, "right"), Column("Why", 13, grow=True), Column("Fee", 8, "right"),
    )  # fmt: skip


def order_columns(time: int = DAY) -> tuple[Column, ...]:
    """Columns of the orders."""
    return (
        Column("Order", 5, "right"), Column("Symbol", 7, grow=True), Column("Side", 6), Column("Kind", 6),
        Column("Status", 9), Column("Why", 13, grow=True), Column("Decided", time), Column("Filled", time),
    )  # fmt: skip


GLYPHS = {"running": "▶", "finished": "✓", "stopped": "■", "interrupted": "⚡", "failed": "✗"}


def state_cell(session: SessionStatus, palette: Palette) -> Span:
    """A sign, a word and a colour."""
    colours = {"running": palette.accent, "failed": palette.error, "interrupted": palette.warning}
    return f"{GLYPHS[session.state]} {session.state}", colours.get(session.state, palette.foreground)


def session_row(session: SessionStatus, palette: Palette) -> Row:
    """One line of the list."""
    gain = session.equity - session.initial_cash
    cells: list[str | Span] = [
        state_cell(session, palette),
        f"{models.PERFECT} {session.strategy}" if session.perfect else session.strategy,
        (f"{formats.arrow(gain)} {formats.signed(gain)}", palette.change(gain)),
    ]
    perfect = models.PERFECT if session.perfect else ""
    words = f"{session.state} {session.strategy} {' '.join(session.symbols)} {session.session_id} {perfect}"
    return Row(session.session_id, cells, figures={"pnl": gain, "equity": session.equity}, words=words)


@dataclass(frozen=True)
class Terms:
    """What a session was started with and its status does not tell: kind of strategy, execution model, limits."""

    kind: str = ""
    model: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Terms:
        """From the spec of its job."""
        run = spec.get("run") or {}
        model = run.get("model") or {}
        return cls(
            str((run.get("document") or {}).get("kind", "rules")),
            str(model.get("name", "custom" if model else "default")),
            dict(run.get("limits") or {}),
        )


def session_facts(session: SessionStatus, terms: Terms, palette: Palette) -> list[Fact]:
    """The state of one session."""
    gain = session.equity - session.initial_cash
    share = session.bars_done / session.bars_total if session.bars_total else 0.0
    facts: list[Fact] = [
        ("State", state_cell(session, palette)),
        ("Session", session.session_id[-14:]),
        ("Bars", f"{formats.count(session.bars_done)} of {formats.count(session.bars_total)}"),
        ("Progress", f"{share:.0%}"),
        ("Last bar", formats.time_of(session.time)),
        ("Equity", formats.number(session.equity)),
        ("P&L", (f"{formats.arrow(gain)} {formats.signed(gain)}", palette.change(gain))),
        ("Realised", (formats.signed(session.realised_pnl), palette.change(session.realised_pnl))),
        ("Unrealised", (formats.signed(session.unrealised_pnl), palette.change(session.unrealised_pnl))),
        ("Cash", formats.number(session.cash)),
        ("Capital", formats.number(session.initial_cash, 0)),
        ("Events", counted(session.events) or "none"),
        ("Kind", terms.kind),
        ("Model", (models.PERFECT, f"bold {palette.warning}") if session.perfect else terms.model),
        ("Feed", f"{session.feed} {session.speed:g}/s" if session.speed else f"{session.feed}, full speed"),
    ]
    facts += [(f"≤ {name}", f"{value:g}") for name, value in terms.limits.items()]
    facts += [(f"· {name}", f"{value:g}") for name, value in session.parameters.items()]
    return facts


def position_row(position: Mapping[str, Any], equity: float, palette: Palette) -> Row:
    """An open position; its weight is the signed share of equity."""
    gain = position["unrealised_pnl"]
    weight = position["quantity"] * position["last_price"] / equity if equity > 0 else None
    return Row(
        position["symbol"],
        [
            position["symbol"], formats.signed(position["quantity"], 4), formats.percent(weight, 1),
            formats.price(position["entry_price"]), formats.price(position["last_price"]),
            (f"{formats.arrow(gain)} {formats.signed(gain)}", palette.change(gain)), formats.time_of(position["entry_time"]),
        ],
        figures={"quantity": position["quantity"], "weight": weight, "pnl": gain},
    )  # fmt: skip


def fill_row(fill: Mapping[str, Any], palette: Palette) -> Row:
    """One fill; `~` marks a bar that could have gone either way."""
    why = fill["reason"].replace("_", " ") + (" ~" if fill["ambiguous"] else "")
    colour = palette.gain if fill["side"] == "buy" else palette.loss
    return Row(
        str(fill["fill"]),
        [
            formats.time_of(fill["time"]), fill["symbol"], (f"{'▲' if fill['side'] == 'buy' else '▼'} {fill['side']}", colour),
            formats.number(fill["quantity"], 4), formats.price(fill["price"]), why, formats.number(fill["fee"]),
        ],
    )  # fmt: skip


def order_row(order: Mapping[str, Any], palette: Palette) -> Row:
    """One order and what became of it."""
    warned = {"partial": palette.warning, "cancelled": palette.muted, "expired": palette.muted}
    colours = {"rejected": palette.error, "failed": palette.error, "pending": palette.accent, **warned}
    return Row(
        str(order["order"]),
        [
            str(order["order"]), order["symbol"], order["side"], order["kind"],
            (order["status"], colours.get(order["status"], palette.foreground)), order["reason"].replace("_", " "),
            formats.time_of(order["decided"]), formats.time_of(order["filled"]),
        ],
    )  # fmt: skip
