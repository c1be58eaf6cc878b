"""The weights of least ½ w'Σw + c'w within limits, with or without a turnover.

Minimum variance, maximum Sharpe and Black–Litterman are that with different costs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion
from qt_engine.portfolio.quadratic import QuadraticProgramme, vertex
from qt_engine.portfolio.turnover import traded

Floats = NDArray[np.float64]
UNSOLVED = "the solver found no end; the covariance is too badly conditioned"
SEARCH = 100
CLOSE = 1e-9
"""By how much more or less than the budget may be traded."""
DEAREST = 1e6
"""A price of a trade, in units of the largest gradient, beyond which the least that can be traded is traded."""


def programme(problem: Problem, covariance: Floats, limits: Limits) -> QuadraticProgramme | Infeasible:
    """The quadratic programme in absolute weights, standing at a vertex of the limits."""
    if not (np.diagonal(covariance) >= 0).all():
        return Infeasible("the covariance has a negative variance")
    side = problem.side.astype(np.float64)
    start = vertex(np.diagonal(covariance), limits)
    if start is None:
        middle = in_proportion(np.ones(len(side)), problem.side, limits)
        if isinstance(middle, Infeasible):
            return middle
        start = middle * side
    return QuadraticProgramme(covariance * np.outer(side, side), limits, start)


def least_cost(problem: Problem, covariance: Floats, cost: Floats, limits: Limits) -> Floats | Infeasible:
    """Signed weights float64 `(n,)` that minimise ½ w'Σw + cost'w within the limits."""
    made = programme(problem, covariance, limits)
    if isinstance(made, Infeasible):
        return made
    absolute = made.minimise(cost * problem.side)
    if absolute is None:
        return Infeasible(UNSOLVED)
    signed: Floats = absolute * problem.side
    return signed


def least_cost_within(
    problem: Problem, covariance: Floats, cost: Floats, limits: Limits, weights: Floats, budget: float
) -> Floats | None:
    """The same, trading at most `budget` away from `problem.previous`; None where the limits need more than that."""
    return Budgeted(problem, covariance, limits, weights, budget).minimise(cost)


class Budgeted:
    """Least costs with at most `budget` traded away from `problem.previous`, for one or more costs.

    The price of a trade at which just the budget is traded is searched: what is traded falls with it, continuously
    and in straight pieces. `weights` is a point within the limits.
    """

    def __init__(self, problem: Problem, covariance: Floats, limits: Limits, weights: Floats, budget: float) -> None:
        self.side = problem.side.astype(np.float64)
        self.kink = problem.held() * self.side
        self.covariance, self.weights, self.budget = covariance, weights, budget
        self.programme = QuadraticProgramme(
            covariance * np.outer(self.side, self.side), limits, weights * self.side, self.kink
        )
        self.price = 0.0

    def minimise(self, cost: Floats) -> Floats | None:
        """Signed weights float64 `(n,)`; None where no price is high enough, because the limits force more trades."""
        # At the solution without a budget the gradient may be next to nothing; at what is held it tells what a trade gains.
        points = (self.weights, self.kink * self.side)
        most = max(float(np.abs(self.covariance @ point + cost).max()) for point in points)
        most = most or float(np.mean(np.diagonal(self.covariance)))
        price = self.price or most
        low = high = above = below = 0.0
        answer: Floats | None = None
        for step in range(SEARCH):
            absolute = self.programme.minimise(cost * self.side, price)
            if absolute is None:
                return None
            excess = traded(absolute, self.kink) - self.budget - CLOSE
            if excess > 0:
                low, above = price, excess
            else:
                high, below, answer, self.price = price, excess, absolute, price
            if answer is not None and (below > -2 * CLOSE or high <= 1e-9 * most):
                break
            if answer is None:
                if price > DEAREST * most:
                    return None
                price *= 4
            elif low == 0:
                price /= 4
            else:
                price = _between(low, above, high, below, halve=step % 4 == 3)
        return None if answer is None else answer * self.side


def _between(low: float, above: float, high: float, below: float, *, halve: bool) -> float:
    return (low + high) / 2 if halve else low + (high - low) * above / (above - below)
