"""Saying on a terminal that the engine is compiled now, so that nobody waits for twenty seconds without knowing for what."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qt_engine.cli import output

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace

SIMPLE = (None, "default", "perfect")
"""Execution models of fixed costs, which the kernel's short cut knows."""


def tell_of_compiling(
    workspace: Workspace, strategy: str, execution: str | None = None, limits: Mapping[str, float] | None = None
) -> None:
    """Print a line if what this run needs was not compiled on this machine before.

    Raises
    ------
    InputError, NotFoundError
        If the strategy cannot be read.
    """
    if not output.is_terminal(sys.stderr):
        return
    from qt_engine.simulation.warm import is_warm

    if is_warm(sweeps=False, complete=True):
        return
    complete = execution not in SIMPLE or bool(limits) or not _is_of_rules(workspace, strategy)
    if not is_warm(sweeps=False, complete=complete):
        sys.stderr.write(f"the engine is compiled now, once: {'about twenty' if complete else 'some'} seconds\n")


def _is_of_rules(workspace: Workspace, strategy: str) -> bool:
    from qt_engine.strategies.loading import load_strategy

    source = workspace.strategies.resolve(strategy)
    return source.language == "yaml" and load_strategy(source).kind == "rules"
