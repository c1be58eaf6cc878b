"""Whether forecasts of value at risk came true: as many exceptions as promised, and not in clusters.

Sources: Kupiec, "Techniques for verifying the accuracy of risk measurement models", Journal of Derivatives 3(2), 1995
(unconditional coverage); Christoffersen, "Evaluating interval forecasts", International Economic Review 39(4), 1998
(independence, conditional coverage). All three are likelihood ratios with 0 log 0 = 0, so that no exceptions at all, or nothing
but exceptions, have a statistic like any other count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qt_engine.core.errors import InputError
from qt_engine.risk._arrays import number, series, whole
from qt_engine.risk.value_at_risk import DECAY, Forecasts, Method, forecast


@dataclass(frozen=True)
class CoverageTest:
    """A likelihood ratio against a chi-squared distribution.

    Attributes
    ----------
    statistic, p_value, degrees_of_freedom
        `p_value` is the chance of a statistic this large if the forecasts are right.
    observations, exceptions
        What was counted.
    informative
        False where the test cannot tell anything: independence needs an exception that could have been followed by another
        and a calm period that could have been followed by one. The statistic is 0 then, which is no evidence of independence.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: int
    observations: int
    exceptions: int
    informative: bool = True


@dataclass(frozen=True)
class Backtest:
    """Forecasts, what became of them, and the three tests.

    `exceptions` is bool `(n,)`: where the loss was above the forecast; False where there was no forecast.
    """

    forecasts: Forecasts
    exceptions: NDArray[np.bool_]
    coverage: CoverageTest
    independence: CoverageTest
    conditional_coverage: CoverageTest


def backtest(
    returns: ArrayLike, level: float = 0.95, *, method: Method = "historical", window: int = 250, decay: float = DECAY
) -> Backtest:
    """Forecast the value at risk of each period from those before it, and test what came.

    Parameters and errors as `qt_engine.risk.value_at_risk.forecast`. Periods without a forecast are left out of the tests.
    """
    made = forecast(returns, level, method=method, window=window, decay=decay)
    known = ~np.isnan(made.value_at_risk)
    if int(known.sum()) < 2:
        raise InputError(f"backtest: {method} gave fewer than two forecasts; take another method or a shorter window")
    hits = exceptions(np.asarray(returns, np.float64)[known], made.value_at_risk[known])
    probability = 1.0 - made.level
    happened = np.zeros(len(known), np.bool_)
    happened[known] = hits
    return Backtest(
        made,
        happened,
        kupiec(len(hits), int(hits.sum()), probability),
        independence(hits),
        conditional_coverage(hits, probability),
    )


def exceptions(returns: ArrayLike, value_at_risk: ArrayLike) -> NDArray[np.bool_]:
    """Where the loss was above the value at risk (not where it was equal); both `(n,)` and finite."""
    happened, promised = series("returns", returns), series("value_at_risk", value_at_risk)
    if len(happened) != len(promised):
        raise InputError(f"value_at_risk: one for each of {len(happened)} returns, not {len(promised)}")
    return -happened > promised


def kupiec(observations: int, exceptions: int, probability: float) -> CoverageTest:
    """Unconditional coverage: whether exceptions come as often as promised.

    Parameters
    ----------
    observations, exceptions
        Counts; exceptions from 0 to observations.
    probability
        Of an exception: 1 - level, between 0 and 1.
    """
    n, x = whole("observations", observations, low=1), whole("exceptions", exceptions, low=0)
    if x > n:
        raise InputError(f"exceptions: at most {n}, the number of observations, not {x}")
    p = number("probability", probability, above=0.0, below=1.0)
    return _test(_log_likelihood(n - x, x, x / n) - _log_likelihood(n - x, x, p), 1, n, x)


def independence(hits: ArrayLike) -> CoverageTest:
    """Whether an exception makes another in the next period more (or less) likely than a calm period does.

    Parameters
    ----------
    hits
        bool `(n,)`, in the order of time, at least two.
    """
    flags = _flags(hits)
    stayed_calm, started, ended, repeated = _transitions(flags)
    calm, hit = stayed_calm + started, ended + repeated
    total = calm + hit
    apart = _log_likelihood(stayed_calm, started, started / calm if calm else 0.0) + _log_likelihood(
        ended, repeated, repeated / hit if hit else 0.0
    )
    together = _log_likelihood(stayed_calm + ended, started + repeated, (started + repeated) / total)
    return _test(apart - together, 1, len(flags), int(flags.sum()), informative=calm > 0 and hit > 0)


def conditional_coverage(hits: ArrayLike, probability: float) -> CoverageTest:
    """Coverage and independence together: the sum of both statistics, of two degrees of freedom.

    Parameters
    ----------
    hits
        As for `independence`.
    probability
        As for `kupiec`.
    """
    flags = _flags(hits)
    apart = independence(flags)
    often = kupiec(len(flags), int(flags.sum()), probability)
    total = 0.5 * (often.statistic + apart.statistic)
    return _test(total, 2, often.observations, often.exceptions, informative=apart.informative)


def _transitions(flags: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    before, after = flags[:-1], flags[1:]
    counts = (~before & ~after, ~before & after, before & ~after, before & after)
    return (int(counts[0].sum()), int(counts[1].sum()), int(counts[2].sum()), int(counts[3].sum()))


def _log_likelihood(calm: int, hit: int, probability: float) -> float:
    """Of so many calm periods and exceptions, each with this probability; 0 log 0 is 0."""
    return (calm * math.log1p(-probability) if calm else 0.0) + (hit * math.log(probability) if hit else 0.0)


def _test(gain: float, degrees: int, observations: int, exceptions: int, informative: bool = True) -> CoverageTest:
    statistic = max(2.0 * gain, 0.0)  # rounding may leave -1e-16 where both likelihoods are equal
    # The upper tail of a chi-squared distribution has a closed form for one and two degrees of freedom.
    tail = math.erfc(math.sqrt(statistic / 2.0)) if degrees == 1 else math.exp(-statistic / 2.0)
    return CoverageTest(statistic, tail, degrees, observations, exceptions, informative)


def _flags(hits: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(hits)
    if array.ndim != 1 or len(array) < 2:
        raise InputError(f"exceptions: a series of at least two flags, not an array of shape {array.shape}")
    if array.dtype != np.bool_ and not (np.issubdtype(array.dtype, np.number) and np.isin(array, (0, 1)).all()):
        raise InputError("exceptions: must hold true and false (1 and 0) alone")
    return array.astype(np.bool_)
