"""Turnover of one rebalance: the sum of |new weight − weight held|, and the way back to what is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def traded(weights: Floats, held: Floats) -> float:
    """Sum of |weights − held|: bought and sold, as a fraction of equity."""
    return float(np.sum(np.abs(weights - held)))


def move_towards(target: Floats, held: Floats, budget: float) -> Floats:
    """`target` where it trades at most `budget`, else the point on the way from `held` to it that trades `budget`.

    Bounds are convex: wherever `held` and `target` obey one, so does every point between them.
    """
    distance = traded(target, held)
    if distance <= budget:
        return target
    moved: Floats = held + (target - held) * (budget / distance)
    return moved
