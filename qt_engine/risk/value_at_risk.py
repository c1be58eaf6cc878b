"""Value at risk and expected shortfall of a return series, by four methods behind one interface.

Losses are positive: a value at risk of 0.02 at the level 0.95 says that one return in twenty is below -2 %. A negative one
says that even the tail gains. Returns may be fractions or amounts of currency; the result is in the same unit, over the
same period.

Sources: Jorion, "Value at Risk", 3rd edition, 2007 (historical, normal); Acerbi, Tasche, "On the coherence of expected
shortfall", Journal of Banking & Finance 26, 2002 (expected shortfall of a sample); Favre, Galeano, "Mean-modified value-at-risk
optimization with hedge funds", Journal of Alternative Investments 5(2), 2002, and Maillard, "A user's guide to the Cornish
Fisher expansion", 2012 (Cornish-Fisher, its domain and its expected shortfall); J.P. Morgan/Reuters, "RiskMetrics -
Technical Document", 4th edition, 1996 (EWMA).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.risk._arrays import Floats, number, series, whole
from qt_engine.risk.leverage import decay_weights

Method = Literal["historical", "normal", "cornish_fisher", "ewma"]
METHODS: tuple[Method, ...] = get_args(Method)
DECAY = 0.94
"""RiskMetrics' factor for daily returns."""
ROWS = 1_000_000
"""Values of windows that are worked on at a time, so that a long series costs little memory."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class TailRisk:
    """What may be lost: `value_at_risk` is exceeded with probability 1 - `level`, and then by `expected_shortfall` on average."""

    value_at_risk: float
    expected_shortfall: float
    level: float
    method: Method
    observations: int


@dataclass(frozen=True)
class Forecasts:
    """Tail risk of each period, known before it.

    Attributes
    ----------
    value_at_risk, expected_shortfall
        float64 `(n,)`: element `t` is made from the `window` returns before `t`; NaN in the first `window` places, and where the
        method has no answer (see `undefined`).
    undefined
        How many periods after the first window have no forecast: the Cornish-Fisher expansion was not monotone there.
    """

    value_at_risk: Floats
    expected_shortfall: Floats
    level: float
    method: Method
    window: int
    undefined: int


def tail_risk(
    returns: ArrayLike, level: float = 0.95, *, method: Method = "historical", decay: float = DECAY
) -> TailRisk:
    """Value at risk and expected shortfall of a return series.

    Parameters
    ----------
    returns
        `(n,)`, the oldest first, finite.
    level
        Confidence, between 0 and 1: 0.95 or 0.99 are usual.
    method
        `historical`: the empirical distribution; the value at risk is the ⌈n level⌉-th smallest loss, the expected
        shortfall the mean of the worst share 1 - level of the sample, the loss on its border counted in part.
        `normal`: mean and sample standard deviation of a normal distribution.
        `cornish_fisher`: the normal quantile, corrected for the sample's skewness and excess kurtosis (moments about the mean,
        divided by n).
        `ewma`: a normal distribution around zero, its variance exponentially weighted with `decay`, the newest return first.
    decay
        Weight of a return relative to the one after it, between 0 and 1.

    Raises
    ------
    InputError
        If a return is not finite, there are too few for the method (historical: 1 / (1 - level), so that the tail was
        seen at all), the level is out of range, or the Cornish-Fisher expansion is not monotone for these moments.
    """
    confidence, length = _level(level), _least(method, level)
    sample = series("returns", returns, length)
    var, shortfall = _measure(sample[None, :], confidence, method, decay)
    if math.isnan(var[0]):
        raise InputError(_outside(sample))
    return TailRisk(float(var[0]), float(shortfall[0]), confidence, method, len(sample))


def forecast(
    returns: ArrayLike, level: float = 0.95, *, method: Method = "historical", window: int = 250, decay: float = DECAY
) -> Forecasts:
    """Rolling one-period forecasts, each from the `window` returns before it and nothing later.

    Parameters and errors as `tail_risk`; a window outside the domain of the Cornish-Fisher expansion gives NaN and is counted.
    """
    confidence, least = _level(level), _least(method, level)
    sample = series("returns", returns)
    length = whole("window", window, low=1)
    if length < least:
        raise InputError(f"window: {method} needs {least} returns at the level {confidence:g}, not {length}")
    if len(sample) <= length:
        raise InputError(f"returns: a window of {length} needs at least {length + 1} of them, not {len(sample)}")
    var, shortfall = np.full(len(sample), np.nan), np.full(len(sample), np.nan)
    # The last return is in no window: what would follow it has not happened.
    windows = np.lib.stride_tricks.sliding_window_view(sample[:-1], length)
    rows = max(1, ROWS // length)
    for first in range(0, len(windows), rows):
        place = slice(length + first, length + min(first + rows, len(windows)))
        var[place], shortfall[place] = _measure(windows[first : first + rows], confidence, method, decay)
    undefined = int(np.isnan(var[length:]).sum())
    return Forecasts(var, shortfall, confidence, method, length, undefined)


def normal_tail(level: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of a standard normal loss: z, and φ(z) / (1 - level)."""
    confidence = _level(level)
    quantile = -_NORMAL.inv_cdf(1.0 - confidence)
    return quantile, _NORMAL.pdf(quantile) / (1.0 - confidence)


def cornish_fisher_tail(level: float, skewness: ArrayLike, excess_kurtosis: ArrayLike) -> tuple[Floats, Floats]:
    """Value at risk and expected shortfall of a loss of mean 0 and standard deviation 1 whose *return* has this skewness.

    With z the normal quantile of 1 - level: `z + (z² - 1) S / 6 + (z³ - 3 z) K / 24 - (2 z³ - 5 z) S² / 36`, and its mean below
    z by the truncated moments of the normal distribution, both as losses. NaN where `is_monotone` is false.
    """
    s, k = np.asarray(skewness, np.float64), np.asarray(excess_kurtosis, np.float64)
    loss, mean_loss = normal_tail(level)
    z = -loss
    quantile = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    tail = mean_loss * (1 + z * s / 6 + (z**2 - 1) * k / 24 - (2 * z**2 - 1) * s**2 / 36)
    valid = is_monotone(level, s, k)
    return np.where(valid, -quantile, np.nan), np.where(valid, tail, np.nan)


def is_monotone(level: float, skewness: ArrayLike, excess_kurtosis: ArrayLike) -> NDArray[np.bool_]:
    """Where the Cornish-Fisher expansion is a quantile function: whether it rises over all normal quantiles that matter.

    Its derivative `1 - K/8 + 5 S²/36 + z S/3 + z² (K/8 - S²/6)` must not be negative for `|z|` up to 4, or two standard
    deviations beyond the level's quantile where that is further. Maillard asks it of every z, which excludes each sample whose
    kurtosis is a hair below the normal one, for quantiles that a lifetime of daily returns does not reach.
    """
    s, k = np.asarray(skewness, np.float64), np.asarray(excess_kurtosis, np.float64)
    reach = max(4.0, abs(_NORMAL.inv_cdf(1.0 - _level(level))) + 2.0)
    square, slope, level_part = k / 8 - s**2 / 6, s / 3, 1 - k / 8 + 5 * s**2 / 36
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = np.where(square > 0.0, np.clip(-slope / (2 * square), -reach, reach), reach)
    ends = [level_part + slope * z + square * z**2 for z in (-reach, reach, lowest)]
    return np.asarray(np.min(np.broadcast_arrays(*ends), axis=0) >= 0.0)


def _measure(windows: Floats, level: float, method: Method, decay: float) -> tuple[Floats, Floats]:
    """Value at risk and expected shortfall of each row."""
    if method == "historical":
        return _historical(windows, level)
    var, shortfall = normal_tail(level)
    if method == "ewma":
        deviation = np.sqrt(np.square(windows) @ decay_weights(windows.shape[1], decay))
        return var * deviation, shortfall * deviation
    mean, deviation = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    if method == "normal":
        return var * deviation - mean, shortfall * deviation - mean
    tail, tail_mean = cornish_fisher_tail(level, *_shape(windows))
    return tail * deviation - mean, tail_mean * deviation - mean


def _historical(windows: Floats, level: float) -> tuple[Floats, Floats]:
    count = windows.shape[1]
    # A level such as 0.95 is not exact in binary: 100 × 0.95 must be the 95th loss, not the 96th.
    place = min(max(math.ceil(count * level - 1e-9), 1), count)
    worse = count - place
    parted = np.partition(windows, worse, axis=1)
    border, beyond = -parted[:, worse], -parted[:, :worse].sum(axis=1)
    share = count * (1.0 - level)
    # max: the mean of equal losses may be a last bit below them
    return border, np.maximum((beyond + (share - worse) * border) / share, border)


def _shape(windows: Floats) -> tuple[Floats, Floats]:
    """Skewness and excess kurtosis of each row; NaN for one without dispersion."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    variance = np.square(centred).mean(axis=1)
    # what rounding leaves of a constant series is no dispersion
    variance = np.where(variance > np.square(1e-14 * np.abs(windows).max(axis=1)), variance, np.nan)
    scaled = centred / np.sqrt(variance)[:, None]
    return (scaled**3).mean(axis=1), (scaled**4).mean(axis=1) - 3.0


def _outside(sample: Floats) -> str:
    skewness, kurtosis = (float(part[0]) for part in _shape(sample[None, :]))
    if math.isnan(skewness):
        return "returns: all are equal, and have no skewness for cornish_fisher; use historical"
    return (
        f"cornish_fisher: the expansion is not monotone for skewness {skewness:.3g} and excess kurtosis {kurtosis:.3g}, "
        "so it gives no quantile; use historical or normal"
    )


def _level(level: float) -> float:
    return number("level", level, above=0.0, below=1.0)


def _least(method: Method, level: float) -> int:
    """How many returns a method needs."""
    if method not in METHODS:
        raise InputError(f"method: there is no {plain(str(method), 60)!r}; one of {', '.join(METHODS)}")
    if method == "historical":
        return math.ceil(1.0 / (1.0 - _level(level)) - 1e-9)
    return {"normal": 2, "cornish_fisher": 4, "ewma": 1}[method]
