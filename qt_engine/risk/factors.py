"""How assets move with the market, their sector and volatility: betas from returns, and what a shock of factors does.

Everything is in log returns, so that a shock composes over bars and no price falls below zero: an asset with a beta of 2
loses 1 - 0.6² = 64 % where the market loses 40 %. Sources: Sharpe, "A simplified model for portfolio analysis", Management
Science 9(2), 1963 (the regression); Kupiec, "Stress testing in a value at risk framework", Journal of Derivatives 6(1), 1998
(moving the other factors by what the shocked ones imply).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain
from qt_engine.data.market import Market
from qt_engine.risk._arrays import Floats, number, whole

MARKET, VOLATILITY, SECTOR = "market", "volatility", "sector:"


@dataclass(frozen=True)
class FactorReturns:
    """Log changes of factors: `values` float64 `(T, F)`, row `t` from bar `t - 1` to bar `t`; NaN where not known."""

    names: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class FactorModel:
    """What a regression on factors found.

    Attributes
    ----------
    symbols, factors
        Names of rows and columns of `betas`.
    betas
        float64 `(A, F)`; 0 where an asset was not regressed on a factor (another sector).
    residual_volatility, r_squared
        float64 `(A,)`: standard deviation of what the factors leave, a period; share of the variance that they explain.
    observations
        int64 `(A,)`.
    covariance
        float64 `(F, F)` of the factors.
    """

    symbols: tuple[str, ...]
    factors: tuple[str, ...]
    betas: Floats
    residual_volatility: Floats
    r_squared: Floats
    observations: np.ndarray
    covariance: Floats

    def shocks(self, moves: Mapping[str, float], *, propagate: bool = False) -> Floats:
        """Simple return of each asset when factors move.

        Parameters
        ----------
        moves
            Simple move of each factor, above -1; see `FactorShock`.
        propagate
            Whether factors that are not named move by what the named ones imply on average; else they stand still.

        Returns
        -------
        ndarray
            float64 `(A,)`, above -1.

        Raises
        ------
        InputError
            If the model has no such factor, or a move is not above -1.
        """
        if not moves:
            raise InputError("factor shock: names no factor")
        log_moves = np.zeros(len(self.factors))
        for name, move in sorted(moves.items()):
            if name not in self.factors:
                hint = nearest(name, self.factors)
                raise InputError(
                    f"factor shock: the model has no factor {plain(name, 60)!r}; "
                    + (f"did you mean {hint}?" if hint else f"it has {', '.join(self.factors)}")
                )
            log_moves[self.factors.index(name)] = np.log1p(number(f"factor shock: {name}", move, above=-1.0))
        if propagate:
            known = np.array([name in moves for name in self.factors])
            implied = self.covariance[~known][:, known] @ np.linalg.pinv(self.covariance[known][:, known])
            log_moves[~known] = implied @ log_moves[known]
        return np.asarray(np.expm1(self.betas @ log_moves), np.float64)


def log_returns(market: Market) -> Floats:
    """float64 `(T, A)` from close to close; NaN in the first bar and where an asset did not trade in both bars."""
    changes = np.full(market.close.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        changes[1:] = np.diff(np.log(market.close), axis=0)
    return changes


def factor_returns(
    market: Market, *, benchmark: str | None = None, sectors: Mapping[str, str] | None = None,
    volatility: ArrayLike | None = None, window: int = 21,
) -> FactorReturns:  # fmt: skip
    """The factors of a market: itself, its sectors beyond it, and volatility.

    Parameters
    ----------
    benchmark
        Symbol whose log return is the factor `market`; without one it is the mean over the assets that traded.
    sectors
        Sector of each symbol (not of all, if it is so); factor `sector:NAME` is the mean of its assets beyond the market.
    volatility
        `(T,)`: a level such as the VIX at each bar, above 0; factor `volatility` is its log change. Without one: the standard
        deviation of the last `window` market returns.

    Raises
    ------
    InputError
        If a symbol is not in the market, or the level of volatility does not fit the bars.
    """
    changes = log_returns(market)
    whole_market = _mean(changes) if benchmark is None else changes[:, _column(market, benchmark)]
    names, columns = [MARKET], [whole_market]
    for sector in sorted(set((sectors or {}).values())):
        members = [_column(market, symbol) for symbol, its in sorted((sectors or {}).items()) if its == sector]
        names.append(SECTOR + sector)
        columns.append(_mean(changes[:, members]) - whole_market)
    names.append(VOLATILITY)
    columns.append(_volatility_changes(market, whole_market, volatility, whole("window", window, low=2)))
    return FactorReturns(tuple(names), np.ascontiguousarray(np.column_stack(columns)))


def estimate(
    market: Market,
    factors: FactorReturns,
    *,
    sectors: Mapping[str, str] | None = None,
    use: Sequence[str] | None = None,
) -> FactorModel:
    """Betas of every asset by least squares with a constant, each on the market, its own sector and volatility.

    Parameters
    ----------
    factors
        Of the same bars, from `factor_returns` or your own (any names; every asset is regressed on those that are no sector).
    sectors
        As for `factor_returns`.
    use
        Names of the factors to use; all where None.

    Raises
    ------
    InputError
        If an asset has fewer bars with everything known than twice the number of its factors plus ten, or factors hold infinity.
    """
    changes = log_returns(market)
    if factors.values.shape != (len(market), len(factors.names)):
        raise InputError(f"factors: one row for each of {len(market)} bars, one column for each name")
    if np.isinf(factors.values).any():
        raise InputError("factors: must not be infinite")
    unknown = [name for name in use or () if name not in factors.names]
    if unknown or (use is not None and not use):
        raise InputError(
            f"factors: use some of {', '.join(factors.names)}, not {plain(', '.join(unknown), 60) or 'none'}"
        )
    chosen = [i for i, name in enumerate(factors.names) if use is None or name in use]
    names = tuple(factors.names[i] for i in chosen)
    values = factors.values[:, chosen]
    count = len(market.symbols)
    betas, residual, explained = np.zeros((count, len(names))), np.zeros(count), np.zeros(count)
    observations = np.zeros(count, np.int64)
    for asset, symbol in enumerate(market.symbols):
        own = SECTOR + (sectors or {}).get(symbol, "")
        used = [i for i, name in enumerate(names) if not name.startswith(SECTOR) or name == own]
        known = np.isfinite(changes[:, asset]) & np.isfinite(values[:, used]).all(axis=1)
        observations[asset] = int(known.sum())
        least = 2 * len(used) + 10
        if observations[asset] < least:
            raise InputError(
                f"betas: {plain(symbol, 60)} has {observations[asset]} returns with all factors known, and needs {least}"
            )
        x = np.column_stack([np.ones(observations[asset]), values[known][:, used]])
        y = changes[known, asset]
        fitted = np.linalg.lstsq(x, y, rcond=None)[0]
        left = y - x @ fitted
        betas[asset, used] = fitted[1:]
        residual[asset] = float(np.sqrt(np.square(left).sum() / (len(y) - x.shape[1])))
        total = float(np.square(y - y.mean()).sum())
        explained[asset] = 1.0 - float(np.square(left).sum()) / total if total > 0.0 else np.nan
    complete = values[np.isfinite(values).all(axis=1)]
    covariance = np.atleast_2d(np.cov(complete, rowvar=False)) if len(complete) > 1 else np.zeros((len(names),) * 2)
    return FactorModel(market.symbols, names, betas, residual, explained, observations, covariance)


def _volatility_changes(market: Market, whole_market: Floats, level: ArrayLike | None, window: int) -> Floats:
    if level is None:
        levels = np.full(len(market), np.nan)
        if len(market) > window:
            levels[window:] = np.lib.stride_tricks.sliding_window_view(whole_market[1:], window).std(axis=1, ddof=1)
            levels[levels <= 0.0] = np.nan
    else:
        levels = np.asarray(level, np.float64)
        if levels.shape != (len(market),) or not ((levels > 0.0) & np.isfinite(levels)).all():
            raise InputError(f"volatility: a finite level above 0 for each of {len(market)} bars")
    changes = np.full(len(market), np.nan)
    changes[1:] = np.diff(np.log(levels))
    return changes


def _mean(changes: Floats) -> Floats:
    """Over the assets that traded, NaN where none did."""
    known = np.isfinite(changes)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, changes, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan), np.float64)


def _column(market: Market, symbol: str) -> int:
    if symbol not in market.symbols:
        hint = nearest(symbol, market.symbols)
        raise InputError(
            f"the market has no symbol {plain(symbol, 60)!r}" + (f"; did you mean {hint}?" if hint else "")
        )
    return market.symbols.index(symbol)
