"""Actions and spreads in a `Market`: checked, cut along with the bars, and hashed only where there are any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import ACTIONS, DIVIDEND, FIELDS, FUNDING, SPLIT, Market

DAY = 86_400_000_000_000


def plain_market(bars: int = 6) -> Market:
    prices = np.add.outer(np.arange(bars), [10.0, 20.0])
    return market_from_arrays(["A", "B"], "1d", np.arange(bars) * DAY, prices, prices, prices, prices, prices)


def table(*rows: tuple[int, int, int, float]) -> np.ndarray:
    return np.array(list(rows), ACTIONS)


SOME = table((1, 1, DIVIDEND, 0.5), (3, 0, SPLIT, 2.0), (3, 0, DIVIDEND, 0.1), (4, 1, FUNDING, -0.0001))


def test_without_actions_the_hash_is_that_of_the_bars_alone() -> None:
    market = plain_market()
    arrays = {name: getattr(market, name) for name in ("ts", "close_ts", *FIELDS, "sample")}
    assert market.hash == hash_arrays(arrays, symbols=["A", "B"], interval="1d", periods=market.periods_per_year)
    assert replace(market, venue="XNYS").hash == market.hash
    assert len({market.hash, replace(market, actions=SOME).hash, replace(market, spread=market.open / 1e4).hash}) == 3


def test_cutting_keeps_the_actions_of_the_bars_that_stay() -> None:
    market = replace(plain_market(), actions=SOME, spread=plain_market().open / 1e4)
    assert market.head(4).actions.tolist() == SOME[:3].tolist()
    window = market.window(3, 5)
    assert window.actions.tolist() == [(0, 0, SPLIT, 2.0), (0, 0, DIVIDEND, 0.1), (1, 1, FUNDING, -0.0001)]
    assert window.spread.tolist() == market.spread[3:5].tolist()
    assert market.asset(1).actions.tolist() == [(1, 0, DIVIDEND, 0.5), (4, 0, FUNDING, -0.0001)]
    assert market.asset(-1).hash == market.asset(1).hash
    assert market.asset(1).spread.shape == (6, 1)
    assert market.actions.tolist() == SOME.tolist()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"actions": table((6, 0, SPLIT, 2.0))}, "bar or an asset"),
        ({"actions": table((-1, 0, SPLIT, 2.0))}, "bar or an asset"),
        ({"actions": table((0, 2, SPLIT, 2.0))}, "bar or an asset"),
        ({"actions": table((0, 0, 9, 2.0))}, "unknown kind"),
        ({"actions": table((0, 0, DIVIDEND, np.nan))}, "not finite"),
        ({"actions": table((0, 0, SPLIT, 0.0))}, "more than 0"),
        ({"actions": SOME[::-1].copy()}, "sorted"),
        ({"actions": np.zeros(3)}, "table of bar"),
        ({"spread": np.zeros((5, 2))}, "shape"),
        ({"spread": np.full((6, 2), -0.1)}, "negative"),
    ],
)
def test_wrong_ones_are_refused(changes: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        replace(plain_market(), **changes)
