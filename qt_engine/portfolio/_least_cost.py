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
from qt_engine.portfolio.quadratic import QuadraticProgramme
from qt_engine.portfolio.turnover import traded
from qt_engine.portfolio.vertices import vertex

Floats = NDArray[np.float64]
UNSOLVED = "the solver found no end; the covariance is too badly conditioned"
SEARCH = 100
CLOSE = 1e-9
"""By how much more or less than the budget may be traded."""
CHEAPEST, DEAREST = 1e-9, 1e6
"""Prices of a trade, in units of the largest gradient: below, it counts for nothing; above, the least is traded that can be."""


def programme(problem: Problem, covariance: Floats, limits: Limits) -> QuadraticProgramme | Infeasible:
    """The quadratic programme in absolute weights, standing at a vertex of the limits."""
    if not (np.diagonal(covariance) >= 0).all():
        return Infeasible("the covariance has a negative variance")
    side = problem.side.astype(np.float64)
    start = vertex(np.diagonal(covariance), limits)
    if start is None:
        return Infeasible("the constraints leave no room")
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
            covariance * np.outer(self.side, self.side), limits, self._start(problem, limits), self.kink
        )
        self.price = 0.0

    def _start(self, problem: Problem, limits: Limits) -> Floats:
        """A point within the limits next to what is held: at a high price, most assets stay where they are."""
        near = in_proportion(np.maximum(self.kink, 0.0), problem.side, limits)
        if isinstance(near, Infeasible):
            return self.weights * self.side
        start: Floats = near * self.side
        return np.where(np.abs(start - self.kink) < 1e-12, self.kink, start)

    def minimise(self, cost: Floats) -> Floats | None:
        """Signed weights float64 `(n,)`; None where no price is high enough, because the limits force more trades."""
        # At the solution without a budget the gradient may be next to nothing; at what is held it tells what a trade
        # gains.
        points = (self.weights, self.kink * self.side)
        most = max(float(np.abs(self.covariance @ point + cost).max()) for point in points)
        most = most or float(np.mean(np.diagonal(self.covariance)))
        price = self.price or most
        low, high = 0.0, np.inf
        before: tuple[float, float] | None = None
        answer: Floats | None = None
        for step in range(SEARCH):
            absolute = self.programme.minimise(cost * self.side, price)
            if absolute is None:
                return None
            excess = traded(absolute, self.kink) - self.budget - CLOSE
            if excess > 0:
                low = price
            else:
                high, answer, self.price = price, absolute, price
            met = -2 * CLOSE < excess <= 0 or high <= CHEAPEST * most or high - low <= 1e-13 * price
            if answer is not None and met:
                break
            if answer is None and price > DEAREST * most:
                return None
            before, price = (price, excess), crossing(before, (price, excess), low, high, halve=step % 8 == 7)
        return None if answer is None else answer * self.side


def crossing(
    before: tuple[float, float] | None, here: tuple[float, float], low: float, high: float, *, halve: bool
) -> float:
    """Where a function that falls crosses zero, as the straight line through the last two points of it says.

    `low` and `high` are the last places known to be above and below (0 and infinite where there is none yet); the
    answer is between them.
    """
    if before is None:
        return here[0] * (1.5 if here[1] > 0 else 0.7)
    fall = before[1] - here[1]
    line = here[0] + here[1] * (here[0] - before[0]) / fall if fall != 0 else np.inf
    if high == np.inf:
        return min(line, 4 * here[0]) if line > here[0] else 4 * here[0]
    if low == 0:
        return max(line, here[0] / 4) if line < here[0] else here[0] / 4
    return line if low < line < high and not halve else (low + high) / 2
