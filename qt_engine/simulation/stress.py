"""Stress tests: the same strategy on the same kernel, in a market in which something bad happens.

The driver does not know how a strategy becomes a plan; it is told by `prepare`, which compiles against the stressed market, so
that a strategy reacts to the crisis as it would have (stops fill, targets change, limits halt it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.market import Market
from qt_engine.risk.stress import StressedMarket
from qt_engine.simulation.contract import SimInput, SimResult
from qt_engine.simulation.simulate import simulate


@dataclass(frozen=True)
class StressOutcome:
    """What a scenario did to a strategy.

    Attributes
    ----------
    name, first, last
        The scenario, and the bars in which it happens (inclusive).
    change
        Equity at the close of bar `last` relative to that at the close before `first`, minus 1; NaN where that was not positive.
    lowest
        The same for the smallest equity from `first` to `last`.
    unstressed
        What `change` would have been in the market as it was.
    result
        The whole run in the stressed market.
    """

    name: str
    first: int
    last: int
    change: float
    lowest: float
    unstressed: float
    result: SimResult


def stress(
    market: Market, scenarios: Sequence[StressedMarket], prepare: Callable[[StressedMarket], SimInput], *,
    progress: Callable[[float], None] | None = None,
) -> list[StressOutcome]:  # fmt: skip
    """Run a strategy or a book through scenarios.

    Parameters
    ----------
    market
        The market that the scenarios were made of, as it was.
    scenarios
        From `qt_engine.risk.stress`.
    prepare
        Makes the input of a run: compiles the strategy against `stressed.market`, or takes the plan of a fixed book from
        `qt_engine.risk.stress.hold`. It is called for the market as it was, too.
    progress
        Called with the share done, 0 to 1; may raise to cancel.

    Raises
    ------
    InputError
        If a scenario was made of another market, or the strategy decided differently before a scenario began: it can only have
        seen what came later.
    """
    unstressed: dict[str, SimResult] = {}
    outcomes = []
    for done, stressed in enumerate(scenarios):
        _check(market, stressed)
        plain_input = prepare(replace(stressed, market=market))
        if plain_input.hash not in unstressed:
            unstressed[plain_input.hash] = simulate(plain_input)
        outcomes.append(_outcome(stressed, simulate(prepare(stressed)), unstressed[plain_input.hash]))
        if progress is not None:
            progress((done + 1) / len(scenarios))
    return outcomes


def _outcome(stressed: StressedMarket, result: SimResult, without: SimResult) -> StressOutcome:
    first, last = stressed.first, stressed.last
    if not np.array_equal(result.equity[:first], without.equity[:first], equal_nan=True):
        raise InputError(
            f"stress: the run of {plain(stressed.name, 60)} differs before bar {first}, where the scenario begins: "
            "the strategy looks ahead"
        )
    base = float(result.equity[first - 1])

    def relative(equity: float) -> float:
        return equity / base - 1.0 if base > 0.0 else float("nan")

    return StressOutcome(
        stressed.name, first, last, relative(float(result.equity[last])),
        relative(float(result.equity[first : last + 1].min())), relative(float(without.equity[last])), result,
    )  # fmt: skip


def _check(market: Market, stressed: StressedMarket) -> None:
    other, first = stressed.market, stressed.first
    same = (
        other.symbols == market.symbols
        and np.array_equal(other.ts, market.ts)
        and np.array_equal(other.close[:first], market.close[:first], equal_nan=True)
    )
    if not same or not 1 <= first <= stressed.last < len(market):
        raise InputError(f"stress: {plain(stressed.name, 60)} was made of another market")
