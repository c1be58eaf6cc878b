"""Single rules of the complete contract, each watched from outside in busy runs: what may never be seen in a result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings

from qt_engine.data.market import DIVIDEND, SPLIT, Market
from qt_engine.simulation.contract import Event, Kind, Reason, SimInput, SimResult, Status
from qt_engine.simulation.execution import FeeRegime, FeeTier
from qt_engine.simulation.simulate import simulate
from reference import plans
from reference.busy import busy_runs
from reference.dice import roll

pytestmark = pytest.mark.timeout(3600)
SHARE = settings.default.max_examples / 100
"""1; in a thorough run 10."""
FREE = {"latency": None, "failure_probability": 0.0, "participation": None}


def inputs(count: int, first: int, **kinds: object) -> Iterator[tuple[int, SimInput]]:
    """Busy inputs with their seeds."""
    for seed in range(first, first + round(count * SHARE)):
        yield seed, roll(busy_runs(**kinds), seed).given


def replayed(given: SimInput, result: SimResult) -> Iterator[tuple[int, np.ndarray, np.void | None]]:
    """(bar, units held, fill) after the splits of each bar (no fill) and then before each of its fills."""
    held = np.zeros(len(given.market.symbols))
    actions = given.market.actions
    for t in range(len(given.market)):
        yield t, held, None
        for _, asset, kind, value in actions[actions["bar"] == t].tolist():
            held[asset] = held[asset] * value if kind == SPLIT else held[asset]
        for fill in result.fills[result.fills["bar"] == t]:
            yield t, held, fill
            held[fill["asset"]] += fill["side"] * fill["quantity"]


def test_the_future_changes_no_past() -> None:
    for seed, given in inputs(200, 100_000):
        cut = 1 + seed % len(given.market)
        whole = simulate(given)
        past = simulate(given.replace(market=given.market.head(cut), plan=plans.head(given.plan, cut)))
        assert past.fills.tobytes() == whole.fills[whole.fills["bar"] < cut].tobytes(), seed
        assert past.events.tobytes() == whole.events[whole.events["bar"] < cut].tobytes(), seed
        assert past.equity.tobytes() == whole.equity[:cut].tobytes(), seed


def test_a_market_order_fills_at_its_next_open() -> None:
    """Without latency, failures and budgets: in the first traded bar after its decision, or never."""
    filled = 0
    for seed, given in inputs(300, 110_000):
        given = given.replace(execution=given.execution.replace(**FREE))
        result, market = simulate(given), given.market
        for order in result.orders:
            row = 0 if order["kind"] == Kind.ENTRY else 1
            at_market = order["kind"] == Kind.TARGET or given.plan.order_style[row, 0] == 0
            if order["status"] == Status.FILLED and at_market:
                assert order["fill_bar"] == first_traded(market, order["asset"], order["decided_bar"] + 1), seed
                filled += 1
    assert filled > 300


def first_traded(market: Market, asset: int, bar: int) -> int:
    return bar + int(np.flatnonzero(~np.isnan(market.close[bar:, asset]))[0])


def test_an_order_that_expires_after_n_bars_fills_in_n_bars() -> None:
    seen = 0
    for seed, given in inputs(600, 120_000, kind="rules"):
        given = given.replace(execution=given.execution.replace(latency=None, failure_probability=0.0))
        result, market = simulate(given), given.market
        for fill in result.fills[result.fills["order"] >= 0]:
            order = result.orders[fill["order"]]
            bars = int(given.plan.order_style[0 if order["kind"] == Kind.ENTRY else 1, 2])
            if bars and order["reason"] in (Reason.ENTRY_SIGNAL, Reason.EXIT_SIGNAL):
                closes = market.close[order["decided_bar"] + 1 : fill["bar"] + 1, order["asset"]]
                assert np.count_nonzero(~np.isnan(closes)) <= bars, seed
                seen += 1
    assert seen > 100


def test_an_order_pays_its_minimum_once() -> None:
    several = 0
    for seed, given in inputs(300, 130_000):
        regime = FeeRegime(tiers=(FeeTier(maker_bps=7.0, taker_bps=7.0),), minimum=9.0)
        result = simulate(given.replace(execution=given.execution.replace(fees=(regime,), participation=0.1)))
        of_orders = defaultdict(list)
        for fill in result.fills[result.fills["order"] >= 0]:
            of_orders[int(fill["order"])].append(fill)
        for fills in of_orders.values():
            due = max(sum(f["quantity"] * f["price"] * 7.0 / 10_000 for f in fills), 9.0)
            assert sum(f["fee"] for f in fills) == pytest.approx(due, rel=1e-9), seed
            several += len(fills) > 1
    assert several > 50


def test_the_rest_of_a_protective_exit_leaves_before_anything_else() -> None:
    rests = 0
    for seed, given in inputs(400, 140_000, kind="rules"):
        leaving: dict[int, int] = {}
        result = simulate(given)
        for _, held, fill in replayed(given, result):
            if fill is None:
                continue
            asset = int(fill["asset"])
            if asset in leaving:
                assert (fill["order"], fill["reason"]) == (-1, leaving.pop(asset)), seed
                rests += 1
            if fill["order"] < 0 and held[asset] + fill["side"] * fill["quantity"] != 0:
                leaving[asset] = int(fill["reason"])
    assert rests > 50


def test_dividends_and_borrow_are_paid_by_who_owes_them() -> None:
    paid = 0
    for seed, given in inputs(1000, 150_000):
        result = simulate(given)
        assert result.counters.borrow >= 0, seed
        told = {(int(e["bar"]), int(e["asset"])): e["value"] for e in result.events if e["kind"] == Event.DIVIDEND}
        actions = given.market.actions
        for t, held, fill in replayed(given, result):
            today = actions[actions["bar"] == t]
            if fill is not None or len(np.unique(today["asset"])) < len(today):
                continue
            for _, asset, kind, value in today.tolist():
                if kind == DIVIDEND and held[asset] != 0:
                    assert told.pop((t, asset)) == held[asset] * value, seed
                    paid += 1
    assert paid > 20


def test_limits_of_counts_are_never_passed() -> None:
    for seed, given in inputs(600, 160_000):
        result = simulate(given)
        most = [n for n in (given.plan.risk.max_orders_per_day, given.risk.max_orders_per_day) if n is not None]
        sessions = np.cumsum(given.market.sample)
        made = result.orders[result.orders["kind"] != Kind.EXIT]
        for session in np.unique(sessions[made["decided_bar"]]) if most else ():
            assert np.count_nonzero(sessions[made["decided_bar"]] == session) <= min(most), seed
        most = [n for n in (given.plan.risk.max_positions, given.risk.max_positions) if n is not None]
        for _, held, _ in replayed(given, result) if most else ():
            assert np.count_nonzero(held) <= min(most), seed


def test_a_long_portfolio_never_spends_what_it_has_not() -> None:
    """With weights of one sign and gross at most 1 the cash stays at or above 0, fees included."""
    scaled = 0
    for seed, given in inputs(300, 170_000, kind="portfolio"):
        plan = replace(given.plan, target=np.abs(given.plan.target), risk=replace(given.plan.risk, max_gross=1.0))
        plan = replace(plan, risk=replace(plan.risk, max_net=None))
        costs = given.execution.replace(impact=None, volume_share=None, fees=(), carry=None, fee_bps=30.0)
        market = replace(given.market, actions=given.market.actions[:0])
        result = simulate(given.replace(plan=plan, execution=costs, market=market))
        cash = given.cash + np.cumsum(
            -result.fills["side"] * result.fills["quantity"] * result.fills["price"] - result.fills["fee"]
        )
        scaled += bool(np.any(np.abs(cash) < 1e-6 * given.cash))
        assert (cash >= -1e-9 * given.cash).all(), seed
    assert scaled > 20


def test_losses_of_a_day_are_measured_from_its_beginning() -> None:
    seen = 0
    for seed, given in inputs(600, 180_000):
        result, sample = simulate(given), given.market.sample
        for event in result.events[result.events["kind"] == Event.MAX_DAILY_LOSS]:
            before = np.flatnonzero(sample[: event["bar"]])
            base = result.equity[before[-1]] if len(before) else given.cash
            assert event["value"] == 1.0 - result.equity[event["bar"]] / base, seed
            seen += len(before) > 0
    assert seen > 10


def test_a_limit_that_stays_passed_is_told_once() -> None:
    for seed, given in inputs(300, 190_000, kind="rules"):
        told = [(int(e["bar"])) for e in simulate(given).events if e["kind"] == Event.MAX_GROSS]
        assert not np.any(np.diff(told) == 1), seed


def test_a_halted_run_tries_to_leave_until_it_is_flat() -> None:
    left = 0
    for seed, given in inputs(1000, 200_000):
        execution = given.execution.replace(participation=None, failure_probability=0.5)
        result = simulate(given.replace(execution=execution))
        if result.counters.halted:
            working = result.orders[(result.orders["status"] == Status.EXPIRED) & (result.orders["kind"] == Kind.EXIT)]
            assert {p.asset for p in result.open_positions} <= set(working["asset"].tolist()), seed
            left += np.count_nonzero(result.orders["status"] == Status.FAILED) > 0
    assert left > 20
