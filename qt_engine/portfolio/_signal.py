"""Pass-through: the weights are what the strategy says, cut where a constraint is in the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import SLACK, Limits
from qt_engine.portfolio.infeasible import Infeasible

Floats = NDArray[np.float64]


class Signal(Optimizer):
    """The signed weights of `Problem.signal`, never enlarged: nothing is given to others that is cut here.

    In this order: each weight is cut to `max_weight`; each sector, scaled, to `max_sector`; the whole book, scaled,
    to `gross`; where `net` is given, the side that is too heavy is scaled until the difference is right. A weight
    below `min_weight` is none.
    """

    name = "signal"
    fills_gross = False

    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """The signal, cut."""
        if problem.signal.shape != problem.side.shape:
            return Infeasible("there is no signal")
        if not np.isfinite(problem.signal).all():
            return Infeasible("a signal is no finite number")
        if (problem.signal * problem.side < 0).any():
            return Infeasible("a signal has another sign than the side of its asset")
        absolute = np.minimum(np.abs(problem.signal), limits.upper)
        absolute[absolute < limits.lower - SLACK] = 0.0
        for sector in limits.sectors:
            absolute[sector.members] *= _share(float(absolute[sector.members].sum()), sector.cap)
        absolute *= _share(float(absolute.sum()), limits.gross)
        if limits.net is not None:
            balanced = _balance(absolute, problem.side, limits.net)
            if isinstance(balanced, Infeasible):
                return balanced
            absolute = balanced
        absolute[absolute < limits.lower - SLACK] = 0.0
        signed: Floats = absolute * problem.side
        return signed


def _balance(absolute: Floats, side: NDArray[np.int8], net: float) -> Floats | Infeasible:
    """Scale the heavier side down until longs less shorts are `net`."""
    longs, shorts = float(absolute[side > 0].sum()), float(absolute[side < 0].sum())
    out = absolute.copy()
    if longs - shorts > net + SLACK:
        if shorts + net < 0:
            return Infeasible(f"net {net:.6g} needs more short weight than the signal has")
        out[side > 0] *= (shorts + net) / longs
    elif longs - shorts < net - SLACK:
        if longs - net < 0:
            return Infeasible(f"net {net:.6g} needs more long weight than the signal has")
        out[side < 0] *= (longs - net) / shorts
    return out


def _share(total: float, most: float) -> float:
    return most / total if total > most else 1.0
