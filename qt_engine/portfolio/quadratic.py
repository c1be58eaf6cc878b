"""Quadratic programmes over limits, solved exactly by a primal active set.

    minimise  ½ x'Hx + c'x + penalty × Σ |x − kink|    over absolute weights x within `Limits`

An interior-point solver needs most of a second for 500 assets; the answers here have a hundred assets at most that are
not at a bound, so walking from a vertex and solving for those that are free takes milliseconds, and ends on the
solution of a linear system rather than within a tolerance. Reference: Nocedal and Wright, Numerical Optimization,
section 16.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio.constraints import SLACK, Book, Limits

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

RIDGE = 1e-8
"""Added to the diagonal, in units of its mean: a singular covariance has one answer too, equal assets equal weights."""
OPTIMAL = 1e-10
"""Gradients against a bound below this share of the largest gradient count as none."""
STILL = 1e-13
"""A step that moves no weight by more than this is rounding."""


class QuadraticProgramme:
    """One covariance and its limits; `minimise` may be called again with other linear terms and starts where it was.

    Parameters
    ----------
    hessian
        float64 `(n, n)`, symmetric positive semi-definite, in absolute weights.
    limits
        Must have a solution (`limits_of` says so).
    start
        float64 `(n,)`: any point within the limits.
    kink
        float64 `(n,)`: where |x − kink| bends; None without a penalty.
    ridge
        Share of the mean of the diagonal that is added to it.
    """

    def __init__(
        self, hessian: Floats, limits: Limits, start: Floats, kink: Floats | None = None, ridge: float = RIDGE
    ) -> None:
        self.scale = float(np.mean(np.diagonal(hessian))) or 1.0
        self.hessian = hessian / self.scale
        self.hessian[np.diag_indices_from(self.hessian)] += ridge
        self.lower, self.upper = limits.lower.copy(), limits.upper.copy()
        books = [book for book in limits.books if not self._settled(book)]
        self.kink = kink
        self.books = len(books)
        self.rows = np.array(
            [book.members for book in books] + [sector.members for sector in limits.sectors], np.float64
        ).reshape(-1, len(start))
        self.caps = np.array([sector.cap for sector in limits.sectors])
        self.active = list(range(self.books))
        self.x = np.clip(start, self.lower, self.upper)
        self.low, self.high, self.slope = self.lower.copy(), self.upper.copy(), np.zeros(len(start))
        if kink is not None:
            for i in range(len(start)):
                self._enter(i, above=bool(self.x[i] >= kink[i]))
        self.free = (self.x > self.low) & (self.x < self.high)
        self.stuck = np.zeros(len(start), bool)
        self._free_one_of_each_book()

    def _settled(self, book: Book) -> bool:
        """Whether the bounds of a book's assets leave no choice; then they are where they must be, and stay there."""
        at = book.members
        for bound in (self.lower, self.upper):
            if abs(float(bound[at].sum()) - book.total) <= SLACK:
                self.lower[at] = self.upper[at] = bound[at]
                return True
        return False

    def minimise(self, linear: Floats, penalty: float = 0.0) -> Floats | None:
        """The solution float64 `(n,)`, or None where rounding keeps the walk from its end.

        `linear` and `penalty` are in the units of the hessian.
        """
        c, bend = linear / self.scale, penalty / self.scale
        fresh: Ints = np.empty(0, np.intp)
        many, stalls = True, 0
        self.stuck[:] = False
        for _ in range(60 * len(self.x) + 200):
            members = np.flatnonzero(self.free)
            gradient = self.hessian @ self.x + c
            step, multipliers = self._step(members, gradient + bend * self.slope)
            outward = self._outward(members, step, fresh)
            if len(outward):
                self.free[outward] = False
                self.stuck[outward] |= not many
                many = many and len(outward) < len(fresh)
                fresh = fresh[self.free[fresh]]
                continue
            fresh = np.empty(0, np.intp)
            length = self._walk(members, step)
            if length * float(np.abs(step).max(initial=0.0)) > STILL:
                stalls, many = 0, True
                self.stuck[:] = False
            elif length < 1.0:
                stalls += 1
                many = many and stalls < 5
            if length < 1.0:
                continue
            released = self._release(
                self.hessian @ self.x + c, bend, multipliers, many=many, stalled=stalls > len(self.x)
            )
            if released is None:
                return self.x.copy()
            fresh = released
        return None

    def _step(self, members: Ints, gradient: Floats) -> tuple[Floats, Floats]:
        """The way to the least point of the free assets on the active rows, and the rows' multipliers."""
        k, m = len(members), len(self.active)
        matrix = np.zeros((k + m, k + m))
        matrix[:k, :k] = self.hessian[np.ix_(members, members)]
        matrix[k:, :k] = self.rows[self.active][:, members]
        matrix[:k, k:] = matrix[k:, :k].T
        target = np.concatenate((-gradient[members], np.zeros(m)))
        try:
            solution = np.asarray(np.linalg.solve(matrix, target), np.float64)
        except np.linalg.LinAlgError:
            solution = np.asarray(np.linalg.lstsq(matrix, target, rcond=None)[0], np.float64)
        solution[:k][np.abs(solution[:k]) < STILL] = 0.0
        return solution[:k], solution[k:]

    def _outward(self, members: Ints, step: Floats, fresh: Ints) -> Ints:
        """Assets released just now that would leave through the bound they stand at."""
        if not len(fresh):
            return fresh
        towards = np.zeros(len(self.x))
        towards[members] = step
        at_low, at_high = self.x[fresh] <= self.low[fresh], self.x[fresh] >= self.high[fresh]
        out: Ints = fresh[(at_low & (towards[fresh] < 0)) | (at_high & (towards[fresh] > 0))]
        return out

    def _walk(self, members: Ints, step: Floats) -> float:
        """Go as far as the first bound or cap in the way, which is kept from then on; 1.0: the whole step."""
        room = np.full(len(members), np.inf)
        up, down = step > 0, step < 0
        room[up] = (self.high[members][up] - self.x[members][up]) / step[up]
        room[down] = (self.low[members][down] - self.x[members][down]) / step[down]
        at = int(np.argmin(room)) if len(room) else -1
        length = min(1.0, float(room[at])) if at >= 0 else 1.0
        cap = -1
        for row in range(self.books, len(self.rows)):
            if row in self.active:
                continue
            speed = float(self.rows[row, members] @ step)
            if speed > 1e-14:
                left = (self.caps[row - self.books] - float(self.rows[row] @ self.x)) / speed
                if left < length:
                    length, cap = max(left, 0.0), row
        self.x[members] += length * step
        if cap >= 0:
            self.active.append(cap)
        elif at >= 0 and room[at] <= 1.0:
            asset = members[at]
            self.x[asset] = self.high[asset] if step[at] > 0 else self.low[asset]
            self.free[asset] = False
            length = min(length, 1.0 - 1e-9)
        return length

    def _release(self, gradient: Floats, bend: float, multipliers: Floats, *, many: bool, stalled: bool) -> Ints | None:
        """Let go of what holds the solution back: a cap, or the assets that gain most by leaving their bound.

        The assets that are free from now on; None where nothing holds it back: it is the solution.
        """
        pull = gradient + multipliers @ self.rows[self.active]
        tolerance = OPTIMAL * float(np.abs(gradient).max())
        caps = multipliers[self.books :]
        if len(caps) and caps.min() < -tolerance:
            del self.active[self.books + int(np.argmin(caps))]
            return np.empty(0, np.intp)
        blocked = self.free | self.stuck
        kink = self.upper if self.kink is None else self.kink
        above = np.where(self.x >= kink, bend, -bend) if self.kink is not None else np.zeros_like(pull)
        below = np.where(self.x > kink, bend, -bend) if self.kink is not None else np.zeros_like(pull)
        gain_up = np.where(blocked | (self.x >= self.upper), -np.inf, -(pull + above))
        gain_down = np.where(blocked | (self.x <= self.lower), -np.inf, pull + below)
        gain = np.maximum(gain_up, gain_down)
        wanted = np.flatnonzero(gain > tolerance)
        if not len(wanted):
            return None
        # Where steps have no length, the first asset instead of the best one cannot go in circles (Bland's rule).
        order = wanted if stalled else wanted[np.argsort(-gain[wanted], kind="stable")]
        chosen = order[: max(1, len(order) // 4)] if many else order[:1]
        for asset in chosen:
            upwards = bool(gain_up[asset] >= gain_down[asset])
            if self.kink is not None:
                self._enter(asset, above=upwards if self.x[asset] == kink[asset] else bool(self.x[asset] > kink[asset]))
            self.free[asset] = True
        return chosen

    def _enter(self, asset: int, *, above: bool) -> None:
        """Choose the piece of |x − kink| an asset moves on."""
        assert self.kink is not None
        bend = min(max(self.kink[asset], self.lower[asset]), self.upper[asset])
        above = above or self.kink[asset] <= self.lower[asset]
        above = above and not self.kink[asset] >= self.upper[asset]
        self.low[asset] = bend if above else self.lower[asset]
        self.high[asset] = self.upper[asset] if above else bend
        self.slope[asset] = 1.0 if above else -1.0

    def _free_one_of_each_book(self) -> None:
        """Without a free asset the sum of a book could not be kept by a solution of its own."""
        for book in range(self.books):
            members = np.flatnonzero(self.rows[book])
            if len(members) and not self.free[members].any():
                room = self.high[members] - self.low[members]
                self.free[members[int(np.argmax(room))]] = True
