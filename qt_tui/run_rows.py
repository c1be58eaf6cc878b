"""A run as a row of a list and as facts beside its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qt_tui import formats, metrics, models
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import Palette
from qt_tui.widgets.facts import Fact
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_engine.experiments.record import RunRecord

COLUMNS = (
    Column("Status", 13), Column("Strategy", 14, grow=True), Column("Symbols", 8, grow=True), Column("Model", 9),
    Column("Return", 10, "right"), Column("Sharpe", 6, "right"), Column("Max DD", 7, "right"), Column("Trades", 6, "right"),
    Column("Parameters", 9, grow=True), Column("Started", 16), Column("Run", 8),
)  # fmt: skip
MOST_NAMED = 6
"""Symbols that a title names; of more it says how many."""
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


def model_cell(record: RunRecord, palette: Palette) -> Span:
    """The execution model; one without costs is called what it is, whatever its name."""
    return (models.PERFECT, f"bold {palette.warning}") if record.perfect else (record.model, palette.muted)


def kind_of(record: RunRecord) -> str:
    """`rules`, `portfolio` or `python`."""
    return str(record.spec.document.get("kind", "rules"))


def named(record: RunRecord) -> str:
    """Strategy and symbols, and whether the result is without costs: the title of what shows a run."""
    symbols = record.spec.symbols
    on = " ".join(symbols) if len(symbols) <= MOST_NAMED else f"{len(symbols)} symbols"
    return f"{record.spec.strategy} on {on}" + (f"  {models.PERFECT}" if record.perfect else "")


def run_row(record: RunRecord, palette: Palette) -> Row:
    """One line of the list."""
    figures = record.measured() or {}
    names = ("total_return", "sharpe", "max_drawdown", "trades")
    cells: list[str | Span] = [
        status_cell(record, palette), record.spec.strategy, " ".join(record.spec.symbols), model_cell(record, palette)
    ]  # fmt: skip
    cells += [metrics.styled(name, figures.get(name), palette) for name in names]
    started = formats.moment(record.created_ns, intraday=True)
    cells += [parameters_text(record) if record.error is None else record.error, started, record.run_id[-8:]]
    words = " ".join((
        record.status, record.spec.strategy, *record.spec.symbols, record.run_id, record.error or "", kind_of(record),
        record.model, models.PERFECT if record.perfect else "",
    ))  # fmt: skip
    return Row(record.run_id, cells, figures={**figures, **record.spec.parameters}, words=words)


def run_facts(record: RunRecord, palette: Palette) -> list[Fact]:
    """Metrics first, then what was run."""
    facts: list[Fact] = []
    measured = record.measured()
    if measured is not None:
        facts += metrics.facts(measured, palette)
    else:
        facts.append(("Status", status_cell(record, palette)))
    facts += [("Kind", kind_of(record)), ("Model", model_cell(record, palette))]
    if "fees" not in record.spec.model:
        facts.append(("Fee", f"{record.spec.fee_bps:g} bps"))
    facts.append(("Slippage", f"{record.spec.slippage_bps:g} bps"))
    facts += [(f"≤ {name}", f"{value:g}") for name, value in record.spec.limits.items()]
    facts += [(f"· {name}", f"{value:g}") for name, value in record.spec.parameters.items()]
    facts += [
        ("From", formats.time_of(record.start)), ("To", formats.time_of(record.end)), ("Bars", formats.count(record.slice.bars)),
        ("Capital", formats.number(record.spec.cash, 0)), ("Seed", str(record.spec.seed)),
        ("Result", (record.result_hash or formats.MISSING)[:8]),
    ]  # fmt: skip
    return facts


def run_notes(record: RunRecord, palette: Palette) -> list[Span]:
    """Why it failed, and what to know before believing the figures: sentences below the facts."""
    notes: list[Span] = [(record.error, palette.error)] if record.error else []
    notes += [(line, palette.warning) for line in record.warnings]
    return notes


def run_remarks(record: RunRecord, palette: Palette) -> list[Span]:
    """What is good to know and worries nobody: the other parts of the execution model, what was proved."""
    remarks: list[Span] = []
    if parts := sorted(name.replace("_", " ") for name in record.spec.model if name != "name"):
        remarks.append((f"{record.model} also sets {', '.join(parts)}", palette.muted))
    if record.proof is not None and record.proof.get("verdict") == "clean":
        remarks.append((f"proved: no look-ahead, {record.proof.get('method', '')}", palette.muted))
    return remarks
