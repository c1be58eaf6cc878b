"""The Kelly fraction: the share of equity whose repeated bet grows fastest, from odds, moments or a list of trades.

Source: Kelly, "A New Interpretation of Information Rate", Bell System Technical Journal 35(4), 1956; Thorp, "The Kelly
criterion in blackjack, sports betting and the stock market", 2006. Estimates of an edge are noisy and the loss from
betting too much exceeds that from betting too little, so that a share of the full fraction (half-Kelly) is usual: `share`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qt_engine.core.errors import InputError
from qt_engine.risk._arrays import Floats, number, series


def kelly_binary(win_probability: ArrayLike, payoff: ArrayLike, *, share: float = 1.0) -> Floats:
    """The fraction for a bet that wins `payoff` per unit staked, or loses the stake.

    `f = p - (1 - p) / b`, and 0 where that is negative: without an edge there is no bet.

    Parameters
    ----------
    win_probability
        From 0 to 1.
    payoff
        Net odds `b`, above 0: 1 doubles the stake.
    share
        Of the full fraction, above 0 to 1: 0.5 is half-Kelly.
    """
    p, b = np.asarray(win_probability, np.float64), np.asarray(payoff, np.float64)
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise InputError("Kelly: win_probability must be from 0 to 1")
    if not ((b > 0.0) & np.isfinite(b)).all():
        raise InputError("Kelly: payoff must be finite and above 0")
    return np.asarray(_share(share) * np.maximum(p - (1.0 - p) / b, 0.0))


def kelly_gaussian(mean: ArrayLike, variance: ArrayLike, *, share: float = 1.0) -> Floats:
    """The leverage that grows fastest for continuous returns: `mean / variance`, negative for a short position.

    Parameters
    ----------
    mean, variance
        Of excess returns over one period; the period does not matter as long as it is the same for both.
    share
        Of the full fraction, above 0 to 1.
    """
    mu, square = np.asarray(mean, np.float64), np.asarray(variance, np.float64)
    if not np.isfinite(mu).all():
        raise InputError("Kelly: mean must be finite")
    if not ((square > 0.0) & np.isfinite(square)).all():
        raise InputError("Kelly: variance must be finite and above 0")
    return np.asarray(_share(share) * mu / square)


def kelly_weights(mean: ArrayLike, covariance: ArrayLike, *, share: float = 1.0) -> Floats:
    """The weights of several assets that grow fastest together: the solution of `covariance w = mean`.

    Parameters
    ----------
    mean
        `(A,)`, of excess returns over one period.
    covariance
        `(A, A)`, over the same period.
    share
        Of the full weights, above 0 to 1.

    Returns
    -------
    ndarray
        float64 `(A,)`, signed fractions of equity; their sum is not limited.
    """
    mu, sigma = series("Kelly: mean", mean), np.asarray(covariance, np.float64)
    if sigma.shape != (len(mu), len(mu)) or not np.isfinite(sigma).all():
        raise InputError(f"Kelly: covariance must be finite and of shape ({len(mu)}, {len(mu)})")
    if not np.allclose(sigma, sigma.T) or float(np.linalg.eigvalsh(sigma)[0]) <= 1e-12 * float(np.trace(sigma)):
        raise InputError("Kelly: covariance must be symmetric and positive definite")
    return np.asarray(_share(share) * np.linalg.solve(sigma, mu), np.float64)


def kelly_of_trades(returns: ArrayLike, *, share: float = 1.0) -> float:
    """The fraction of equity that would have grown fastest through these trades.

    It maximises the mean of `log(1 + f r)`; the derivative falls in `f`, so that halving finds its root to the last bit.

    Parameters
    ----------
    returns
        `(n,)`, each trade's profit as a fraction of what was staked, -1 or above.
    share
        Of the full fraction, above 0 to 1.

    Returns
    -------
    float
        0 where the trades lost on average, at most 1 / (largest loss).

    Raises
    ------
    InputError
        If no trade lost: then no fraction is too much, and the trades say nothing about how much may be lost.
    """
    r = series("Kelly: returns of trades", returns)
    part = _share(share)
    worst = float(r.min())
    if worst < -1.0:
        raise InputError(f"Kelly: a trade cannot lose more than its stake, and one returned {worst:g}")
    if worst > -1e-12:
        raise InputError("Kelly: needs a trade that lost; without one no fraction is too much")
    if float(r.mean()) <= 0.0:
        return 0.0
    low, high = 0.0, -1.0 / worst
    while low < (middle := 0.5 * (low + high)) < high:
        if float((r / (1.0 + middle * r)).mean()) > 0.0:
            low = middle
        else:
            high = middle
    return part * low


def _share(share: float) -> float:
    return number("Kelly: share", share, above=0.0, high=1.0)
