"""Equal weight: the same for every chosen asset of a side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion


class EqualWeight(Optimizer):
    """Every chosen asset of a side has the same weight; where a sector is capped, its assets share the cap."""

    name = "equal"

    def propose(self, problem: Problem, limits: Limits) -> NDArray[np.float64] | Infeasible:
        """Equal shares, fitted to the limits."""
        return in_proportion(np.ones(len(problem.symbols)), problem.side, limits)
