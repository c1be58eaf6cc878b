"""Floor 5: from chosen assets to weights: optimizers, covariance, constraints, rebalancing, allocators.

`Optimizer` explains the protocol; `qt_engine.testing.optimizers` tests an implementation.
"""

from qt_engine.portfolio._base import Optimizer, Problem, Weights
from qt_engine.portfolio.constraints import Book, Limits, Sector
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.registry import optimizer, optimizer_names

__all__ = ["Book", "Infeasible", "Limits", "Optimizer", "Problem", "Sector", "Weights", "optimizer", "optimizer_names"]
