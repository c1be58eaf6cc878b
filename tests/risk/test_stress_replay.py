"""A market with a scenario in it, and what the kernel makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import ACTIONS, DIVIDEND, PRICES, SPLIT, Market
from qt_engine.risk.checks import Book
from qt_engine.risk.factors import estimate, factor_returns
from qt_engine.risk.scenarios import FactorShock, HistoricalWindow, scenario
from qt_engine.risk.stress import (
    Proxy,
    StressedMarket,
    factor_scenario,
    hold,
    shocked_book,
    shocked_market,
    transplanted_market,
)
from qt_engine.simulation.contract import Execution, Reason, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.stress import stress
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from reference.generators import markets

START = int(np.datetime64("2015-01-01", "ns").astype(np.int64))


def market_of(close: np.ndarray, *, first_day: int = START, symbols: str = "ABCD") -> Market:
    """Daily bars with these closes `(T, A)`, opening a tenth above the close before."""
    opens = np.vstack([close[:1], close[:-1]]) + 0.1
    ts = first_day + np.arange(len(close), dtype=np.int64) * DAY_NS
    high, low = np.maximum(opens, close) + 0.2, np.minimum(opens, close) - 0.2
    names = list(symbols[: close.shape[1]])
    return market_from_arrays(names, "1d", ts, opens, high, low, close, np.full_like(close, 1_000.0), venue="XNYS")


def walk(bars: int = 60, assets: int = 2, seed: int = 1, **more: Any) -> Market:
    rng = np.random.default_rng(seed)
    return market_of(50.0 * np.exp(np.cumsum(rng.normal(0, 0.01, (bars, assets)), axis=0)), **more)


def window(start: date, end: date) -> HistoricalWindow:
    return HistoricalWindow(schema=1, name="past", label="Past", source="test", kind="history", start=start, end=end)


PAST_START = int(np.datetime64("2008-01-01", "ns").astype(np.int64))
PAST = walk(40, 2, seed=9, first_day=PAST_START)
TEN_DAYS = window(date(2008, 1, 11), date(2008, 1, 20))


def assert_sound(market: Market) -> None:
    traded = np.isfinite(market.close)
    for name in PRICES:
        assert (np.isfinite(getattr(market, name)) == traded).all()
        assert (getattr(market, name)[traded] > 0).all()
    assert (market.high[traded] >= np.maximum(market.open, market.close)[traded] * (1 - 1e-12)).all()
    assert (market.low[traded] <= np.minimum(market.open, market.close)[traded] * (1 + 1e-12)).all()


# Shocks


def test_a_shock_by_hand() -> None:
    market = market_of(np.full((6, 2), 100.0))
    got = shocked_market(market, [-0.19, 0.0], at=2, over=2)
    np.testing.assert_allclose(got.market.close[:, 0], [100, 100, 90, 81, 81, 81])
    np.testing.assert_allclose(got.market.open[2:5, 0], [100.1, 100.1 * 0.9, 100.1 * 0.81])
    np.testing.assert_allclose(got.market.high[3, 0], 100.3 * 0.9)
    np.testing.assert_allclose(got.market.low[3, 0], 99.8 * 0.81)
    np.testing.assert_array_equal(got.market.close[:, 1], market.close[:, 1])
    assert (got.first, got.last) == (2, 3)


def test_a_gap_happens_before_the_open() -> None:
    market = market_of(np.full((5, 1), 100.0))
    got = shocked_market(market, -0.2, at=3, gap=True)
    np.testing.assert_allclose(got.market.open[:, 0], [100.1, 100.1, 100.1, 80.08, 80.08])
    assert got.market.high[3, 0] < 81.0


@given(markets(max_bars=30), st.floats(-0.95, 2.0), st.integers(1, 5), st.booleans(), st.integers(1, 20))
def test_a_shocked_market_is_a_market_with_the_same_past_and_the_whole_shock_in_its_future(
    market: Market, shock: float, over: int, gap: bool, at: int
) -> None:
    if at + over > len(market):
        return
    got = shocked_market(market, shock, at=at, over=over, gap=gap)
    assert_sound(got.market)
    for name in PRICES:
        np.testing.assert_array_equal(getattr(got.market, name)[:at], getattr(market, name)[:at])
        changed, was = getattr(got.market, name)[got.last + 1 :], getattr(market, name)[got.last + 1 :]
        np.testing.assert_allclose(changed, was * (1 + shock))
    np.testing.assert_array_equal(got.market.ts, market.ts)
    np.testing.assert_array_equal(got.market.volume, market.volume)


def test_dividends_follow_the_price_and_splits_do_not_change() -> None:
    actions = np.array([(1, 0, DIVIDEND, 1.0), (4, 0, SPLIT, 2.0), (4, 0, DIVIDEND, 1.0)], ACTIONS)
    got = shocked_market(replace(walk(8), actions=actions), -0.5, at=3)
    assert got.market.actions["value"].tolist() == [1.0, 2.0, 0.5]


def test_a_shock_of_factors_moves_each_asset_by_its_beta() -> None:
    rng = np.random.default_rng(2)
    index = rng.normal(0, 0.01, 200)
    market = market_of(80 * np.exp(np.cumsum(index[:, None] * [1.0, 1.5], axis=0)))
    model = estimate(market, factor_returns(market, benchmark="A"))
    shock = FactorShock(
        schema=1, name="fall", label="Fall", source="test", kind="factors", factors={"market": -0.3}, over=4
    )
    got = factor_scenario(market, shock, model)
    assert (got.name, got.first, got.last) == ("fall", 196, 199)
    np.testing.assert_allclose(got.market.close[-1] / market.close[-1], [0.7, 0.7**1.5], rtol=1e-6)
    with pytest.raises(InputError, match="other symbols"):
        factor_scenario(market.asset(0), shock, model)


# Windows of the past


def test_the_returns_of_the_window_are_those_of_the_past() -> None:
    market = walk()
    got = transplanted_market(market, PAST, TEN_DAYS, at=30)
    assert (got.first, got.last) == (30, 39)
    assert_sound(got.market)
    np.testing.assert_allclose(
        np.diff(np.log(got.market.close[29:40]), axis=0), np.diff(np.log(PAST.close[9:20]), axis=0), atol=1e-12
    )
    for name in PRICES:
        np.testing.assert_allclose(
            getattr(got.market, name)[30:40] / got.market.close[29:39], getattr(PAST, name)[10:20] / PAST.close[9:19]
        )


def test_before_it_nothing_changes_and_after_it_the_market_goes_on() -> None:
    market = walk()
    got = transplanted_market(market, PAST, TEN_DAYS, at=30).market
    np.testing.assert_array_equal(got.close[:30], market.close[:30])
    np.testing.assert_allclose(
        np.diff(np.log(got.close[39:]), axis=0), np.diff(np.log(market.close[39:]), axis=0), atol=1e-12
    )
    np.testing.assert_array_equal(got.volume, market.volume)


def test_by_default_the_scenario_ends_with_the_market() -> None:
    got = transplanted_market(walk(), PAST, TEN_DAYS)
    assert (got.first, got.last) == (50, 59)


def test_a_market_replayed_upon_itself_in_its_own_place_is_itself() -> None:
    got = transplanted_market(PAST, PAST, TEN_DAYS, at=10).market
    for name in PRICES:
        np.testing.assert_allclose(getattr(got, name), getattr(PAST, name), rtol=1e-12)


def test_proxies_stand_in_with_their_beta() -> None:
    market = walk(symbols="XY")
    with pytest.raises(InputError, match="give a proxy for X"):
        transplanted_market(market, PAST, TEN_DAYS)
    got = transplanted_market(market, PAST, TEN_DAYS, proxies={"X": Proxy("A", 2.0), "Y": Proxy("B", -1.0)}).market
    past = np.log(PAST.close[19] / PAST.close[9])
    np.testing.assert_allclose(np.log(got.close[59] / got.close[49]), past * [2.0, -1.0])
    assert_sound(got)
    still = transplanted_market(market, PAST, TEN_DAYS, proxies={"X": Proxy("A", 0.0), "Y": Proxy("A")}).market
    np.testing.assert_allclose(still.close[50:, 0], still.close[49, 0])


def gappy(market: Market, bars: list[int], asset: int) -> Market:
    columns = {name: getattr(market, name).copy() for name in (*PRICES, "volume")}
    for column in columns.values():
        column[bars, asset] = np.nan
    return replace(market, **columns)


def test_what_did_not_trade_then_does_not_trade_in_the_scenario() -> None:
    got = transplanted_market(gappy(walk(), [32, 33], 0), gappy(PAST, [11, 19], 0), TEN_DAYS, at=30).market
    assert np.flatnonzero(np.isnan(got.close[:, 0])).tolist() == [31, 39]  # and what did, does
    assert_sound(got)
    np.testing.assert_array_equal(np.isnan(got.volume), np.isnan(got.close))


def test_a_split_in_the_past_is_no_crash() -> None:
    halved = {name: getattr(PAST, name).copy() for name in PRICES}
    for column in halved.values():
        column[15:, 0] /= 2.0
    split = replace(PAST, actions=np.array([(15, 0, SPLIT, 2.0)], ACTIONS), **halved)
    one, other = (transplanted_market(walk(), past, TEN_DAYS, at=30).market for past in (PAST, split))
    np.testing.assert_allclose(one.close, other.close)


def test_actions_of_the_market_within_the_scenario_are_left_out() -> None:
    rows = [(5, 0, DIVIDEND, 1.0), (31, 0, SPLIT, 2.0), (35, 1, DIVIDEND, 1.0), (50, 0, DIVIDEND, 1.0)]
    market = replace(walk(), actions=np.array(rows, ACTIONS))
    got = transplanted_market(market, PAST, TEN_DAYS, at=30).market
    assert got.actions["bar"].tolist() == [5, 50]
    assert got.actions["value"][1] == pytest.approx(got.close[50, 0] / market.close[50, 0])


# Runs

DOCUMENT = load_document(
    "schema: 1\nname: trend\nkind: rules\ninterval: 1d\nuniverse: [A]\nparams:\n  n: {type: int, default: 5, low: 2, high: 50}\n"
    "entry:\n  long: close > sma(close, n)\nexit:\n  long: close < sma(close, n) * 0.97\n  stop_loss: 5%\n",
    "trend.yaml",
)


def trend(stressed: StressedMarket) -> SimInput:
    parameters = resolve_parameters(DOCUMENT)
    return SimInput(stressed.market, compile_plan(DOCUMENT, parameters, stressed.market))


def test_a_run_through_a_scenario_is_the_run_of_its_market_on_the_same_kernel() -> None:
    market = walk(120, 1)
    crash = shocked_market(market, -0.4, at=100, over=3, gap=True)
    (outcome,) = stress(market, [crash], trend)
    alone = simulate(trend(crash))
    assert outcome.result.hash == alone.hash
    base = alone.equity[99]
    assert outcome.change == pytest.approx(alone.equity[102] / base - 1)
    assert outcome.lowest == pytest.approx(alone.equity[100:103].min() / base - 1)
    without = simulate(trend(replace(crash, market=market)))
    assert outcome.unstressed == pytest.approx(without.equity[102] / without.equity[99] - 1)
    np.testing.assert_array_equal(alone.equity[:100], without.equity[:100])


def test_a_stop_is_gapped_through_at_the_open() -> None:
    market = market_of(np.linspace(100, 130, 60)[:, None])
    (outcome,) = stress(market, [shocked_market(market, -0.3, at=50, gap=True)], trend)
    (stopped,) = [fill for fill in outcome.result.fills if fill["bar"] == 50]
    assert stopped["reason"] == Reason.STOP_LOSS
    assert outcome.change < -0.25


def test_a_scenario_that_changes_nothing_changes_nothing() -> None:
    market = walk(80)
    (outcome,) = stress(market, [shocked_market(market, 0.0, at=70)], trend)
    assert outcome.change == outcome.unstressed


def test_several_scenarios_come_back_in_their_order_with_progress() -> None:
    market, told = walk(80), []
    several = [shocked_market(market, s, at=60, name=f"s{i}") for i, s in enumerate((-0.1, 0.1, -0.5))]
    outcomes = stress(market, several, trend, progress=told.append)
    assert [outcome.name for outcome in outcomes] == ["s0", "s1", "s2"]
    assert told == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_a_strategy_that_looks_ahead_is_found_out() -> None:
    market = market_of(np.linspace(100, 130, 60)[:, None])

    def prophet(stressed: StressedMarket) -> SimInput:
        plan = trend(stressed).plan
        falls = bool(stressed.market.close[-1, 0] < stressed.market.close[0, 0])
        return SimInput(stressed.market, replace(plan, entry=-plan.entry if falls else plan.entry))

    with pytest.raises(InputError, match="looks ahead"):
        stress(market, [shocked_market(market, -0.9, at=50)], prophet)


def test_a_book_that_is_held_loses_what_its_weights_say() -> None:
    market = market_of(np.full((40, 3), 100.0))
    weights = [0.5, -0.25, 0.0]
    crash = shocked_market(market, [-0.4, -0.2, -0.9], at=30)

    def held(stressed: StressedMarket) -> SimInput:
        return SimInput(stressed.market, hold(weights, stressed), Execution(fee_bps=0.0, slippage_bps=0.0), 100_000.0)

    (outcome,) = stress(market, [crash], held)
    # bought at the open of 100.1, marked at 100 at the close before the scenario
    assert outcome.change == pytest.approx(0.5 * -0.4 + 0.25 * 0.2, abs=1e-3)
    assert outcome.unstressed == 0.0
    by_hand = shocked_book(Book(np.array([500.0, -250.0, 0.0]), np.full(3, 100.0), 75_000.0), [-0.4, -0.2, -0.9])
    assert by_hand.equity / 100_000.0 - 1 == pytest.approx(outcome.change, abs=1e-3)


def test_real_shares_through_the_crisis_of_2008(sample: Path) -> None:
    from qt_engine import Workspace

    load = partial(Workspace.open(sample).data.load, ["AAPL", "IBM", "MSFT"], "1d")
    market, history = load(start="2011-01-03", end="2012-12-31"), load(start="2008-09-02", end="2009-03-09")
    crisis = scenario("financial_crisis_2008")
    assert isinstance(crisis, HistoricalWindow)
    stressed = transplanted_market(market, history, crisis)
    fall = stressed.market.close[stressed.last] / stressed.market.close[stressed.first - 1] - 1
    before = int(np.searchsorted(history.ts, np.datetime64("2008-09-15", "ns").astype(np.int64))) - 1
    np.testing.assert_allclose(fall, history.close[-1] / history.close[before] - 1)
    assert (fall < -0.2).all()
    (outcome,) = stress(market, [stressed], trend)
    assert outcome.lowest <= outcome.change


# What is refused

MARKET = walk()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: shocked_market(MARKET, -1.0), "above -1"),
        (lambda: shocked_market(MARKET, float("nan")), "finite"),
        (lambda: shocked_market(MARKET, [0.1, 0.2, 0.3]), "one for each of 2"),
        (lambda: shocked_market(MARKET, 0.1, over=0), "over"),
        (lambda: shocked_market(MARKET, 0.1, at=0), "at"),
        (lambda: shocked_market(MARKET, 0.1, at=60), "do not fit"),
        (lambda: shocked_market(MARKET, 0.1, over=60), "do not fit"),
        (lambda: transplanted_market(MARKET, PAST, window(date(1999, 1, 1), date(1999, 2, 1))), "no bars from"),
        (lambda: transplanted_market(MARKET, PAST, window(date(2008, 1, 1), date(2008, 1, 5))), "before the window"),
        (lambda: transplanted_market(MARKET, PAST, TEN_DAYS, at=55), "do not fit"),
        (
            lambda: transplanted_market(MARKET, PAST, TEN_DAYS, proxies={"Z": Proxy("A")}),
            "which the market does not have",
        ),
        (lambda: transplanted_market(MARKET, PAST, TEN_DAYS, proxies={"A": Proxy("A", float("inf"))}), "beta"),
        (lambda: transplanted_market(gappy(MARKET, [*range(35)], 0), PAST, TEN_DAYS, at=30), "no price before"),
        (lambda: transplanted_market(MARKET, replace(PAST, interval="1h"), TEN_DAYS), "bars of 1h"),
        (lambda: hold([0.5], shocked_market(MARKET, 0.1)), "weights"),
        (lambda: hold([0.5, float("nan")], shocked_market(MARKET, 0.1)), "weights"),
        (lambda: hold([0.5, 0.5], shocked_market(MARKET, 0.1, at=1)), "two bars"),
        (lambda: shocked_book(Book(np.ones(2), np.ones(2), 0.0), [0.1]), "one for each"),
        (lambda: shocked_book(Book(np.ones(2), np.ones(2), 0.0), [0.1, -1.0]), "above -1"),
        (lambda: stress(PAST, [shocked_market(MARKET, 0.1)], trend), "another market"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        wrong()
    assert "\n" not in str(caught.value)
