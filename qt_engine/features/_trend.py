"""Moving averages."""

from __future__ import annotations

import numpy as np

from qt_engine.features._arrays import Floats
from qt_engine.features._compiled import compiled

BLOCK = 2048
"""Bars after which a running sum starts afresh: bounds its rounding error and lets several blocks run at once."""
LANES = 4


@compiled
def block_length(window: int) -> int:
    """Bars per block: long enough that fresh sums cost little, and a pure function of the window."""
    return max(BLOCK, 16 * window)


@compiled
def sma(x: Floats, window: int, out: Floats) -> None:
    """Running sums of the differences from an anchor, so that a constant series gives exactly itself.

    The dependent additions of one running sum would take four cycles a bar; four blocks side by side take one.
    """
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    length = max(BLOCK, 16 * window)
    start = first
    while start + LANES * length <= n:
        a0, a1, a2, a3 = x[start - first], x[start + length - first], x[start + 2 * length - first], x[start + 3 * length - first]
        s0 = s1 = s2 = s3 = 0.0
        i0, i1, i2, i3 = start, start + length, start + 2 * length, start + 3 * length
        for j in range(1, window):
            s0 += x[i0 - first + j] - a0
            s1 += x[i1 - first + j] - a1
            s2 += x[i2 - first + j] - a2
            s3 += x[i3 - first + j] - a3
        out[i0] = s0
        out[i1] = s1
        out[i2] = s2
        out[i3] = s3
        for j in range(1, length):
            s0 += x[i0 + j] - x[i0 + j - window]
            s1 += x[i1 + j] - x[i1 + j - window]
            s2 += x[i2 + j] - x[i2 + j - window]
            s3 += x[i3 + j] - x[i3 + j - window]
            out[i0 + j] = s0
            out[i1 + j] = s1
            out[i2 + j] = s2
            out[i3 + j] = s3
        for j in range(length):
            out[i0 + j] = out[i0 + j] / window + a0
        for j in range(length):
            out[i1 + j] = out[i1 + j] / window + a1
        for j in range(length):
            out[i2 + j] = out[i2 + j] / window + a2
        for j in range(length):
            out[i3 + j] = out[i3 + j] / window + a3
        start += LANES * length
    while start < n:
        anchor = x[start - first]
        s = 0.0
        for j in range(1, window):
            s += x[start - first + j] - anchor
        end = min(start + length, n)
        out[start] = s
        for i in range(start + 1, end):
            s += x[i] - x[i - window]
            out[i] = s
        for i in range(start, end):
            out[i] = out[i] / window + anchor
        start = end


@compiled
def ema(x: Floats, window: int, out: Floats) -> None:
    """Seeded with the mean of the first `window` values."""
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    if first >= n:
        return
    total = 0.0
    for i in range(1, window):
        total += x[i] - x[0]
    value = total / window + x[0]
    weight = 2.0 / (window + 1.0)
    out[first] = value
    for i in range(window, n):
        value += weight * (x[i] - value)
        out[i] = value
