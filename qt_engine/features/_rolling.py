"""Sums, extremes and moments of a sliding window: what the other kernels are made of.

Sums are started afresh at fixed bars (counted from the first value), so that their rounding error stays bounded, and
the value at a bar is the same whatever follows. Series are sliced before a loop rather than indexed with an offset
in it: an index that cannot be negative lets the compiler vectorise.
"""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats, Indices


@compiled
def block_length(window: int) -> int:
    """Bars between fresh starts: so many that the fresh sums, of `window` values each, cost little."""
    return max(2048, 16 * window)


@compiled
def moving_mean(x: Floats, window: int, out: Floats) -> None:
    """Mean of the last `window` values.

    Taken of the differences from the block's first value, so that a constant series gives exactly itself.
    One running sum waits four cycles for each addition; four blocks side by side do not wait.
    """
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    length = block_length(window)
    start = first
    while start + 4 * length < n:
        new, old, target = x[start + 1 :], x[start - first :], out[start:]
        a0 = old[0]
        a1 = old[length]
        a2 = old[2 * length]
        a3 = old[3 * length]
        s0 = s1 = s2 = s3 = 0.0
        for j in range(window):
            s0 += old[j] - a0
            s1 += old[length + j] - a1
            s2 += old[2 * length + j] - a2
            s3 += old[3 * length + j] - a3
        _four_blocks(new, old, target, length, s0, s1, s2, s3)
        _over(target[:length], window, a0)
        _over(target[length : 2 * length], window, a1)
        _over(target[2 * length : 3 * length], window, a2)
        _over(target[3 * length : 4 * length], window, a3)
        start += 4 * length
    while start < n:
        old, target = x[start - first :], out[start : min(start + length, n)]
        anchor = old[0]
        total = 0.0
        for j in range(window):
            total += old[j] - anchor
        target[0] = total
        new = x[start:]
        for j in range(1, len(target)):
            total += new[j] - old[j - 1]
            target[j] = total
        _over(target, window, anchor)
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
def _over(sums: Floats, window: int, anchor: float) -> None:
    # A division, not a product with the reciprocal: 49 * (1 / 49) is not 1.
    divisor = float(window)
    for j in range(len(sums)):
        sums[j] = sums[j] / divisor + anchor


@compiled
def moving_sum(x: Floats, window: int, out: Floats) -> None:
    """Sum of the last `window` values, cut into pieces as in `moving_variance`: what left the window leaves no rounding.

    So a window of zeros sums to exactly 0 whatever came before it.
    """
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    sums = np.zeros(window + 1)
    for cut in range(0, n, window):
        if cut:
            before = x[cut - window : cut]
            total = 0.0
            for j in range(window - 1, -1, -1):
                total += before[j]
                sums[j] = total
        total = 0.0
        piece, target = x[cut : cut + window], out[cut : cut + window]
        for j in range(len(piece)):
            total += piece[j]
            if cut or j == window - 1:
                target[j] = sums[j + 1] + total


@compiled
def moving_variance(x: Floats, window: int, divisor: int, out: Floats) -> None:
    """Squared deviations of the last `window` values from their mean, over `divisor`; exactly 0 if all are equal.

    The series is cut every `window` values. A window is the end of one piece and the beginning of the next: two sums,
    both taken of differences from the value at the cut, which every such window contains. So nothing that has left
    the window leaves rounding behind, and the cancellation is bounded by the window's own spread.
    """
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    sums = np.zeros(window + 1)
    squares = np.zeros(window + 1)
    for cut in range(0, n, window):
        anchor = x[cut]
        total = 0.0
        square = 0.0
        if cut:
            _ends_of_piece(x[cut - window : cut], anchor, sums, squares)
        piece, target = x[cut : cut + window], out[cut : cut + window]
        for j in range(len(piece)):
            value = piece[j] - anchor
            total += value
            square += value * value
            if cut or j == window - 1:
                both = sums[j + 1] + total
                target[j] = max((squares[j + 1] + square) - both * both / window, 0.0) / divisor


@compiled
def _ends_of_piece(piece: Floats, anchor: float, sums: Floats, squares: Floats) -> None:
    """At `j`: the sum and the sum of squares of the differences from `j` to the end."""
    total = 0.0
    square = 0.0
    for j in range(len(piece) - 1, -1, -1):
        value = piece[j] - anchor
        total += value
        square += value * value
        sums[j] = total
        squares[j] = square


@compiled
def moving_line(x: Floats, window: int, level: float, slope: float, out: Floats) -> None:
    """`level` times the mean plus `slope` times the slope of the least-squares line through the last `window` values.

    Cut into pieces as in `moving_variance`; places are counted from the cut.
    """
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    sums = np.zeros(window + 1)
    products = np.zeros(window + 1)
    spread = window * (window * window - 1.0) / 12.0
    middle = (window - 1.0) / 2.0
    for cut in range(0, n, window):
        anchor = x[cut]
        if cut:
            before = x[cut - window : cut]
            total = 0.0
            product = 0.0
            for j in range(window - 1, -1, -1):
                value = before[j] - anchor
                total += value
                product += (j - window) * value
                sums[j] = total
                products[j] = product
        total = 0.0
        product = 0.0
        piece, target = x[cut : cut + window], out[cut : cut + window]
        for j in range(len(piece)):
            value = piece[j] - anchor
            total += value
            product += j * value
            if cut or j == window - 1:
                both = sums[j + 1] + total
                rise = ((products[j + 1] + product) - (j - middle) * both) / spread if window > 1 else 0.0
                target[j] = level * (anchor + both / window) + slope * rise


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
def moving_extreme(x: Floats, window: int, highest: bool, out: Floats) -> None:
    """Highest or lowest of the last `window` values, cut into pieces as in `moving_variance`.

    Two comparisons a bar, none of which the processor has to guess.
    """
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    bound = -np.inf if highest else np.inf
    ends = np.full(window + 1, bound)
    for cut in range(0, n, window):
        if cut:
            before = x[cut - window : cut]
            extreme = bound
            for j in range(window - 1, -1, -1):
                extreme = max(extreme, before[j]) if highest else min(extreme, before[j])
                ends[j] = extreme
        extreme = bound
        piece, target = x[cut : cut + window], out[cut : cut + window]
        for j in range(len(piece)):
            extreme = max(extreme, piece[j]) if highest else min(extreme, piece[j])
            if cut or j == window - 1:
                target[j] = max(extreme, ends[j + 1]) if highest else min(extreme, ends[j + 1])
