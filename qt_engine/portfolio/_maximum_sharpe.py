"""Maximum Sharpe ratio: the most expected return above cash for a unit of volatility."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio._least_cost import UNSOLVED, Budgeted, programme
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible

Floats = NDArray[np.float64]
CLOSE = 1e-11
DOUBLINGS = 60
SEARCH = 80


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

    def gap(weights: Floats, tolerance: float) -> tuple[float, float]:
        variance, earned = float(weights @ covariance @ weights), float(weights @ excess)
        return variance - tolerance * earned, variance

    low, weights = 0.0, at(0.0)
    if weights is None:
        return Infeasible(UNSOLVED)
    above, variance = gap(weights, 0.0)
    if variance <= 0:
        return weights if float(weights @ excess) > 0 else nothing
    earned = float(weights @ excess)
    high = variance / earned if earned > 0 else float(np.mean(np.diagonal(covariance))) / (np.abs(excess).max() or 1.0)
    for _ in range(DOUBLINGS):
        weights = at(high)
        if weights is None:
            return Infeasible(UNSOLVED)
        below, variance = gap(weights, high)
        if below <= CLOSE * variance:
            break
        low, above, high = high, below, high * 2
    else:
        return nothing
    for step in range(SEARCH):
        if abs(below) <= CLOSE * variance:
            break
        middle = low + (high - low) * above / (above - below)
        if step % 5 == 4 or not low < middle < high:
            middle = (low + high) / 2
        if not low < middle < high:
            break
        weights = at(middle)
        if weights is None:
            return Infeasible(UNSOLVED)
        found, variance = gap(weights, middle)
        if found > 0:
            low, above = middle, found
            if found <= CLOSE * variance:
                break
        else:
            high, below = middle, found
    return weights
