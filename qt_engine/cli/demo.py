"""`qt demo`: the tour on real bundled data; on a terminal the app opens at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qt_engine.cli import output
from qt_engine.cli.compiling import tell_of_compiling
from qt_engine.cli.context import invocation
from qt_engine.cli.run_views import metric_text, print_comparison, print_run
from qt_engine.core.numba_start import import_numba

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace

app = typer.Typer(add_completion=False, rich_markup_mode=None)

WORKSPACE = "demo"
SYMBOL = "AAPL"
TREND, REVERSION = "sma_cross", "rsi_reversion"
GRID = {"fast": range(5, 51, 5), "slow": range(60, 201, 20)}
BEST = 8
SHOWN = ("sharpe", "total_return", "max_drawdown", "trades")


@app.command()
def demo(context: typer.Context) -> int:
    """Make a workspace with real bars, run two strategies, a small sweep and a comparison, then open the app."""
    call = invocation(context)
    call.reference = call.reference or WORKSPACE
    workspace = call.workspace
    import_numba()
    tell_of_compiling(workspace, TREND)
    tour(workspace)
    if call.open_app is None or not output.is_terminal():
        return output.ExitCode.DONE
    return call.open_app(workspace)


def tour(workspace: Workspace) -> None:
    """Print the tour."""
    _heading(1, "real daily bars, imported into a workspace")
    reports = [report.as_json() for report in workspace.data.import_sample()]
    rows = [[r["symbol"], r["interval"], r["rows"], r["new_rows"], r["start"][:10], r["end"][:10]] for r in reports]
    output.print_table(["symbol", "interval", "rows", "new rows", "from", "to"], rows, right=("rows", "new rows"))
    output.print_line(f"workspace: {workspace.folder}")

    _heading(2, f"a trend strategy: qt backtest {TREND} --symbols {SYMBOL}")
    trend = workspace.backtest(TREND, [SYMBOL])
    print_run(trend.record, trend.curve)

    _heading(3, f"another idea: qt backtest {REVERSION} --symbols {SYMBOL}")
    reversion = workspace.backtest(REVERSION, [SYMBOL])
    print_run(reversion.record, reversion.curve)

    combinations = len(GRID["fast"]) * len(GRID["slow"])
    _heading(4, f"a sweep of {TREND}: {combinations} combinations of its parameters")
    table = workspace.sweep(TREND, [SYMBOL], GRID)
    best = table.best(BEST)
    cells = [
        [*(row["parameters"][name] for name in GRID), *(metric_text(name, row["metrics"][name]) for name in SHOWN)]
        for row in best
    ]
    output.print_table([*GRID, *SHOWN], cells, right=(*GRID, *SHOWN), title=f"the best {BEST} by Sharpe ratio")
    output.print_line(f"the best of {combinations} trials always looks good: do not expect its Sharpe ratio to last")

    _heading(5, "a comparison: qt runs compare A B")
    chosen = workspace.backtest(TREND, [SYMBOL], params={name: best[0]["parameters"][name] for name in GRID})
    print_comparison(workspace.compare(trend, chosen, reversion))
    output.print_line(f"go on with: qt --workspace {call_name(workspace)}")


def call_name(workspace: Workspace) -> str:
    """How to name this workspace on the command line."""
    from qt_engine.workspace import locate

    return WORKSPACE if workspace.folder == locate(WORKSPACE) else str(workspace.folder)


def _heading(number: int, text: str) -> None:
    output.print_line()
    output.print_line(f"{number}. {text}")
    output.print_line()
