"""Maximum Sharpe ratio: the most expected return above cash for a unit of volatility."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio._least_cost import UNSOLVED, Budgeted, crossing, programme
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible

Floats = NDArray[np.float64]
CLOSE = 1e-11
SEARCH = 100
FIRST = 0.1
"""Where the search begins: a risk tolerance in units of variance over return of one asset."""
FARTHEST = 1e6
"""In the same units: beyond it only return counts, and if that is not above cash, nothing is."""
NEAREST = 1e-9
"""In the same units: a return without risk is the best there is."""


class MaximumSharpe(Optimizer):
    """Maximises w'e / √(w'Σw), with e the expected returns above the risk-free rate.

    Turnover is a constraint of the problem itself.

    The answer is on the efficient frontier, at the risk tolerance λ = variance / expected return of its own weights; there
    variance − λ × return crosses zero. That function is almost a straight line in λ, so a few quadratic programmes
    find it.
    """

    name = "max_sharpe"
    uses_returns = True
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """The weights of the highest Sharpe ratio; there are none where nothing is expected to earn more than cash."""
        excess = problem.expected_returns - problem.risk_free
        made = programme(problem, problem.covariance, limits)
        if isinstance(made, Infeasible):
            return made

        def at(tolerance: float) -> Floats | None:
            absolute = made.minimise(-tolerance * excess * problem.side)
            return None if absolute is None else absolute * problem.side

        return tangent(at, problem.covariance, excess)

    def propose_within(self, problem: Problem, limits: Limits, weights: Floats, budget: float) -> Floats | None:
        """The weights of the highest Sharpe ratio that trade at most `budget`."""
        excess = problem.expected_returns - problem.risk_free

        budgeted = Budgeted(problem, problem.covariance, limits, weights, budget)

        def at(tolerance: float) -> Floats | None:
            return budgeted.minimise(-tolerance * excess)

        found = tangent(at, problem.covariance, excess)
        return None if isinstance(found, Infeasible) else found


def tangent(at: Callable[[float], Floats | None], covariance: Floats, excess: Floats) -> Floats | Infeasible:
    """The point of a frontier with the highest ratio of expected excess return to volatility.

    `at(λ)` gives the weights that minimise ½ variance − λ × return, None where there are none.
    """
    nothing = Infeasible("no weights within the limits are expected to earn more than cash")
    size = float(np.mean(np.diagonal(covariance))), float(np.abs(excess).max())
    if size[0] <= 0 or size[1] <= 0:
        return nothing
    unit = size[0] / size[1]
    low, high, here = 0.0, np.inf, FIRST * unit
    before: tuple[float, float] | None = None
    weights: Floats | None = None
    for step in range(SEARCH):
        weights = at(here)
        if weights is None:
            return Infeasible(UNSOLVED)
        variance, earned = float(weights @ covariance @ weights), float(weights @ excess)
        gap = variance - here * earned
        if abs(gap) <= CLOSE * variance or (gap > 0 and high - here <= CLOSE * here):
            return weights
        low, high = (here, high) if gap > 0 else (low, here)
        if here > FARTHEST * unit:
            return nothing
        if high < NEAREST * unit:
            return weights
        before, here = (here, gap), crossing(before, (here, gap), low, high, halve=step % 8 == 7)
    return weights if weights is not None else nothing
