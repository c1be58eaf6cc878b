"""A run as a row of a list and as facts beside its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qt_tui import formats, metrics
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import Palette
from qt_tui.widgets.facts import Fact
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_engine.experiments.record import RunRecord

COLUMNS = (
    Column("Status", 13), Column("Strategy", 14, grow=True), Column("Symbols", 8, grow=True), Column("Return", 10, "right"),
    Column("Sharpe", 7, "right"), Column("Max DD", 8, "right"), Column("Trades", 6, "right"),
    Column("Parameters", 12, grow=True), Column("Started", 16), Column("Run", 8),
)  # fmt: skip
GLYPHS = {"completed": "✓", "running": "▶", "failed": "✗", "cancelled": "■", "interrupted": "⚡"}


def status_cell(record: RunRecord, palette: Palette) -> Span:
    """A sign, a word and a colour; a running run shows how far it is."""
    colours = {
        "completed": palette.foreground,
        "running": palette.accent,
        "failed": palette.error,
        "interrupted": palette.warning,
    }
    word = f"{record.progress:4.0%}" if record.status == "running" else record.status
    if record.status == "running":
        done = round(record.progress * 6)
        word = f"{'█' * done}{'░' * (6 - done)} {word.strip()}"
    return f"{GLYPHS.get(record.status, '?')} {word}", colours.get(record.status, palette.muted)


def parameters_text(record: RunRecord) -> str:
    """`fast=10 slow=100`."""
    return " ".join(f"{name}={value:g}" for name, value in record.spec.parameters.items())


def run_row(record: RunRecord, palette: Palette) -> Row:
    """One line of the list."""
    figures = record.metrics.as_json() if record.metrics is not None else {}
    names = ("total_return", "sharpe", "max_drawdown", "trades")
    cells: list[str | Span] = [status_cell(record, palette), record.spec.strategy, " ".join(record.spec.symbols)]
    cells += [metrics.styled(name, figures.get(name), palette) for name in names]
    started = formats.moment(record.created_ns, intraday=True)
    cells += [parameters_text(record) if record.error is None else record.error, started, record.run_id[-8:]]
    words = " ".join((record.status, record.spec.strategy, *record.spec.symbols, record.run_id, record.error or ""))
    return Row(record.run_id, cells, figures={**figures, **record.spec.parameters}, words=words)


def run_facts(record: RunRecord, palette: Palette) -> list[Fact]:
    """Metrics first, then what was run."""
    facts: list[Fact] = []
    if record.metrics is not None:
        facts += metrics.facts(record.metrics.as_json(), palette)
    else:
        facts.append(("Status", status_cell(record, palette)))
    facts += [(f"· {name}", f"{value:g}") for name, value in record.spec.parameters.items()]
    facts += [
        ("From", formats.time_of(record.start)), ("To", formats.time_of(record.end)), ("Bars", formats.count(record.slice.bars)),
        ("Capital", formats.number(record.spec.cash, 0)), ("Fee", f"{record.spec.fee_bps:g} bps"),
        ("Slippage", f"{record.spec.slippage_bps:g} bps"), ("Result", (record.result_hash or formats.MISSING)[:8]),
    ]  # fmt: skip
    facts += [(f"! {number}", (line, palette.warning)) for number, line in enumerate(record.warnings, 1)]
    if record.error:
        facts.append(("Error", (record.error, palette.error)))
    return facts
