"""Pairs that come back together: bought and sold against each other when they have drifted apart.

At the end of every month each pair of the universe is tested for cointegration (Engle and Granger) over the last `window` common
bars; the regression of the test gives the hedge ratio. A pair that passes is entered when the residual is `entry`
standard deviations away, and left when it is within `exit`, when it is beyond `stop`, or when a later test fails. The
hedge ratio of an open position stays what it was at its entry. Gatev, Goetzmann and Rouwenhorst, Pairs Trading, Review of
Financial Studies 19 (2006); Vidyamurthy, Pairs Trading (2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qt_engine.features.cointegration import Cointegration, engle_granger
from qt_engine.strategies.base import Context, Strategy, TargetPositions, decimal, whole
from qt_engine.strategies.registration import register_strategy


@dataclass(slots=True)
class Pair:
    """Two assets, by their columns; `side` is +1 while the first is held against the second, -1 the other way.

    `test` is the last one that it has passed, or the one of its entry; `lost` that it has failed one since.
    """

    first: int
    second: int
    test: Cointegration | None = None
    side: int = 0
    lost: bool = False


@register_strategy
class PairsMeanReversion(Strategy):
    """Sell the dear one of a cointegrated pair against the cheap one, until they have met."""

    name = "mr_pairs"
    version = "1"
    universe = ("AAPL", "GOOG", "IBM", "MSFT")
    params = {  # noqa: RUF012 - read, never changed
        "window": whole(252, low=60, high=1000, step=21),
        "level": whole(5, low=1, high=10),
        "entry": decimal(2.0, low=0.5, high=5.0, step=0.25),
        "exit": decimal(0.5, low=0.0, high=4.0, step=0.25),
        "stop": decimal(4.0, low=1.0, high=10.0, step=0.5),
        "most": whole(3, low=1, high=50),
        "lags": whole(1, low=0, high=10),
    }
    require = ("exit < entry", "entry < stop", "level == 1 or level == 5 or level == 10")
    recursive = True  # a position is held until its own exit, however long ago it was entered

    def warmup_bars(self, params: Mapping[str, int | float]) -> int:
        return int(params["window"]) - 1

    def initialize(self, context: Context) -> None:
        context.state["pairs"] = [Pair(i, j) for i, j in combinations(range(len(context.symbols)), 2)]

    def on_data(self, context: Context) -> TargetPositions | None:
        pairs: list[Pair] = context.state["pairs"]
        now = context.close[-1]
        if context.ends("month"):
            for pair in pairs:
                self._test(pair, context)
        changed = False
        for pair in pairs:
            if pair.test is not None and not np.isnan(now[pair.first] + now[pair.second]):
                changed |= self._move(pair, now, context)
        free = int(context.params["most"]) - sum(pair.side != 0 for pair in pairs)
        changed |= self._enter(pairs, now, context, free)
        return self._positions(pairs, context) if changed else None

    def _test(self, pair: Pair, context: Context) -> None:
        """Test a pair on its last common bars. An open position keeps its hedge ratio, or is to be left."""
        window = int(context.params["window"])
        both = context.close[:, [pair.first, pair.second]]
        known = np.flatnonzero(~np.isnan(both).any(axis=1))[-window:]
        test = None
        if len(known) == window:
            y, x = np.log(both[known]).T
            found = engle_granger(np.ascontiguousarray(y), np.ascontiguousarray(x), int(context.params["lags"]))
            if found.holds(int(context.params["level"])) and found.slope > 0.0:
                test = found
        if pair.side == 0:
            pair.test = test
        else:
            pair.lost = test is None

    def _move(self, pair: Pair, now: np.ndarray, context: Context) -> bool:
        """Leave a position that has come home, gone astray or lost its ground."""
        if pair.side == 0:
            return False
        distance = pair.side * self._distance(pair, now)  # below zero while it has not come home
        if not pair.lost and -context.params["stop"] < distance < -context.params["exit"]:
            return False
        pair.side, pair.lost, pair.test = 0, False, None  # not again before it has passed another test
        return True

    def _enter(self, pairs: list[Pair], now: np.ndarray, context: Context, free: int) -> bool:
        """Enter the pairs that are furthest apart, as many as are free."""
        apart = []
        for number, pair in enumerate(pairs):
            if pair.side == 0 and pair.test is not None:
                distance = self._distance(pair, now)
                if context.params["entry"] <= abs(distance) < context.params["stop"]:
                    apart.append((-abs(distance), number, 1 if distance < 0 else -1))
        for _, number, side in sorted(apart)[: max(free, 0)]:
            pairs[number].side = side
        return bool(apart) and free > 0

    @staticmethod
    def _distance(pair: Pair, now: np.ndarray) -> float:
        """How far the first asset is above the line through the second, in standard deviations; NaN where one is missing."""
        assert pair.test is not None
        line = pair.test.intercept + pair.test.slope * np.log(now[pair.second])
        return float((np.log(now[pair.first]) - line) / pair.test.deviation)

    @staticmethod
    def _positions(pairs: list[Pair], context: Context) -> TargetPositions:
        """Every open pair has the same share of the equity, long and short together."""
        weights = np.zeros(len(context.symbols))
        for pair in pairs:
            if pair.side != 0 and pair.test is not None:
                share = pair.side / context.params["most"] / (1.0 + pair.test.slope)
                weights[pair.first] += share
                weights[pair.second] -= share * pair.test.slope
        return TargetPositions.from_array(weights)
