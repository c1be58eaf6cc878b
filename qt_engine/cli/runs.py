"""`qt runs`: look at, compare, reproduce and export runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qt_engine.cli import output
from qt_engine.cli.context import workspace
from qt_engine.cli.run_views import print_comparison, print_run, print_runs
from qt_engine.core.numba_start import import_numba

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Look at, compare, reproduce and export runs.")

JSON = typer.Option(False, "--json", help="Print one JSON document.")
ID = typer.Argument(..., metavar="ID", help="A run's id, or the beginning of it.")
ON_SCREEN = 30
"""Runs that `list` prints where no limit was given; with --json all."""


@app.command("list")
def list_runs(
    context: typer.Context,
    status: str | None = typer.Option(
        None, metavar="STATUS", help="running, completed, failed, cancelled or interrupted."
    ),
    strategy: str | None = typer.Option(None, metavar="NAME", help="Only runs of this strategy."),
    limit: int | None = typer.Option(None, metavar="N", help="At most so many, the newest first."),
    as_json: bool = JSON,
) -> None:
    """List runs, the newest first."""
    shown = limit if limit is not None or as_json else ON_SCREEN
    records = workspace(context).runs.list(status, strategy=strategy, limit=shown)
    if as_json:
        output.print_json([record.details() for record in records])
    elif records:
        print_runs(records)
    else:
        output.print_line("no runs yet; start one with: qt backtest STRATEGY --symbols A,B")


@app.command()
def show(context: typer.Context, run_id: str = ID, as_json: bool = JSON) -> None:
    """Show one run."""
    run = workspace(context).run(run_id)
    if as_json:
        output.print_json(run.details())
    else:
        print_run(run.record, run.curve, run.events)


@app.command()
def trades(context: typer.Context, run_id: str = ID, as_json: bool = JSON) -> None:
    """Show the closed round trips of a run."""
    run = workspace(context).run(run_id)
    rows = [trade.as_json() for trade in run.trades]
    if as_json:
        output.print_json(rows)
    elif rows:
        columns = list(rows[0])
        output.print_table(
            columns,
            [list(row.values()) for row in rows],
            right=("quantity", "pnl", "fees", "bars_held", "entry_price", "exit_price"),
        )
    else:
        output.print_line(f"run {run.id} closed no trade")


@app.command()
def compare(
    context: typer.Context,
    run_ids: Annotated[
        list[str], typer.Argument(metavar="A B", help="Two runs or more; the first one is the baseline.")
    ],
    as_json: bool = JSON,
) -> None:
    """Put runs side by side."""
    comparison = workspace(context).compare(*run_ids)
    if as_json:
        output.print_json(comparison.as_json())
    else:
        print_comparison(comparison)


@app.command()
def reproduce(context: typer.Context, run_id: str = ID, as_json: bool = JSON) -> None:
    """Run a run again from its stored spec and snapshot: do the same bytes come out?"""
    import_numba()
    outcome = workspace(context).reproduce(run_id)
    if as_json:
        output.print_json(outcome.as_json())
    else:
        output.print_line(f"run {outcome.run_id}: {outcome.verdict}")
        if outcome.first_difference:
            output.print_line(f"first difference: {outcome.first_difference}")


@app.command()
def export(
    context: typer.Context,
    run_id: str = ID,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to; else exports/ID of the workspace.")
    ] = None,
    format: str = typer.Option("csv", "--format", metavar="FORMAT", help="csv, json or parquet."),
    as_json: bool = JSON,
) -> None:
    """Write a run's trades, fills, orders, equity, events and spec as files."""
    opened = workspace(context)
    run = opened.run(run_id)
    files = opened.export(run, folder, format)
    if as_json:
        output.print_json({"run_id": run.id, "format": format, "files": [str(path) for path in files]})
    else:
        for path in files:
            output.print_line(path)
