"""`Optimizer`: how an allocation problem becomes weights, and the values that go in and come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio.constraints import Limits, broken, limits_of
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.turnover import move_towards, traded
from qt_engine.strategies.quantisation import quantise
from qt_engine.strategies.selection import ConstraintsSetting

Floats = NDArray[np.float64]


def _nothing() -> Floats:
    return np.empty(0)


def _no_table() -> Floats:
    return np.empty((0, 0))


@dataclass(frozen=True)
class Problem:
    """One decision: how to weight `n` assets from what is known at the close of one bar.

    Attributes
    ----------
    symbols
        The assets; reasons name them.
    side
        int8 `(n,)`: +1 may be held long, -1 short, 0 is to be left. The sign of a weight is that of its side.
    constraints
        Bounds of the weights; their sectors are told by `sectors` below, not by column indices.
    previous
        float64 `(n,)`: signed weights held now, before the decision.
    sectors
        The sector of each asset, "" where it has none (then `max_sector` does not bind it). Empty: no sectors.
    returns
        float64 `(n_obs, n)`: simple returns per bar, oldest first, for methods that use them. No NaN on chosen assets.
    covariance, expected_returns
        float64 `(n, n)` and `(n,)`, per bar, of the returns.
    risk_free
        Return of cash per bar.
    signal
        float64 `(n,)`: signed weights as the strategy gives them, for `signal`.
    views
        float64 `(n,)`: expected return of each asset per bar, NaN where there is no view, for `black_litterman`.
    confidence
        How far the views are believed; a fraction in (0, 1).
    """

    symbols: tuple[str, ...]
    side: NDArray[np.int8]
    constraints: ConstraintsSetting = field(default_factory=ConstraintsSetting)
    previous: Floats = field(default_factory=_nothing)
    sectors: tuple[str, ...] = ()
    returns: Floats = field(default_factory=_no_table)
    covariance: Floats = field(default_factory=_no_table)
    expected_returns: Floats = field(default_factory=_nothing)
    risk_free: float = 0.0
    signal: Floats = field(default_factory=_nothing)
    views: Floats = field(default_factory=_nothing)
    confidence: float = 0.5

    def held(self) -> Floats:
        """float64 `(n,)`: `previous`, zeros where it was not given."""
        return self.previous if self.previous.size else np.zeros(len(self.symbols))

    def chosen(self) -> Problem:
        """The same problem on the assets with a side, in the same order."""
        keep = np.flatnonzero(self.side)
        if len(keep) == len(self.symbols):
            return self
        return replace(
            self,
            symbols=tuple(self.symbols[i] for i in keep),
            side=self.side[keep],
            previous=self.held()[keep],
            sectors=tuple(self.sectors[i] for i in keep) if self.sectors else (),
            returns=self.returns[:, keep] if self.returns.size else self.returns,
            covariance=self.covariance[np.ix_(keep, keep)] if self.covariance.size else self.covariance,
            expected_returns=_some(self.expected_returns, keep),
            signal=_some(self.signal, keep),
            views=_some(self.views, keep),
        )


@dataclass(frozen=True)
class Weights:
    """A solution: float64 `(n,)`, signed fractions of equity, multiples of 1e-6, never NaN or infinite."""

    values: Floats


class Optimizer(ABC):
    """Turns a `Problem` into `Weights`, or says in words why it cannot.

    Callers use `optimize`, which never raises over a problem: contradictory constraints, degenerate covariances and
    solvers that give up are `Infeasible` values. Authors write `propose`, which sees only chosen assets, after the
    constraints were found to have a solution; what it returns is checked, quantised and never NaN. An optimizer keeps
    no state between problems: the same problem has the same answer in every process, and reordering its assets reorders
    the answer.

    Optimizers of a plug-in are found by the entry point group `qt.optimizers` (see `qt_engine.portfolio.registry`)
    and are tested by subclassing `qt_engine.testing.optimizers.OptimizerContract`.

    Attributes
    ----------
    name
        As strategies call it: short, lower case.
    uses_returns, uses_covariance
        What of the problem is read; a caller need not work out what is not (expected returns come with `uses_returns`).
    fills_gross
        Whether the absolute weights sum to `gross`. If not, `gross` is an upper bound.
    """

    name: ClassVar[str]
    uses_returns: ClassVar[bool] = False
    uses_covariance: ClassVar[bool] = False
    fills_gross: ClassVar[bool] = True

    @abstractmethod
    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """Signed weights float64 `(n,)` of assets that all have a side, within `limits`; turnover does not count yet."""

    def propose_within(self, problem: Problem, limits: Limits, weights: Floats, budget: float) -> Floats | None:
        """The best weights that trade at most `budget` away from `problem.previous`, for methods that can say them.

        Called where `weights`, the answer of `propose`, trades more. None (also the default): the answer is
        approached part of the way instead.
        """
        return None

    def optimize(self, problem: Problem) -> Weights | Infeasible:
        """The weights of the problem, or why there are none."""
        flaw = self._flaw(problem)
        if flaw:
            return Infeasible(flaw)
        chosen, values = problem.chosen(), np.zeros(len(problem.symbols))
        keep = np.flatnonzero(problem.side)
        if len(keep):
            limits = limits_of(
                chosen.symbols, chosen.side, chosen.sectors, chosen.constraints, fills_gross=self.fills_gross
            )
            if isinstance(limits, Infeasible):
                return limits
            proposal = self.propose(chosen, limits)
            if isinstance(proposal, Infeasible):
                return proposal
            fault = broken(proposal, chosen.side, limits)
            if fault:
                return Infeasible(f"{self.name}: {fault}")
            values[keep] = self._affordable(problem, chosen, limits, proposal, keep)
        most = problem.constraints.max_turnover
        if most is not None:
            values = move_towards(values, problem.held(), most)
        return Weights(quantise(values))

    def _affordable(
        self, problem: Problem, chosen: Problem, limits: Limits, proposal: Floats, keep: NDArray[np.intp]
    ) -> Floats:
        most = problem.constraints.max_turnover
        if most is None:
            return proposal
        held = problem.held()
        budget = most - (traded(np.zeros_like(held), held) - float(np.sum(np.abs(held[keep]))))
        if budget <= 0 or traded(proposal, held[keep]) <= budget:
            return proposal
        better = self.propose_within(replace(chosen, previous=held[keep]), limits, proposal, budget)
        return proposal if better is None or broken(better, chosen.side, limits) else better

    def _flaw(self, problem: Problem) -> str | None:
        """What of the problem is not usable, in words."""
        keep = np.flatnonzero(problem.side)
        read: list[tuple[str, Floats]] = [("previous weights", problem.previous)]
        if self.uses_returns:
            read += [
                ("returns", problem.returns[:, keep] if problem.returns.size else problem.returns),
                ("expected returns", _some(problem.expected_returns, keep)),
            ]
        if self.uses_covariance:
            n = len(problem.symbols)
            if problem.covariance.shape != (n, n):
                return f"{self.name} needs a covariance of {n} × {n} assets, not {problem.covariance.shape}"
            read.append(("covariance", problem.covariance[np.ix_(keep, keep)]))
        for name, values in read:
            if not np.isfinite(values).all():
                return f"{name} must be finite numbers"
        return None


def _some(values: Floats, keep: NDArray[np.intp]) -> Floats:
    return values[keep] if values.size else values
