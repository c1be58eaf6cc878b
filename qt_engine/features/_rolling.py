"""Sums, extremes and moments of a sliding window: what the other kernels are made of.

A running sum is started afresh at fixed bars (counted from the first value), so that its rounding error stays bounded,
and the value at a bar is the same whatever follows. Series are sliced before a loop rather than indexed with an offset
in it: an index that cannot be negative lets the compiler vectorise.
"""

from __future__ import annotations

import numpy as np

from qt_engine.features._arrays import Floats, Indices
from qt_engine.features._compiled import compiled


@compiled
def block_length(window: int) -> int:
    """Bars between fresh starts: so many that the fresh sums, of `window` values each, cost little."""
    return max(2048, 16 * window)


@compiled
def moving_sum(x: Floats, window: int, anchored: bool, out: Floats) -> None:
    """Sum of the last `window` values, or their mean if `anchored`.

    The mean is taken of the differences from the block's first value, so that a constant series gives exactly itself.
    One running sum waits four cycles for each addition; four blocks side by side do not wait.
    """
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    length = block_length(window)
    start = first
    while start + 4 * length < n:
        new, old, target = x[start + 1 :], x[start - first :], out[start:]
        a0 = old[0] if anchored else 0.0
        a1 = old[length] if anchored else 0.0
        a2 = old[2 * length] if anchored else 0.0
        a3 = old[3 * length] if anchored else 0.0
        s0 = s1 = s2 = s3 = 0.0
        for j in range(window):
            s0 += old[j] - a0
            s1 += old[length + j] - a1
            s2 += old[2 * length + j] - a2
            s3 += old[3 * length + j] - a3
        _four_blocks(new, old, target, length, s0, s1, s2, s3)
        if anchored:
            _mean(target[:length], window, a0)
            _mean(target[length : 2 * length], window, a1)
            _mean(target[2 * length : 3 * length], window, a2)
            _mean(target[3 * length : 4 * length], window, a3)
        start += 4 * length
    while start < n:
        old, target = x[start - first :], out[start : min(start + length, n)]
        anchor = old[0] if anchored else 0.0
        total = 0.0
        for j in range(window):
            total += old[j] - anchor
        target[0] = total
        new = x[start:]
        for j in range(1, len(target)):
            total += new[j] - old[j - 1]
            target[j] = total
        if anchored:
            _mean(target, window, anchor)
        start += length


@compiled
def _four_blocks(
    new: Floats, old: Floats, out: Floats, length: int, s0: float, s1: float, s2: float, s3: float
) -> None:
    n0, n1, n2, n3 = new[:length], new[length : 2 * length], new[2 * length : 3 * length], new[3 * length : 4 * length]
    p0, p1, p2, p3 = old[:length], old[length : 2 * length], old[2 * length : 3 * length], old[3 * length : 4 * length]
    t0, t1, t2, t3 = out[:length], out[length : 2 * length], out[2 * length : 3 * length], out[3 * length : 4 * length]
    for j in range(length):
        t0[j] = s0
        t1[j] = s1
        t2[j] = s2
        t3[j] = s3
        s0 += n0[j] - p0[j]
        s1 += n1[j] - p1[j]
        s2 += n2[j] - p2[j]
        s3 += n3[j] - p3[j]


@compiled
def _mean(sums: Floats, window: int, anchor: float) -> None:
    # A division, not a product with the reciprocal: 49 * (1 / 49) is not 1.
    divisor = float(window)
    for j in range(len(sums)):
        sums[j] = sums[j] / divisor + anchor


@compiled
def moving_variance(x: Floats, window: int, divisor: int, out: Floats) -> None:
    """Squared deviations of the last `window` values from their mean, over `divisor`; exactly 0 if all are equal.

    Welford's update for a sliding window: no difference of large sums of squares is ever taken.
    """
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    length = block_length(window)
    equal = 1  # how many of the latest values are equal
    for i in range(1, min(first, n)):
        equal = equal + 1 if x[i] == x[i - 1] else 1
    start = first
    while start < n:
        mean = 0.0
        anchor = x[start - first]
        for j in range(start - first, start + 1):
            mean += x[j] - anchor
        mean = anchor + mean / window
        squares = 0.0
        for j in range(start - first, start + 1):
            squares += (x[j] - mean) * (x[j] - mean)
        for i in range(start, min(start + length, n)):
            if i > start:
                new, old, before = x[i], x[i - window], mean
                mean += (new - old) / window
                squares += (new - old) * ((new - mean) + (old - before))
            if i > 0:
                equal = equal + 1 if x[i] == x[i - 1] else 1
            if equal >= window:
                mean = x[i]
                squares = 0.0
            out[i] = max(squares, 0.0) / divisor
        start += length


@compiled
def moving_line(x: Floats, window: int, level: float, slope: float, out: Floats) -> None:
    """`level` times the mean plus `slope` times the slope of the least-squares line through the last `window` values."""
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    length = block_length(window)
    centre = (window + 1) / 2.0
    spread = window * (window * window - 1.0) / 12.0
    start = first
    while start < n:
        anchor = x[start - first]
        total = 0.0
        weighted = 0.0
        for j in range(window):
            value = x[start - first + j] - anchor
            total += value
            weighted += (j + 1) * value
        for i in range(start, min(start + length, n)):
            if i > start:
                weighted += window * (x[i] - anchor) - total
                total += x[i] - x[i - window]
            rise = (weighted - centre * total) / spread if window > 1 else 0.0
            out[i] = level * (anchor + total / window) + slope * rise
        start += length


@compiled
def extreme_positions(x: Floats, window: int, sign: float, where: Indices) -> None:
    """Where, in the last `window` values, the largest `sign * x` stands: the latest of equals.

    A queue of candidates, each larger than all that follow it: every value enters and leaves it once.
    """
    n = len(x)
    capacity = 1
    while capacity <= min(window, n):
        capacity *= 2
    mask = capacity - 1
    queue = np.empty(capacity, np.int64)
    head = 0
    tail = 0
    for i in range(n):
        value = sign * x[i]
        while tail > head and sign * x[queue[(tail - 1) & mask]] <= value:
            tail -= 1
        queue[tail & mask] = i
        tail += 1
        if queue[head & mask] <= i - window:
            head += 1
        where[i] = queue[head & mask]


@compiled
def moving_extreme(x: Floats, window: int, sign: float, out: Floats) -> None:
    """Highest (`sign` 1) or lowest (-1) of the last `window` values."""
    n = len(x)
    where = np.empty(n, np.int64)
    extreme_positions(x, window, sign, where)
    for i in range(n):
        out[i] = x[where[i]]
    out[: min(window - 1, n)] = np.nan
