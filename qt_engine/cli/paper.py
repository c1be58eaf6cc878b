"""`qt paper`: start, watch, stop, resume and prove paper-trading sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from qt_engine.cli import output
from qt_engine.cli.compiling import tell_of_compiling
from qt_engine.cli.context import workspace
from qt_engine.live.status import SessionStatus

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Start and watch paper-trading sessions.")

JSON = typer.Option(False, "--json", help="Print one JSON document.")
ID = typer.Argument(..., metavar="ID", help="A session's id, or as much of it as is unique.")
ON_SCREEN = 20
"""Orders and fills that `status` prints, the latest ones; with --json all."""


@app.command()
def start(
    context: typer.Context,
    strategy: str = typer.Argument(
        ...,
        metavar="STRATEGY",
        help="A shipped strategy, one of the workspace, or a file.",
    ),
    symbols: str | None = typer.Option(None, metavar="A,B", help="In place of the strategy's universe."),
    feed: str = typer.Option("replay", metavar="FEED", help="Who supplies the bars; replay: the stored ones."),
    speed: float = typer.Option(0.0, metavar="N", help="Bars a second; 0: as fast as it can."),
    interval: str | None = typer.Option(None, metavar="I", help="Length of a bar, such as 1d; else the strategy's."),
    first: str | None = typer.Option(None, "--start", metavar="DATE", help="First day, such as 2010-01-31."),
    last: str | None = typer.Option(None, "--end", metavar="DATE", help="Last day, inclusive."),
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="Set a parameter; may be repeated."),
    ] = None,
    cash: float | None = typer.Option(None, help="Capital at the start."),
    fee_bps: float | None = typer.Option(None, help="Fee per fill, in basis points of the notional."),
    slippage_bps: float | None = typer.Option(None, help="Slippage per fill, in basis points of the price."),
    tick: float | None = typer.Option(None, help="Price step of protective levels."),
    seed: int | None = typer.Option(None, help="Seed of everything random."),
    execution: str | None = typer.Option(None, metavar="MODEL", help="A named execution model, such as us_stocks."),
    limits: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="K=V", help="Limit the session, such as max_drawdown=20%; may be repeated."),
    ] = None,
    as_json: bool = JSON,
) -> None:
    """Start a session; it runs in a process of its own and goes on when this one ends."""
    from qt_engine.cli.backtest import read_assignments, read_limits, read_symbols

    house, risk = workspace(context), read_limits(limits or [])
    tell_of_compiling(house, strategy, execution, risk)
    sessions = house.sessions
    session_id = sessions.start(
        strategy, read_symbols(symbols), feed=feed, speed=speed, interval=interval, start=first, end=last,
        params=read_assignments(assignments or []), cash=cash, fee_bps=fee_bps, slippage_bps=slippage_bps, tick=tick,
        seed=seed, execution=execution, risk=risk,
    )  # fmt: skip
    _print_state(sessions.status(session_id), as_json)


@app.command("list")
def list_sessions(context: typer.Context, as_json: bool = JSON) -> None:
    """List sessions, the newest first."""
    found = workspace(context).sessions.list()
    if as_json:
        output.print_json([status.summary() for status in found])
    elif found:
        columns = (
            "session",
            "state",
            "strategy",
            "symbols",
            "bars",
            "equity",
            "positions",
            "updated",
        )
        rows = [
            (s.session_id, s.state, s.strategy, ",".join(s.symbols), f"{s.bars_done}/{s.bars_total}", s.equity,
             len(s.positions), s.updated[:19])
            for s in found
        ]  # fmt: skip
        output.print_table(columns, rows, right=("bars", "equity", "positions"))
    else:
        output.print_line("no sessions yet; start one with: qt paper start STRATEGY --symbols A,B")


@app.command()
def status(context: typer.Context, session_id: str = ID, as_json: bool = JSON) -> None:
    """Show one session: positions, equity, orders, fills and events."""
    found = workspace(context).sessions.status(session_id)
    if as_json:
        output.print_json(found.as_json())
    else:
        _print_status(found)


@app.command()
def stop(context: typer.Context, session_id: str = ID, as_json: bool = JSON) -> None:
    """Stop a session after the bar it is at; it can be resumed."""
    _print_state(workspace(context).sessions.stop(session_id), as_json)


@app.command()
def resume(context: typer.Context, session_id: str = ID, as_json: bool = JSON) -> None:
    """Let a stopped or interrupted session go on, with exactly its positions."""
    _print_state(workspace(context).sessions.resume(session_id), as_json)


@app.command()
def parity(context: typer.Context, session_id: str = ID, as_json: bool = JSON) -> None:
    """Replay a session as a backtest: are they the same bytes?"""
    outcome = workspace(context).sessions.parity(session_id)
    if as_json:
        output.print_json(outcome.as_json())
        return
    compared = f"{outcome.bars} bars, {outcome.fills} fills and {outcome.orders} orders compared"
    output.print_line(f"session {outcome.session_id}: {outcome.verdict} ({compared})")
    if outcome.first_difference:
        output.print_line(f"first difference: {outcome.first_difference}")


def _print_state(found: SessionStatus, as_json: bool) -> None:
    if as_json:
        output.print_json({"session_id": found.session_id, "state": found.state})
    else:
        output.print_line(f"session {found.session_id}: {found.state}")


def _print_status(found: SessionStatus) -> None:
    facts = (
        ("session", found.session_id), ("state", found.state), ("strategy", found.strategy),
        ("symbols", ", ".join(found.symbols)), ("bars", f"{found.bars_done} of {found.bars_total}"),
        ("last bar", found.time), ("cash", found.cash), ("equity", found.equity),
        ("realised P&L", found.realised_pnl), ("unrealised P&L", found.unrealised_pnl), ("error", found.error),
        ("execution", "perfect: no costs; such a result cannot be traded" if found.perfect else None),
    )  # fmt: skip
    output.print_table(
        ("", "value"),
        [fact for fact in facts if fact not in (("error", None), ("execution", None))],
        right=("value",),
    )
    for title, rows in (
        ("positions", found.positions),
        ("orders", found.orders),
        ("fills", found.fills),
        ("events", found.events),
    ):
        if rows:
            columns = tuple(rows[0])
            numbers = tuple(name for name in columns if isinstance(rows[0][name], (int, float)))
            shown = rows[-ON_SCREEN:]
            heading = title if len(shown) == len(rows) else f"{title} (the last {len(shown)} of {len(rows)})"
            output.print_table(
                columns,
                [tuple(row.values()) for row in shown],
                title=heading,
                right=numbers,
            )
