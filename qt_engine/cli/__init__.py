"""The command line: `qt [--workspace DIR] GROUP COMMAND … [--json]`.

Each group is a file with `app: typer.Typer`, imported only when it is called, so that help comes up at once and
no command pays for the imports of another. Every way to end is decided here: exit codes, the one error line, the
log that takes the traceback of what nobody expected.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qt_engine.cli.context import Invocation, OpenApp
from qt_engine.cli.output import ExitCode, print_error
from qt_engine.core.errors import CancelledError, InputError, QtError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["main"]


def main(argv: Sequence[str] | None = None, open_app: OpenApp | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        The words after `qt`; those of the process where None.
    open_app
        Opens the terminal app on a workspace; called for `qt` without a command and at the end of `qt demo`.

    Returns
    -------
    int
        0 done, 1 failed, 2 the input was wrong, 130 cancelled.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments, Invocation(open_app=open_app))
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, CancelledError):
        print_error("cancelled")
        return ExitCode.CANCELLED
    except InputError as error:
        print_error(error)
        return ExitCode.WRONG_INPUT
    except QtError as error:
        print_error(error)
        return ExitCode.FAILED
    except BrokenPipeError:
        # The reader has gone (`qt runs list | head`): nothing more can be said, also not by the interpreter's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: a line for the person, the traceback for the log
        print_error(f"unexpected error: {type(error).__name__}: {error}; details in {_log(arguments)}")
        return ExitCode.FAILED


def _run(arguments: list[str], call: Invocation) -> int:
    import typer

    from qt_engine.cli.groups import root

    try:
        code = root().main(args=arguments, prog_name="qt", standalone_mode=False, obj=call)
    except typer.Abort:
        raise CancelledError("cancelled") from None
    except Exception as error:
        # click's own errors: typer brings a click of its own under a private name, so they are known by their method.
        if not hasattr(error, "format_message"):
            raise
        raise InputError(_usage_line(error)) from None
    if code == ExitCode.CANCELLED:  # click turns the interrupt into a code, and says nothing
        raise CancelledError("cancelled")
    return code if isinstance(code, int) else ExitCode.DONE


def _usage_line(error: Any) -> str:
    """click's message on one line, with the command whose help says more."""
    message = " ".join(str(error.format_message()).split()).removesuffix(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return f"{message or 'a command is missing'} (see qt --help)"
    known: list[str] = getattr(context.command, "list_commands", lambda _: [])(context)
    if known and " command" in message and not message.endswith("?"):
        message = f"{message}; there are {', '.join(known)}"
    return f"{message} (see {context.command_path} --help)"


def _log(arguments: list[str]) -> Path:
    """Append the traceback of the current exception to the log file and name it."""
    import traceback

    from qt_engine.core import clock
    from qt_engine.core.settings import user_data_folder

    path = user_data_folder() / "logs" / "qt.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{clock.iso(clock.now_ns())} qt {arguments!r}\n{traceback.format_exc()}\n")
    except OSError:
        traceback.print_exc()
    return path
