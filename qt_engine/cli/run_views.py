"""How a run looks on the command line; shared by `qt backtest`, `qt runs` and `qt demo`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from qt_engine.cli import output
from qt_engine.core.clock import iso
from qt_engine.experiments.record import PERFECT

if TYPE_CHECKING:
    from qt_engine.experiments.compare import Comparison, Difference
    from qt_engine.experiments.record import RunRecord

PERCENT = ("total_return", "cagr", "volatility", "max_drawdown", "win_rate", "exposure")
MONEY = ("final_equity", "fees", "slippage", "borrow", "funding", "interest", "dividends")
MOST_EVENTS = 20
"""Events that are printed, the first ones; with --json all."""

Curve = Callable[[], tuple[Sequence[int], Sequence[float]]]


def metric_text(name: str, value: float | None, *, signed: bool = False) -> str:
    """A metric with its unit; a dash where it is not defined."""
    if value is None or math.isnan(value):
        return "–"
    sign = "+" if signed else ""
    if name in PERCENT:
        return f"{100 * value:{sign}z,.2f} %"
    if name in MONEY:
        return f"{value:{sign}z,.2f}"
    return f"{value:{sign},d}" if isinstance(value, int) else f"{value:{sign}z,.3f}"


def print_run(record: RunRecord, curve: Curve, events: Sequence[Mapping[str, object]] = ()) -> None:
    """Print a run: what it was, its metrics, its equity curve, its events, its open positions and warnings."""
    spec = record.spec
    output.print_line(
        f"{spec.strategy} on {', '.join(spec.symbols)}, {spec.interval}, {record.start[:10]} to {record.end[:10]}"
    )
    if spec.parameters:
        output.print_line("parameters: " + ", ".join(f"{name} = {value}" for name, value in spec.parameters.items()))
    if record.spec.model:
        output.print_line(f"execution: {record.model}")
    if record.spec.limits:
        output.print_line("limits: " + ", ".join(f"{name} = {value}" for name, value in record.spec.limits.items()))
    output.print_line(
        f"run {record.run_id}: {record.status}, {record.slice.bars:,} bar{'s' * (record.slice.bars != 1)}"
    )
    if record.error:
        output.print_line(f"error: {record.error}")
    if (measured := record.measured()) is not None:
        rows = [(name, metric_text(name, value)) for name, value in measured.items()]
        output.print_table(["metric", "value"], rows, right=["value"])
        times, values = curve()
        output.print_curve(times, values, title="equity")
    if events:
        print_events(events)
    if record.open_positions:
        columns = list(record.open_positions[0])
        rows_open = [[position[name] for name in columns] for position in record.open_positions]
        output.print_table(columns, rows_open, title="open positions", right=columns[1:2] + columns[3:])
    for warning in record.warnings:
        output.print_line(f"note: {warning}")


def print_events(events: Sequence[Mapping[str, object]]) -> None:
    """Print limits that were reached and corporate actions; of many the first ones, and how many of each kind there are."""
    title = "events"
    if len(events) > MOST_EVENTS:
        kinds = Counter(str(event["kind"]) for event in events)
        title = f"events, the first {MOST_EVENTS} of " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    rows = [[event[name] for name in events[0]] for event in events[:MOST_EVENTS]]
    output.print_table(list(events[0]), rows, title=title, right=("value", "bound"))


def print_runs(records: Sequence[RunRecord]) -> None:
    """Print one line for each run."""
    metrics = ("total_return", "sharpe", "max_drawdown", "trades")
    rows = []
    for record in records:
        figures = record.measured() or {}
        status = f"running {100 * record.progress:.0f} %" if record.status == "running" else record.status
        if record.perfect:
            status += ", perfect execution"
        rows.append([
            record.run_id, status, record.spec.strategy, ",".join(record.spec.symbols), iso(record.created_ns)[:16],
            *(metric_text(name, figures.get(name)) for name in metrics),
        ])  # fmt: skip
    output.print_table(["run", "status", "strategy", "symbols", "created", *metrics], rows, right=metrics)


def print_comparison(comparison: Comparison) -> None:
    """Print metrics side by side with the difference to the baseline, then only what differs."""
    letters = [
        chr(ord("A") + index) if index < len(ascii_uppercase) else str(index) for index in range(len(comparison.runs))
    ]
    base = letters[comparison.baseline]
    for letter, record in zip(letters, comparison.runs, strict=True):
        role = (" (baseline)" if letter == base else "") + (f", {PERFECT}" if record.perfect else "")
        output.print_line(
            f"{letter}: {record.run_id}, {record.spec.strategy} on {', '.join(record.spec.symbols)}{role}"
        )
    heads = []
    for letter in letters:
        heads += [letter] if letter == base else [letter, f"{letter} - {base}"]
    rows: list[list[str]] = []
    for row in comparison.metrics:
        cells = [row.name]
        for index, (value, difference) in enumerate(zip(row.values, row.differences, strict=True)):
            cells.append(metric_text(row.name, value))
            if index != comparison.baseline:
                cells.append(metric_text(row.name, difference, signed=True))
        rows.append(cells)
    output.print_table(["metric", *heads], rows, right=heads)
    for title, differing in (
        ("parameters that differ", comparison.parameters),
        ("what else differs", comparison.differences),
    ):
        if differing:
            cells_of = [[name, *map(_short, values)] for item in differing for name, values in _lines(item)]
            output.print_table([title, *letters], cells_of)


def _lines(item: Difference) -> Iterator[tuple[str, Sequence[object]]]:
    """One line for a difference; of an execution model or of limits one for every part that is not the same."""
    if not all(isinstance(value, Mapping) for value in item.values):
        yield item.name, item.values
        return
    for part in sorted({key for value in item.values for key in value}):
        values = [value.get(part) for value in item.values]
        if any(value != values[0] for value in values):
            yield f"{item.name}.{part}", values


def _short(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_short(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ",".join(str(_short(inner)) for inner in value)
    return f"{value[:12]}…" if isinstance(value, str) and len(value) >= 40 else value
