"""A paper session, its positions, fills and orders as rows and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qt_tui import formats
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import Palette
from qt_tui.widgets.facts import Fact
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_engine.live.status import SessionStatus

COLUMNS = (Column("State", 13), Column("Strategy", 11, grow=True), Column("P&L", 12, "right"))
POSITIONS = (
    Column("Symbol", 8, grow=True), Column("Quantity", 12, "right"), Column("Entry", 10, "right"), Column("Last", 10, "right"),
    Column("P&L", 13, "right"), Column("Since", 16),
)  # fmt: skip
FILLS = (
    Column("Time", 16), Column("Symbol", 7, grow=True), Column("Side", 6), Column("Quantity", 11, "right"),
    Column("Price", 9, "right"), Column("Why", 13, grow=True), Column("Fee", 8, "right"),
)  # fmt: skip
ORDERS = (
    Column("Order", 5, "right"), Column("Symbol", 7, grow=True), Column("Side", 6), Column("Kind", 5),
    Column("Status", 9), Column("Why", 13, grow=True), Column("Decided", 16), Column("Filled", 16),
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
        session.strategy,
        (f"{formats.arrow(gain)} {formats.signed(gain)}", palette.change(gain)),
    ]
    words = f"{session.state} {session.strategy} {' '.join(session.symbols)} {session.session_id}"
    return Row(session.session_id, cells, figures={"pnl": gain, "equity": session.equity}, words=words)


def session_facts(session: SessionStatus, palette: Palette) -> list[Fact]:
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
        ("Feed", f"{session.feed} {session.speed:g}/s" if session.speed else f"{session.feed}, full speed"),
    ]
    facts += [(f"· {name}", f"{value:g}") for name, value in session.parameters.items()]
    if session.error:
        facts.append(("Error", (session.error, palette.error)))
    return facts


def position_row(position: Mapping[str, Any], palette: Palette) -> Row:
    """An open position."""
    gain = position["unrealised_pnl"]
    return Row(
        position["symbol"],
        [
            position["symbol"], formats.signed(position["quantity"], 4), formats.price(position["entry_price"]),
            formats.price(position["last_price"]), (f"{formats.arrow(gain)} {formats.signed(gain)}", palette.change(gain)),
            formats.time_of(position["entry_time"]),
        ],
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
    colours = {"rejected": palette.error, "pending": palette.accent}
    return Row(
        str(order["order"]),
        [
            str(order["order"]), order["symbol"], order["side"], order["kind"],
            (order["status"], colours.get(order["status"], palette.foreground)), order["reason"].replace("_", " "),
            formats.time_of(order["decided"]), formats.time_of(order["filled"]),
        ],
    )  # fmt: skip
