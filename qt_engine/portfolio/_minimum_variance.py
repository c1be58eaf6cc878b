"""Minimum variance: the weights of least variance that the constraints allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio._least_cost import least_cost, least_cost_within
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible


class MinimumVariance(Optimizer):
    """Minimises w'Σw. Turnover is a constraint of the problem itself."""

    name = "min_variance"
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> NDArray[np.float64] | Infeasible:
        """The weights of least variance."""
        return least_cost(problem, problem.covariance, np.zeros(len(problem.symbols)), limits)

    def propose_within(
        self, problem: Problem, limits: Limits, weights: NDArray[np.float64], budget: float
    ) -> NDArray[np.float64] | None:
        """The weights of least variance that trade at most `budget`."""
        return least_cost_within(problem, problem.covariance, np.zeros(len(problem.symbols)), limits, weights, budget)
