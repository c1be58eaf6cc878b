"""Orders and limits of rules stand in the plan as the strategy names them, bar by bar, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compiled import market_from, plan_from
from compiler.random_strategies import HEAD, choices, numbers
from compiler.test_no_look_ahead import other_future
from compiler.test_random_strategies import read
from qt_engine.data.market import Market
from qt_engine.strategies.compiler import CompiledLanes, compile_plan
from qt_engine.strategies.document import RulesDocument
from qt_engine.strategies.lanes import Lanes
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Risk
from reference.generators import markets

RULES = "params: {n: 3, f: 0.5}\nentry: {long: close > open}\nexit: {long: close < open + n + f}\n"
MARKET = market_from({"A": [10.0, 11, 12, 13], "B": [5.0, None, 7, 8]})
NAN = np.nan

# (orders, order_style)
STYLES = [
    ("{entry: {type: limit, limit: close}}", [[1, 0, 0], [0, 0, 0]]),
    ("{entry: {type: stop, stop: close, time_in_force: day}}", [[2, 1, 0], [0, 0, 0]]),
    ("{exit: {type: stop_limit, stop: close, limit: low, time_in_force: ioc}}", [[0, 0, 0], [3, 2, 0]]),
    ("{entry: {time_in_force: fok, expire_after: 2 * n}, exit: {expire_after: 7}}", [[0, 3, 6], [0, 0, 7]]),
    ("{}", [[0, 0, 0], [0, 0, 0]]),
]  # fmt: skip


@pytest.mark.parametrize(("orders", "style"), STYLES)
def test_styles(orders: str, style: list[list[int]]) -> None:
    plan = plan_from(f"{RULES}orders: {orders}\n", MARKET)
    assert plan.order_style.tolist() == style
    assert plan.order_style.dtype == np.int64


def test_prices_are_those_of_the_decision_bar() -> None:
    text = RULES + (
        "orders:\n  entry: {type: stop_limit, stop: high + n, limit: max_of}\n  exit: {type: limit, limit: previous}\n"
        'let: {previous: "close[1]", max_of: "max(close, 12)"}\n'
    )
    plan = plan_from(text, MARKET, n=2)
    expected = [
        [[12, 12], [12, NAN], [12, 12], [13, 12]],
        [[13, 8], [14, NAN], [15, 10], [16, 11]],
        [[NAN, NAN], [10, NAN], [11, 5], [12, 7]],
        [[NAN, NAN]] * 4,
    ]
    np.testing.assert_array_equal(plan.order_prices, expected)
    assert plan.order_prices.flags.c_contiguous


def test_market_orders_cost_nothing() -> None:
    plain, written = plan_from(RULES, MARKET), plan_from(f"{RULES}orders: {{entry: {{type: market}}}}\n", MARKET)
    assert plain.order_prices.size == written.order_prices.size == 0
    assert plain.hash == written.hash


def test_limits() -> None:
    text = RULES + (
        "risk: {max_positions: n, max_gross: 2.0, max_drawdown: f, max_net: 2 * f, max_concentration: f, max_position: 5e4,"
        " max_daily_loss: 5%, max_orders_per_day: 10 * n}\n"
    )
    assert plan_from(text, MARKET).risk == Risk(3, 2.0, 0.5, 1.0, 0.5, 5e4, 0.05, 30)
    assert plan_from(RULES, MARKET).risk == Risk()
    assert {type(limit) for limit in vars(plan_from(text, MARKET).risk).values()} == {int, float}


def test_styles_of_many_lanes() -> None:
    document = load_document(f"schema: 1\nname: a\nkind: rules\n{RULES}orders: {{entry: {{expire_after: n}}}}\n")
    assert isinstance(document, RulesDocument)
    lanes = CompiledLanes(document, Lanes({"n": np.array([1, 4]), "f": np.array([0.5, 0.5])}, 2), 252.0)
    assert lanes.order_styles[:, 0, 2].tolist() == [1, 4]


@given(numbers(depth=2), numbers(depth=2), choices(), markets(max_assets=3, max_bars=40), st.integers(0, 40))
def test_no_price_knows_the_future(stop: str, limit: str, chosen: dict[str, float], market: Market, bars: int) -> None:
    stop, limit = (text.replace("first", "close").replace("second", "open") for text in (stop, limit))
    document = read(
        f'{HEAD}entry: {{long: close > open}}\nexit: {{long: close < open}}\norders:\n  entry: {{type: limit, limit: "{limit}"}}\n'
        f'  exit: {{type: stop_limit, stop: "{stop}", limit: "{limit}"}}\n'
    )
    parameters, bars = resolve_parameters(document, chosen), min(bars, len(market))
    whole = compile_plan(document, parameters, market).order_prices
    head = np.ascontiguousarray(whole[:, :bars])
    assert compile_plan(document, parameters, market.head(bars)).order_prices.tobytes() == head.tobytes()
    changed = compile_plan(document, parameters, other_future(market, bars, bars)).order_prices
    assert np.ascontiguousarray(changed[:, :bars]).tobytes() == head.tobytes()
    assert np.isnan(whole[1]).all()
