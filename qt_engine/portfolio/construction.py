"""From a selection to target weights: one allocation problem a rebalance, each from the bars up to it.

Row by row, so that cutting off the future changes no earlier row. Where a problem has no solution the strategy's
fallback takes its place and the record says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.portfolio._base import Floats, Optimizer, Problem, Weights
from qt_engine.portfolio.constraints import SLACK
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.one_thread import one_thread
from qt_engine.portfolio.rebalancing import drifted_between
from qt_engine.portfolio.registry import optimizer
from qt_engine.portfolio.windows import window_of
from qt_engine.strategies.plan import Fallback
from qt_engine.strategies.quantisation import quantise
from qt_engine.strategies.selection import Selection

Progress = Callable[[float], None]
NAMED = 5
"""How many left-out assets a record names."""


@dataclass(frozen=True)
class Construction:
    """Targets of a selection.

    Attributes
    ----------
    target
        float64 `(R, A)`: signed fractions of equity, multiples of 1e-6; 0 is to be left.
    fallbacks
        What had no solution, or not on all assets, in the order of the bars.
    held
        bool `(R,)`: rebalances at which nothing is to be traded (fallback `hold`); their row is what is held then.
    """

    target: Floats
    fallbacks: tuple[Fallback, ...]
    held: NDArray[np.bool_]


def construct(selection: Selection, market: Market, progress: Progress | None = None) -> Construction:
    """The target weights of every rebalance of a selection.

    Parameters
    ----------
    progress
        Called with the share that is done after each rebalance; what it raises (`CancelledError`) ends the work.
    """
    quick = _equal_at_once(selection)
    if quick is not None:
        if progress is not None:
            progress(1.0)
        return Construction(quick, (), np.zeros(len(selection.bars), bool))
    with one_thread():
        return _Builder(selection, market).build(progress)


def _equal_at_once(selection: Selection) -> Floats | None:
    """Equal weights of all rows at once; None where rows need a look of their own."""
    setting = selection.constraints
    if selection.weights.method != "equal" or setting.max_turnover is not None or setting.max_sector is not None:
        return None
    side = selection.side
    longs, shorts = np.count_nonzero(side > 0, axis=1), np.count_nonzero(side < 0, axis=1)
    if setting.long_only and shorts.any():
        return None
    gross = np.where(longs + shorts > 0, setting.gross, 0.0)
    if setting.net is None:
        net = np.where((longs > 0) & (shorts > 0), 0.0, np.where(longs > 0, gross, -gross))
    else:
        net = np.where(gross > 0, setting.net, 0.0)
    low = 0.0 if setting.min_weight is None else setting.min_weight
    high = setting.gross if setting.max_weight is None else setting.max_weight
    weights = np.empty((2, len(side)))
    for row, (count, total) in enumerate(((longs, (gross + net) / 2), (shorts, (gross - net) / 2))):
        weights[row] = total / np.maximum(count, 1)
        used = weights[row][count > 0]
        if (total[count == 0] > SLACK).any() or not ((used >= low - SLACK) & (used <= high + SLACK)).all():
            return None
    long, short = quantise(weights)
    if not shorts.any():
        one_side: Floats = side * long[:, None]
        return one_side
    return np.where(side > 0, long[:, None], np.where(side < 0, -short[:, None], 0.0))


class _Builder:
    """The walk over the rebalances; what it carries from one to the next is the last target that was traded."""

    def __init__(self, selection: Selection, market: Market) -> None:
        self.selection, self.market = selection, market
        self.setting = selection.weights
        self.method = optimizer(self.setting.method)
        self.sectors = _sector_names(selection, len(market.symbols))
        self.fallbacks: list[Fallback] = []
        self.last: tuple[int, Floats] | None = None

    def build(self, progress: Progress | None) -> Construction:
        bars = self.selection.bars
        target = np.zeros((len(bars), len(self.market.symbols)))
        held = np.zeros(len(bars), bool)
        for row, bar in enumerate(bars.tolist()):
            weights = self._decide(row, bar)
            if weights is None:
                held[row] = True
                target[row] = self._previous(bar)
            else:
                target[row] = weights
                self.last = (bar, weights)
            if progress is not None:
                progress((row + 1) / len(bars))
        return Construction(target, tuple(self.fallbacks), held)

    def _previous(self, bar: int) -> Floats:
        if self.last is None:
            return np.zeros(len(self.market.symbols))
        return quantise(drifted_between(self.last[1], self.market, self.last[0], bar))

    def _decide(self, row: int, bar: int) -> Floats | None:
        """Weights `(A,)`, or None to hold."""
        answer = self._solve(self.method, row, bar)
        if isinstance(answer, Weights):
            return answer.values
        return self._fall_back(answer.reason, row, bar)

    def _fall_back(self, reason: str, row: int, bar: int) -> Floats | None:
        used: str = self.setting.fallback
        weights: Floats | None = None
        if used == "cash":
            weights = np.zeros(len(self.market.symbols))
        elif used != "hold":
            second = self._solve(optimizer(used), row, bar)
            if isinstance(second, Weights):
                weights = second.values
            else:
                reason, used = f"{reason}; {used}: {second.reason}", "hold"
        self.fallbacks.append(Fallback(bar, self.setting.method, reason, used))
        return weights

    def _solve(self, method: Optimizer, row: int, bar: int) -> Weights | Infeasible:
        side = self.selection.side[row]
        previous = self._previous(bar)
        assets = np.flatnonzero((side != 0) | (previous != 0))
        chosen = np.flatnonzero(side)
        problem = Problem(
            symbols=tuple(self.market.symbols[i] for i in assets),
            side=side[assets],
            constraints=self.selection.constraints,
            previous=previous[assets],
            sectors=tuple(self.sectors[i] for i in assets) if self.sectors else (),
            signal=_row(self.selection.signal, row, assets),
            views=_row(self.selection.views, row, assets),
            confidence=self.setting.confidence,
        )
        if len(chosen) and (method.uses_returns or method.uses_covariance):
            described = self._described(method, problem, bar, assets, chosen)
            if isinstance(described, Infeasible):
                return described
            problem = described
        answer = method.optimize(problem)
        if isinstance(answer, Infeasible):
            return answer
        out = np.zeros(len(self.market.symbols))
        out[assets] = answer.values
        return Weights(out)

    def _described(
        self, method: Optimizer, problem: Problem, bar: int, assets: NDArray[np.intp], chosen: NDArray[np.intp]
    ) -> Problem | Infeasible:
        """The problem with its returns and covariance, on those chosen assets that have them."""
        window = window_of(self.market, bar, chosen, self.setting.window)
        missing = len(window.left_out)
        if missing:
            if bar < self.setting.window:
                return Infeasible(f"{bar} of {self.setting.window} returns are known")
            names = ", ".join(self.market.symbols[i] for i in window.left_out[:NAMED]) + " …" * (missing > NAMED)
            reason = f"{missing} of {len(chosen)} chosen assets without {self.setting.window} whole returns: {names}"
            if missing == len(chosen):
                return Infeasible(reason)
            self.fallbacks.append(Fallback(bar, method.name, reason, "the others"))
        place = np.searchsorted(assets, window.assets)
        n = len(assets)
        side = np.zeros(n, np.int8)
        side[place] = problem.side[place]
        problem = replace(problem, side=side)
        if method.uses_returns:
            returns, expected = np.zeros((len(window.returns), n)), np.zeros(n)
            returns[:, place] = window.returns
            expected[place] = window.returns.mean(axis=0)
            problem = replace(problem, returns=returns, expected_returns=expected)
        if method.uses_covariance:
            from qt_engine.portfolio.covariance import estimate

            covariance = np.zeros((n, n))
            covariance[np.ix_(place, place)] = estimate(window.returns, self.setting)
            problem = replace(problem, covariance=covariance)
        return problem


def _sector_names(selection: Selection, assets: int) -> tuple[str, ...]:
    names = [""] * assets
    for name, members in selection.constraints.sectors:
        for asset in members:
            names[asset] = name
    return tuple(names) if selection.constraints.sectors else ()


def _row(table: Floats, row: int, assets: NDArray[np.intp]) -> Floats:
    return table[row, assets] if table.size else np.empty(0)
