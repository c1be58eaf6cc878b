"""Limits on a book before and after a trade: each one at its border, and what an order may always do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.risk.checks import Book, Breach, History, Order, post_trade, pre_trade
from qt_engine.risk.limits import RiskLimits


def book(quantities: list[float], prices: list[float], cash: float) -> Book:
    return Book(np.array(quantities), np.array(prices), cash)


HELD = book([10.0, -5.0, 0.0], [100.0, 40.0, 10.0], 1_200.0)
"""Worth 2,000: long 1,000, short 200; gross 0.6, net 0.4."""
CALM = History(peak_equity=2_000.0, session_equity=2_000.0)


def test_worth() -> None:
    assert HELD.marks.tolist() == [1_000.0, -200.0, 0.0]
    assert HELD.equity == 2_000.0


# limit, a bound that holds at the border, one that does not, the value and the asset of the breach
@pytest.mark.parametrize(
    ("limit", "holds", "broken", "value", "asset"),
    [
        ("max_positions", 2, 1, 2.0, None),
        ("max_gross", 0.6, 0.59, 0.6, None),
        ("max_net", 0.4, 0.39, 0.4, None),
        ("max_concentration", 0.5, 0.49, 0.5, 0),
        ("max_position", 1_000.0, 999.0, 1_000.0, 0),
    ],
)
def test_an_exposure_breaks_its_limit_above_it(
    limit: str, holds: float, broken: float, value: float, asset: int | None
) -> None:
    assert post_trade(HELD, RiskLimits(**{limit: holds})) == []
    (breach,) = post_trade(HELD, RiskLimits(**{limit: broken}))
    assert (breach.limit, breach.bound, breach.asset) == (limit, broken, asset)
    assert breach.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("limit", "history", "broken"),
    [
        ("max_drawdown", History(4_000.0, 2_000.0), True),  # a loss of half reaches the limit
        ("max_drawdown", History(3_999.0, 2_000.0), False),
        ("max_drawdown", History(1_000.0, 2_000.0), False),  # the book itself is the peak
        ("max_daily_loss", History(4_000.0, 4_000.0), True),
        ("max_daily_loss", History(4_000.0, 3_999.0), False),
    ],
)
def test_a_loss_breaks_its_limit_where_it_reaches_it(limit: str, history: History, broken: bool) -> None:
    found = post_trade(HELD, RiskLimits(**{limit: 0.5}), history)
    assert [breach.limit for breach in found] == ([limit] if broken else [])


def test_every_breach_is_told_in_the_order_of_the_limits() -> None:
    limits = RiskLimits(
        max_positions=1, max_gross=0.1, max_net=0.1, max_concentration=0.05, max_position=150.0, max_drawdown=0.1,
        max_daily_loss=0.1, max_orders_per_day=3,
    )  # fmt: skip
    found = post_trade(HELD, limits, History(4_000.0, 4_000.0, orders_today=4))
    assert [(breach.limit, breach.asset) for breach in found] == [
        ("max_positions", None), ("max_gross", None), ("max_net", None), ("max_concentration", 0), ("max_concentration", 1),
        ("max_position", 0), ("max_position", 1), ("max_drawdown", None), ("max_daily_loss", None), ("max_orders_per_day", None),
    ]  # fmt: skip


def test_binary_noise_breaks_nothing() -> None:
    third = book([1 / 3], [3.0], 0.0)
    assert post_trade(third, RiskLimits(max_gross=1.0, max_concentration=1.0)) == []
    neutral = book([0.1, 0.2, -0.3], [1.0, 1.0, 1.0], 100.0)
    assert float(neutral.marks.sum()) != 0.0
    assert post_trade(neutral, RiskLimits(max_net=0.0)) == []


def test_without_equity_any_position_breaks_every_fraction() -> None:
    ruined = book([1.0], [100.0], -100.0)
    found = post_trade(ruined, RiskLimits(max_gross=5.0, max_net=5.0, max_concentration=5.0))
    assert [(b.limit, b.value) for b in found] == [
        ("max_gross", math.inf), ("max_net", math.inf), ("max_concentration", math.inf),
    ]  # fmt: skip
    assert post_trade(book([0.0], [100.0], -100.0), RiskLimits(max_gross=5.0)) == []
    assert pre_trade(Order(0, 1.0), ruined, RiskLimits(max_gross=5.0)) != []
    assert pre_trade(Order(0, -1.0), ruined, RiskLimits(max_gross=5.0)) == []


@pytest.mark.parametrize(
    ("orders", "limits", "broken"),
    [
        ([Order(2, 10.0)], {"max_positions": 2}, ["max_positions"]),
        ([Order(2, 10.0), Order(1, 5.0)], {"max_positions": 2}, []),
        ([Order(0, 8.0)], {"max_gross": 1.0}, []),
        ([Order(0, 8.1)], {"max_gross": 1.0}, ["max_gross"]),
        ([Order(0, -21.0)], {"max_net": 0.6}, ["max_net"]),  # through zero to the other side
        ([Order(0, 1.0)], {"max_concentration": 0.5}, ["max_concentration"]),
        ([Order(1, -1.0)], {"max_position": 200.0}, ["max_position"]),
        ([], {"max_gross": 0.1}, []),
    ],
)
def test_orders_are_judged_by_the_book_that_they_would_make(
    orders: list[Order], limits: dict[str, Any], broken: list[str]
) -> None:
    assert [breach.limit for breach in pre_trade(orders, HELD, RiskLimits(**limits))] == broken


def test_costs_count() -> None:
    limits = RiskLimits(max_gross=1.0)
    assert pre_trade(Order(0, 8.0), HELD, limits) == []
    assert [b.limit for b in pre_trade(Order(0, 8.0), HELD, limits, fee=0.001)] == ["max_gross"]
    assert [b.limit for b in pre_trade(Order(0, 8.0), HELD, limits, slippage=0.001)] == ["max_gross"]


def test_a_book_above_its_limit_may_be_taken_closer_to_it_and_no_further_away() -> None:
    limits = RiskLimits(max_gross=0.5, max_concentration=0.4)
    assert pre_trade(Order(0, -1.0), HELD, limits, fee=0.01) == []
    assert [b.limit for b in pre_trade(Order(0, 1.0), HELD, limits)] == ["max_gross", "max_concentration"]


def test_a_hedge_is_not_taken_off_past_the_net_limit() -> None:
    assert pre_trade(Order(1, 5.0), HELD, RiskLimits(max_net=0.45)) == [
        Breach("max_net", 0.5, 0.45),
    ]


def test_after_a_loss_positions_may_only_be_reduced() -> None:
    limits, loss = RiskLimits(max_daily_loss=0.1, max_drawdown=0.1), History(3_000.0, 2_500.0)
    assert [b.limit for b in pre_trade(Order(0, 1.0), HELD, limits, loss)] == ["max_drawdown", "max_daily_loss"]
    assert pre_trade([Order(0, -10.0), Order(1, 5.0)], HELD, limits, loss) == []
    assert pre_trade(Order(0, -11.0), HELD, limits, loss) != []  # and not turned round


def test_orders_of_a_day_are_counted_with_those_before() -> None:
    limits = RiskLimits(max_orders_per_day=5)
    before = History(2_000.0, 2_000.0, orders_today=3)
    assert pre_trade([Order(0, 1.0), Order(1, 1.0)], HELD, limits, before) == []
    found = pre_trade([Order(0, 1.0), Order(1, 1.0), Order(0, -1.0)], HELD, limits, before)
    assert found == [Breach("max_orders_per_day", 6.0, 5.0)]


@pytest.mark.parametrize("limit", [{"max_drawdown": 0.1}, {"max_daily_loss": 0.1}, {"max_orders_per_day": 5}])
def test_a_limit_that_needs_history_is_never_passed_over(limit: dict[str, Any]) -> None:
    for check in (lambda: post_trade(HELD, RiskLimits(**limit)), lambda: pre_trade([], HELD, RiskLimits(**limit))):
        with pytest.raises(InputError, match="history"):
            check()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: book([1.0], [math.nan], 0.0),
        lambda: book([math.nan], [1.0], 0.0),
        lambda: book([1.0], [-1.0], 0.0),
        lambda: book([1.0], [math.inf], 0.0),
        lambda: book([1.0, 2.0], [1.0], 0.0),
        lambda: book([1.0], [1.0], math.nan),
        lambda: History(0.0, 1.0),
        lambda: History(1.0, math.nan),
        lambda: History(1.0, 1.0, -1),
        lambda: pre_trade(Order(3, 1.0), HELD, RiskLimits()),
        lambda: pre_trade(Order(-1, 1.0), HELD, RiskLimits()),
        lambda: pre_trade(Order("A", 1.0), HELD, RiskLimits()),  # type: ignore[arg-type]
        lambda: pre_trade(Order(True, 1.0), HELD, RiskLimits()),
        lambda: pre_trade(Order(0, 0.0), HELD, RiskLimits()),
        lambda: pre_trade(Order(0, math.nan), HELD, RiskLimits()),
        lambda: pre_trade(Order(0, 1.0), book([0.0], [math.nan], 10.0), RiskLimits()),
        lambda: pre_trade(Order(0, 1.0), HELD, RiskLimits(), fee=-0.1),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()


units = st.integers(-20, 20).map(float)


@given(
    st.lists(units, min_size=3, max_size=3), st.integers(500, 5_000).map(float),
    st.lists(st.builds(Order, st.integers(0, 2), units.filter(bool)), max_size=4),
)  # fmt: skip
def test_orders_that_pass_on_a_sound_book_leave_a_sound_book(
    quantities: list[float], cash: float, orders: list[Order]
) -> None:
    limits = RiskLimits(max_positions=2, max_gross=1.0, max_net=0.5, max_concentration=0.4, max_position=900.0)
    now = book(quantities, [100.0, 40.0, 10.0], cash)
    if post_trade(now, limits):
        return
    wanted = list(quantities)
    for order in orders:
        wanted[order.asset] += order.quantity
        cash -= order.quantity * (100.0, 40.0, 10.0)[order.asset]
    after = book(wanted, [100.0, 40.0, 10.0], cash)
    assert bool(pre_trade(orders, now, limits)) == bool(post_trade(after, limits))


@given(st.lists(units, min_size=3, max_size=3), st.integers(-3_000, 5_000).map(float), st.floats(0.0, 1.0))
def test_what_reduces_every_position_by_the_same_share_always_passes(
    quantities: list[float], cash: float, share: float
) -> None:
    limits = RiskLimits(max_positions=1, max_gross=0.1, max_net=0.1, max_concentration=0.1, max_drawdown=0.01)
    now = book(quantities, [100.0, 40.0, 10.0], cash)
    orders = [Order(asset, -q * share) for asset, q in enumerate(quantities) if q * share != 0.0]
    assert pre_trade(orders, now, limits, History(1e9, 1e9), fee=0.001) == []
