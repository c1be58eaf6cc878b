"""From a selection to targets: rows, fallbacks, turnover, and that no row knows what comes after it."""

from __future__ import annotations

import numpy as np

from portfolio.portfolio_markets import random_market
from qt_engine.portfolio.construction import construct
from qt_engine.strategies.selection import ConstraintsSetting, Selection, WeightsSetting

EQUAL = WeightsSetting("equal")


def test_equal_weights_are_the_share_of_each_side() -> None:
    market = random_market(10, 4)
    side = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, -1, 0], [0, 0, 0, 0], [0, -1, 0, -1]], np.int8)
    setting = ConstraintsSetting(long_only=False)
    made = construct(Selection(np.arange(5), np.full((5, 4), np.nan), side, EQUAL, setting), market)
    assert made.target.tolist() == [
        [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.25, 0.25, -0.5, 0], [0, 0, 0, 0], [0, -0.5, 0, -0.5],
    ]  # fmt: skip
    assert made.fallbacks == ()
    assert not made.held.any()
