"""Covariance of returns, as strategies may estimate it: pure functions, returns in, matrix out.

The matrix is symmetric and positive semi-definite. Each takes float64 `(n_obs, n)` simple returns per bar, oldest first,
without NaN, and gives float64 `(n, n)` per bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.strategies.selection import WeightsSetting

Floats = NDArray[np.float64]

__all__ = ["estimate", "ewma", "factor", "ledoit_wolf", "sample", "shrunk"]


def estimate(returns: Floats, setting: WeightsSetting) -> Floats:
    """The covariance that a strategy's `weights` section asks for."""
    match setting.covariance:
        case "sample":
            return sample(returns)
        case "ewma":
            return ewma(returns, setting.half_life)
        case "ledoit_wolf":
            return ledoit_wolf(returns)
        case "shrunk":
            return shrunk(returns, setting.shrinkage)
        case "factor":
            return factor(returns, setting.factors)


def sample(returns: Floats) -> Floats:
    """The sample covariance, divided by `n_obs - 1`."""
    centred = _centred(returns)
    return _symmetric(centred.T @ centred / (len(centred) - 1))


def ewma(returns: Floats, half_life: float) -> Floats:
    """Exponentially weighted: a return `half_life` bars older counts half.

    The weighted mean is taken off and the estimate is unbiased for independent returns (divided by 1 − Σ weight²), as
    pandas does with `ewm(halflife=…).cov()`.
    """
    if not half_life > 0:
        raise InputError("covariance: half_life must be above 0")
    age = np.arange(len(_checked(returns)) - 1, -1, -1)
    weights = 0.5 ** (age / half_life)
    weights /= weights.sum()
    centred = returns - weights @ returns
    scaled = centred * np.sqrt(weights)[:, None]
    return _symmetric(scaled.T @ scaled / (1.0 - float(np.sum(weights**2))))


def ledoit_wolf(returns: Floats) -> Floats:
    """Shrunk towards a scaled identity by the share that Ledoit and Wolf (2004) find optimal; scaled by 1 / `n_obs`.

    "A well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate Analysis 88; the
    same as scikit-learn's `ledoit_wolf`.
    """
    centred = _centred(returns)
    observations, assets = centred.shape
    covariance = centred.T @ centred / observations
    mean = float(np.trace(covariance)) / assets
    spread = float(np.sum(covariance**2))
    fourth = float(np.sum(np.sum(centred**2, axis=1) ** 2)) / observations
    distance = (spread - assets * mean**2) / assets
    error = (fourth - spread) / (assets * observations)
    share = 0.0 if distance <= 0 else min(max(error, 0.0), distance) / distance
    return _towards_identity(covariance, share)


def shrunk(returns: Floats, share: float) -> Floats:
    """The sample covariance, with `share` (0 to 1) of it replaced by the identity times the mean variance."""
    if not 0 <= share <= 1:
        raise InputError("covariance: shrinkage must be from 0 to 1")
    return _towards_identity(sample(returns), share)


def factor(returns: Floats, factors: int) -> Floats:
    """Common risk of the `factors` largest principal components, and each asset's own variance beside it.

    The diagonal is that of the sample covariance. With as many factors as the returns have dimensions it is the
    sample covariance.
    """
    if factors < 1:
        raise InputError("covariance: factors must be at least 1")
    centred = _centred(returns) / np.sqrt(len(returns) - 1)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    loadings = directions[:factors] * sizes[:factors, None]
    common = loadings.T @ loadings
    own = np.maximum(np.sum(centred**2, axis=0) - np.diagonal(common), 0.0)
    return _symmetric(common + np.diag(own))


def _towards_identity(covariance: Floats, share: float) -> Floats:
    out = (1.0 - share) * covariance
    out[np.diag_indices_from(out)] += share * float(np.trace(covariance)) / len(covariance)
    return _symmetric(out)


def _centred(returns: Floats) -> Floats:
    checked = _checked(returns)
    centred: Floats = checked - checked.mean(axis=0)
    return centred


def _checked(returns: Floats) -> Floats:
    if returns.ndim != 2 or len(returns) < 2 or not np.isfinite(returns).all():
        raise InputError("covariance: needs at least 2 rows of returns, all of them numbers")
    return returns


def _symmetric(matrix: Floats) -> Floats:
    out: Floats = (matrix + matrix.T) / 2
    return out
