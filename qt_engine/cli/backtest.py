"""`qt backtest`: run a strategy over stored bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from qt_engine.cli import output
from qt_engine.cli.compiling import tell_of_compiling
from qt_engine.cli.context import workspace
from qt_engine.cli.run_views import print_run
from qt_engine.core.errors import InputError
from qt_engine.core.numba_start import import_numba
from qt_engine.core.text import plain

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FRACTIONS = ("max_drawdown", "max_daily_loss")
"""Limits that are at most 1."""


@app.command()
def backtest(
    context: typer.Context,
    strategy: str = typer.Argument(
        ..., metavar="STRATEGY", help="A shipped strategy, one of the workspace, or a file."
    ),
    symbols: str | None = typer.Option(None, metavar="A,B", help="In place of the strategy's universe."),
    interval: str | None = typer.Option(None, metavar="I", help="Length of a bar, such as 1d; else the strategy's."),
    start: str | None = typer.Option(None, metavar="DATE", help="First day, such as 2010-01-31."),
    end: str | None = typer.Option(None, metavar="DATE", help="Last day, inclusive."),
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="K=V", help="Set a parameter; may be repeated.")
    ] = None,
    cash: float | None = typer.Option(None, help="Capital at the start."),
    fee_bps: float | None = typer.Option(None, help="Fee per fill, in basis points of the notional."),
    slippage_bps: float | None = typer.Option(None, help="Slippage per fill, in basis points of the price."),
    tick: float | None = typer.Option(None, help="Price step of protective levels."),
    seed: int | None = typer.Option(None, help="Seed of everything random."),
    execution: str | None = typer.Option(
        None, metavar="MODEL", help="A named execution model: default, us_stocks, crypto_spot, conservative, perfect …"
    ),
    limits: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="K=V", help="Limit the run, such as max_drawdown=20%; may be repeated."),
    ] = None,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Run a strategy over stored bars and keep the run."""
    import_numba()
    house, risk = workspace(context), read_limits(limits or [])
    tell_of_compiling(house, strategy, execution, risk)
    with output.progress_bar(strategy) as progress:
        run = house.backtest(
            strategy, read_symbols(symbols), interval, start, end, read_assignments(assignments or []),
            cash=cash, fee_bps=fee_bps, slippage_bps=slippage_bps, tick=tick, seed=seed,
            execution=execution, risk=risk, progress=progress,
        )  # fmt: skip
    if as_json:
        output.print_json(run.as_json())
    else:
        print_run(run.record, run.curve)


def read_symbols(text: str | None, option: str = "--symbols") -> list[str] | None:
    """`A,B` as a list.

    Raises
    ------
    InputError
        If a name is empty.
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InputError(f"{option} {plain(text)!r} names an empty symbol; write them as A,B")
    return names


def read_limits(texts: Sequence[str]) -> dict[str, int | float]:
    """`k=v` texts of limits; a value may be written in percent.

    Raises
    ------
    InputError
        If a text has no `=`, a name is given twice, or a value is no number.
    """
    found: dict[str, int | float] = {}
    for name, text in read_assignments(texts, "--limit").items():
        try:
            number = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            raise InputError(f"--limit {plain(name)} is a number such as 0.2 or 20%, not {plain(text, 40)!r}") from None
        if name in FRACTIONS and number > 1.0 and not text.endswith("%"):
            raise InputError(
                f"--limit {name}={plain(text, 40)} is more than everything; percent are written {name}={plain(text, 40)}%"
            )
        found[name] = int(number) if text.isdigit() else number
    return found


def read_assignments(texts: Sequence[str], option: str = "--set") -> dict[str, str]:
    """`k=v` texts as a mapping.

    Raises
    ------
    InputError
        If a text has no `=`, or a name is set twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not (equals and name and value):
            raise InputError(f"{option} {plain(text)!r} is no assignment; write it as name=value")
        if name in found:
            raise InputError(f"{option} sets {plain(name)} twice")
        found[name] = value
    return found
