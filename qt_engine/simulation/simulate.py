"""`simulate`: the whole run in one go, or in chunks for progress and cancelling, with the same bytes."""

from __future__ import annotations

from collections.abc import Callable

from qt_engine.simulation.contract import SimInput, SimResult
from qt_engine.simulation.stepper import Stepper

CHUNK = 50_000
"""Bars between two progress reports: about a millisecond of work."""


def simulate(given: SimInput, progress: Callable[[float], None] | None = None) -> SimResult:
    """Run a plan over its market.

    Parameters
    ----------
    given
        What to run; the result depends on nothing else.
    progress
        Called with the share done, 0 to 1; may raise to cancel.
    """
    stepper = Stepper.of(given)
    bars = len(given.market)
    if progress is None:
        stepper.advance(given.market, given.plan)
        return stepper.result()
    for until in range(CHUNK, bars + CHUNK, CHUNK):
        stepper.advance(given.market, given.plan, min(until, bars))
        progress(min(until / bars, 1.0))
    return stepper.result()
