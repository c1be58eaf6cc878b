"""`qt features`: which indicators, signals and labels there are, and their values on stored bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qt_engine.cli.context import workspace
from qt_engine.cli.output import print_json, print_line, print_table
from qt_engine.core.errors import InputError

if TYPE_CHECKING:
    from qt_engine.features.service import FeatureValues

app = typer.Typer(help="List and compute indicators, signals and labels.", add_completion=False, rich_markup_mode=None)

_PAGE = 20

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_features(
    context: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="indicator, signal or label.")] = None,
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Words in name, meaning or source.")] = "",
    json: Json = False,
) -> None:
    """List what strategies and features can read, and the labels, which they cannot."""
    found = workspace(context).features.list(kind, search)
    if json:
        print_json({"features": [one.as_json() for one in found]})
        return
    if not found:
        print_line("Nothing fits; qt features list shows everything")
        return
    readable = [one for one in found if one.kind != "label"]
    labels = [one for one in found if one.kind == "label"]
    for title, part in ((None, readable), ("Labels: they look ahead, and no strategy can read them", labels)):
        if part:
            print_table(
                ["name", "kind", "call", "warm-up", "meaning"],
                [(one.name, one.kind, one.signature, one.warmup, one.description) for one in part],
                title=title,
                right=("warm-up",),
            )
    print_line(f"{len(readable)} features, {len(labels)} labels")


@app.command()
def compute(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A feature, as `qt features list` names it.", show_default=False)],
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="S", help="A stored symbol.")] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="Length of a bar; the only stored one if not given.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="Set a parameter, or a series such as x=open; may be repeated."),
    ] = None,
    universe: Annotated[
        str | None, typer.Option("--universe", metavar="A,B", help="The assets for what looks across them; else all.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First date or time (UTC); the warm-up begins here.")
    ] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last date or time (UTC), inclusive.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Bars to show, the last ones.")] = _PAGE,
    label: Annotated[bool, typer.Option("--label", help="NAME is a label, which looks ahead.")] = False,
    json: Json = False,
) -> None:
    """Compute a feature on stored bars."""
    from qt_engine.cli.backtest import read_assignments, read_symbols

    if symbol is None:
        raise InputError(f"--symbol is missing; for example: qt features compute {name} --symbol AAPL")
    if limit < 0:
        raise InputError(f"--limit must not be negative, not {limit}")
    parameters = read_assignments(assignments or [])
    features = workspace(context).features
    if label:
        if universe is not None:
            raise InputError("--universe is for what looks across assets, and a label does not")
        made = features.label(name, symbol, interval, start=start, end=end, params=parameters)
    else:
        made = features.compute(
            name,
            symbol,
            interval,
            start=start,
            end=end,
            params=parameters,
            universe=read_symbols(universe, "--universe"),
        )
    if json:
        print_json(made.as_json(limit))
    else:
        _show(made, limit)


def _show(made: FeatureValues, limit: int) -> None:
    rows = made.rows(limit)
    if rows:
        print_table([*rows[0]], [tuple(row.values()) for row in rows], right=[n for n in rows[0] if n != "time"])
    settings = ", ".join(f"{name}={value}" for name, value in made.parameters.items())
    print_line(
        f"{made.feature} version {made.version}{f' with {settings}' if settings else ''} on {made.symbol} {made.interval}"
    )
    if len(made.universe) > 1:
        print_line(f"among {', '.join(made.universe)}")
    unknown = sum(1 for value in made.values.tolist() if value != value)
    print_line(f"the last {len(rows)} of {len(made)} bars, {unknown} of which have no value")
