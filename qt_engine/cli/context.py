"""What a command knows before it starts: which workspace, and how to open the terminal app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from qt_engine.workspace import Workspace

OpenApp = Callable[["Workspace"], int]


@dataclass
class Invocation:
    """One call of `qt`.

    Attributes
    ----------
    reference
        What `--workspace` named: a folder or a name; None where it was not given.
    open_app
        Opens the terminal app on a workspace and returns its exit code; None where there is no app.
    """

    reference: str | None = None
    open_app: OpenApp | None = None

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, opened on first use."""
        from qt_engine.workspace import Workspace

        return Workspace.open(self.reference)


def invocation(context: typer.Context) -> Invocation:
    """The call that a command belongs to."""
    found = context.find_object(Invocation)
    if found is None:
        raise RuntimeError("the command was not started through qt_engine.cli.main")
    return found


def workspace(context: typer.Context) -> Workspace:
    """The workspace of the call that a command belongs to."""
    return invocation(context).workspace
