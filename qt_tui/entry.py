"""The command `qt`: the terminal app where no command is given, else the command line.

The only module of the app that knows the command line, and only once it is needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace


def main() -> int:
    """Run `qt` with the words of the command line and return its exit code."""
    arguments = sys.argv[1:]
    place = only_a_workspace(arguments)
    if place is None or not sys.stdout.isatty() or not sys.stdin.isatty():
        from qt_engine.cli import main as command_line

        return command_line(arguments, open_app=open_app)
    from qt_engine.core.errors import QtError
    from qt_engine.workspace import Workspace

    try:
        workspace = Workspace.open(*place)
    except QtError:
        # The command line words errors and chooses exit codes; it meets the same one again.
        from qt_engine.cli import main as command_line

        return command_line(arguments, open_app=open_app)
    return open_app(workspace)


def only_a_workspace(arguments: list[str]) -> tuple[str, ...] | None:
    """Where nothing but `--workspace` is given: its value, if any, as the arguments of `Workspace.open`; else None."""
    if not arguments:
        return ()
    if len(arguments) == 2 and arguments[0] == "--workspace":
        return (arguments[1],)
    if len(arguments) == 1 and arguments[0].startswith("--workspace="):
        return (arguments[0].partition("=")[2],)
    return None


def open_app(workspace: Workspace) -> int:
    """Show the app until the user leaves it, and return the exit code."""
    from qt_tui.app import QtApp

    app = QtApp(workspace)
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
