"""Weights on a grid of 1e-6, so that the last digits of a solver, of a BLAS or of a sum never reach a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 1_000_000
NOISE = 1e-3
"""In steps: what lies this close below a step counts as the step."""


def quantise(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiples of 1e-6, cut towards zero, so that a sum never grows past its bound. Zero is +0, NaN stays NaN.

    A number within 1e-9 below a multiple is that multiple: 0.02 that was computed as 0.0199999999999 is 0.02.
    """
    steps = np.floor(np.abs(weights) * STEPS + NOISE)
    return np.where(weights < 0, -steps, steps) / STEPS + 0.0
