"""The groups of `qt` and the root command that imports one of them when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from qt_engine.cli.context import invocation
from qt_engine.cli.output import is_terminal, print_line

GROUPS = {
    "data": "Import and look at market data.",
    "features": "List and compute indicators, signals and labels.",
    "strategies": "List and check strategies.",
    "backtest": "Run a strategy over stored bars.",
    "runs": "Look at, compare, reproduce and export runs.",
    "paper": "Start and watch paper-trading sessions.",
    "jobs": "Look at and cancel what runs in the background.",
    "demo": "The tour on real bundled data.",
}
"""Name of each group, in the order of the help, and what it is for. Its file has the same name."""


class LazyGroup(TyperGroup):
    """Knows the names of its commands; imports one only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in GROUPS:
            return None
        command = typer.main.get_command(import_module(f"qt_engine.cli.{cmd_name}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        # click would import every group to ask for its help.
        with formatter.section("Commands"):
            formatter.write_dl(list(GROUPS.items()))


def root() -> Any:
    """The command `qt` with all its groups."""
    app = typer.Typer(
        cls=LazyGroup, name="qt", invoke_without_command=True, no_args_is_help=False, add_completion=False,
        rich_markup_mode=None, pretty_exceptions_enable=False,
        help="A research workstation for quants. Without a command the terminal app opens.",
    )  # fmt: skip
    app.callback()(_qt)
    return typer.main.get_command(app)


def _qt(
    context: typer.Context,
    workspace: str | None = typer.Option(
        None,
        "--workspace",
        "-w",
        metavar="DIR",
        help="Folder or name of the workspace; else QT_WORKSPACE, else `default`.",
    ),
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> int | None:
    """A research workstation for quants. Without a command the terminal app opens."""
    call = invocation(context)
    call.reference = workspace
    if version:
        from qt_engine import __version__

        print_line(f"qt {__version__}")
        raise typer.Exit(0)
    if context.invoked_subcommand is not None:
        return None
    if call.open_app is None or not is_terminal():
        typer.echo(context.get_help())
        return None
    return call.open_app(call.workspace)
