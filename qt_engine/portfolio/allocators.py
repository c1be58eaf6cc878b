"""Several strategies in one book: how much of the equity each of them is given, and the targets that come of it.

A strategy in a book is a `Sleeve`: its plan of targets, and the equity it had when it ran alone. Shares are decided
on a schedule of their own, from the sleeves' returns up to that bar; in between they drift as the sleeves earn, so
that where one strategy rebalances only its own part of the book is traded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.portfolio._risk_parity import equal_contributions
from qt_engine.portfolio.covariance import ledoit_wolf
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.rebalancing import Calendar, EveryBars, drifted_between
from qt_engine.strategies.plan import Fallback, Plan, Risk
from qt_engine.strategies.quantisation import quantise

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]


@dataclass(frozen=True)
class Sleeve:
    """One strategy of a book.

    Attributes
    ----------
    name
        As records call it.
    symbols
        The columns of the plan's targets; all of them are symbols of the book's market.
    plan
        Of kind `portfolio`, on the bars of the book's market.
    equity
        float64 `(T,)`, above 0: what it was worth at the close of every bar when it ran alone.
    """

    name: str
    symbols: tuple[str, ...]
    plan: Plan
    equity: Floats


class Allocator(ABC):
    """Divides the equity among sleeves."""

    @abstractmethod
    def shares(self, equity: Floats) -> Floats | Infeasible:
        """Shares float64 `(k,)`, at least 0, from the equity of the sleeves so far.

        Parameters
        ----------
        equity
            float64 `(bars, k)`; the last row is that of the bar at whose close the shares are decided.
        """


@dataclass(frozen=True)
class FixedShares(Allocator):
    """The same shares whenever it is asked; what they leave of 1 is cash."""

    given: tuple[float, ...]

    def shares(self, equity: Floats) -> Floats | Infeasible:
        """As given.

        Raises
        ------
        InputError
            If there is not one share, at least 0, for each sleeve.
        """
        shares = np.array(self.given, np.float64)
        if shares.shape != equity.shape[1:] or not (np.isfinite(shares).all() and (shares >= 0).all()):
            raise InputError(f"allocation: {equity.shape[1]} shares of at least 0 are needed, not {self.given}")
        return shares


@dataclass(frozen=True)
class InverseVolatilityShares(Allocator):
    """In proportion to 1 / volatility of the last `window` returns; they sum to `total`."""

    window: int = 63
    total: float = 1.0

    def shares(self, equity: Floats) -> Floats | Infeasible:
        """1 / σ; a sleeve that never moved has no such share."""
        returns = _returns(equity, self.window)
        if isinstance(returns, Infeasible):
            return returns
        volatility = returns.std(axis=0, ddof=1)
        if not (volatility > 0).all():
            return Infeasible(f"sleeve {int(np.argmin(volatility))} has a volatility of 0 in the window")
        inverse = 1 / volatility
        shares: Floats = self.total * inverse / inverse.sum()
        return shares


@dataclass(frozen=True)
class RiskBudgetShares(Allocator):
    """Each sleeve contributes its part of `budgets` to the variance of the last `window` returns (Ledoit–Wolf); sum `total`."""

    budgets: tuple[float, ...]
    window: int = 252
    total: float = 1.0

    def shares(self, equity: Floats) -> Floats | Infeasible:
        """Shares whose contributions to the risk are in proportion to the budgets.

        Raises
        ------
        InputError
            If there is not one budget above 0 for each sleeve.
        """
        budget = np.array(self.budgets, np.float64)
        if budget.shape != equity.shape[1:] or not (np.isfinite(budget).all() and (budget > 0).all()):
            raise InputError(f"allocation: {equity.shape[1]} budgets above 0 are needed, not {self.budgets}")
        returns = _returns(equity, self.window)
        if isinstance(returns, Infeasible):
            return returns
        volatility = returns.std(axis=0)
        if not (volatility > 0).all():
            return Infeasible(f"sleeve {int(np.argmin(volatility))} has a volatility of 0 in the window")
        covariance = ledoit_wolf(returns / volatility)
        found = equal_contributions(covariance, budget)
        if found is None:
            return Infeasible("no shares with these risk contributions were found")
        scaled = found / volatility
        shares: Floats = self.total * scaled / scaled.sum()
        return shares


@dataclass(frozen=True)
class Book:
    """`plan` on the market's symbols, and `shares` float64 `(R, k)` of the sleeves at each of its rebalances."""

    plan: Plan
    shares: Floats


def combine(
    sleeves: Sequence[Sleeve], allocator: Allocator, market: Market, schedule: Calendar | EveryBars | None = None
) -> Book:
    """One plan of targets for several strategies.

    It decides wherever one of them does, and wherever shares are decided (default: every month). Before there are
    enough returns, or where the allocator has no solution, sleeves keep the shares they have (at first equal ones),
    and the plan's fallbacks say why. Decisions at a bar depend on bars up to it only.

    Parameters
    ----------
    market
        All symbols of all sleeves, on the bars that their plans were made for.

    Raises
    ------
    InputError
        If a sleeve is of kind `rules` (it has no weights), misses a symbol in the market, or has another number of
        bars.
    """
    columns = [_columns(sleeve, market) for sleeve in sleeves]
    if not sleeves:
        raise InputError("allocation: a book needs at least one strategy")
    equity = np.column_stack([sleeve.equity for sleeve in sleeves])
    decided = (schedule or Calendar("month")).bars(market)
    bars = np.unique(np.concatenate([decided, *(sleeve.plan.rebalance for sleeve in sleeves)])).astype(np.int64)
    target = np.zeros((len(bars), len(market.symbols)))
    shares = np.zeros((len(bars), len(sleeves)))
    fallbacks: list[Fallback] = []
    asked = set(decided.tolist())
    now, since = np.full(len(sleeves), 1.0 / len(sleeves)), int(bars[0]) if len(bars) else 0
    for row, bar in enumerate(bars.tolist()):
        now, since = _drifted_shares(now, equity[bar] / equity[since]), bar
        if bar in asked:
            answer = allocator.shares(equity[: bar + 1])
            if isinstance(answer, Infeasible):
                fallbacks.append(Fallback(bar, type(allocator).__name__, answer.reason, "the shares held"))
            else:
                now = answer
        shares[row] = now
        for share, sleeve, at in zip(now.tolist(), sleeves, columns, strict=True):
            target[row] += share * _weights(sleeve, at, market, bar)
    target = quantise(target)
    gross = max(1.0, float(np.abs(target).sum(axis=1).max(initial=0.0)))
    return Book(Plan.of_targets(bars, target, risk=Risk(max_gross=gross), fallbacks=tuple(fallbacks)), shares)


def _columns(sleeve: Sleeve, market: Market) -> NDArray[np.intp]:
    if sleeve.plan.kind != "portfolio":
        raise InputError(f"allocation: strategy {sleeve.name} is of kind {sleeve.plan.kind} and has no target weights")
    place = {symbol: column for column, symbol in enumerate(market.symbols)}
    missing = [symbol for symbol in sleeve.symbols if symbol not in place]
    if missing:
        raise InputError(f"allocation: the market has no {missing[0]}, which strategy {sleeve.name} holds")
    if sleeve.equity.shape != (len(market),) or not (np.isfinite(sleeve.equity).all() and (sleeve.equity > 0).all()):
        raise InputError(f"allocation: strategy {sleeve.name} needs an equity above 0 for each of {len(market)} bars")
    if sleeve.plan.target.shape[1] != len(sleeve.symbols):
        raise InputError(f"allocation: the plan of {sleeve.name} is not one of {len(sleeve.symbols)} symbols")
    return np.array([place[symbol] for symbol in sleeve.symbols], np.intp)


def _weights(sleeve: Sleeve, columns: NDArray[np.intp], market: Market, bar: int) -> Floats:
    """What the sleeve holds of its own equity at the close of a bar: float64 `(A,)`."""
    out = np.zeros(len(market.symbols))
    row = int(np.searchsorted(sleeve.plan.rebalance, bar, side="right")) - 1
    if row < 0:
        return out
    out[columns] = sleeve.plan.target[row]
    return drifted_between(out, market, int(sleeve.plan.rebalance[row]), bar)


def _drifted_shares(shares: Floats, growth: Floats) -> Floats:
    value = shares * growth
    whole = 1.0 + float(np.sum(value - shares))
    return value / whole if whole > 0 else shares


def _returns(equity: Floats, window: int) -> Floats | Infeasible:
    if len(equity) <= window or window < 2:
        return Infeasible(f"{len(equity) - 1} of {window} returns are known")
    last = equity[-window - 1 :]
    return last[1:] / last[:-1] - 1.0
