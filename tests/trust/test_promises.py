"""What holds for every run of the complete contract, seen from outside: money, units, costs, and what has no business here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.market import SPLIT, Market
from qt_engine.simulation.contract import SimInput, SimResult
from qt_engine.simulation.simulate import simulate
from reference import changed, plans
from reference.busy import busy_runs
from reference.dice import roll
from reference.generators import Run, runs

pytestmark = pytest.mark.timeout(3600)
SHARE = settings.default.max_examples / 100
"""1; in a thorough run 10."""


def rolled(count: int, first: int, **kinds: object) -> Iterator[tuple[int, Run]]:
    """Busy runs with their seeds."""
    for seed in range(first, first + round(count * SHARE)):
        yield seed, roll(busy_runs(**kinds), seed)


def test_cash_is_capital_and_what_every_account_says() -> None:
    for seed, run in rolled(600, 10_000):
        result = simulate(run.given)
        fills, counters = result.fills, result.counters
        flows = -fills["side"] * fills["quantity"] * fills["price"] - fills["fee"]
        told = (
            run.given.cash + flows.sum() - counters.borrow - counters.funding + counters.interest + counters.dividends
        )
        size = run.given.cash + np.abs(flows).sum() + np.abs(result.equity).max(initial=0.0)
        assert abs(told - result.cash) <= 1e-11 * size, seed
        assert counters.fees == pytest.approx(fills["fee"].sum(), rel=1e-12, abs=1e-9)
        held = sum(p.quantity * p.last_price for p in result.open_positions)
        assert abs(result.cash + held - result.equity[-1]) <= 1e-12 * size, seed


@pytest.mark.parametrize("kind", ("simple", "busy"))
def test_profits_of_round_trips_are_what_the_cash_gained(kind: str) -> None:
    """Where a run ends flat every profit is closed: together with what holding cost they are the change of the cash."""
    flat = 0
    for seed in range(15_000, 15_000 + round(600 * SHARE)):
        given = roll(runs() if kind == "simple" else busy_runs(), seed).given
        result = simulate(given)
        counters = result.counters
        assert counters.trades == closings(given, result), seed
        assert 0 <= counters.wins <= counters.trades
        if result.open_positions:
            continue
        profit = counters.gross_profit - counters.gross_loss
        held = counters.interest + counters.dividends - counters.borrow - counters.funding
        size = given.cash + counters.traded_notional
        assert abs(given.cash + profit + held - result.cash) <= 1e-11 * size, seed
        flat += counters.trades > 0
    assert flat > 30


def closings(given: SimInput, result: SimResult) -> int:
    """How many fills brought a position to nothing."""
    held, closed, splits = np.zeros(len(given.market.symbols)), 0, given.market.actions
    for t in range(len(given.market)):
        for _, asset, kind, value in splits[splits["bar"] == t].tolist():
            held[asset] = held[asset] * value if kind == SPLIT else held[asset]
        for fill in result.fills[result.fills["bar"] == t]:
            held[fill["asset"]] += fill["side"] * fill["quantity"]
            closed += held[fill["asset"]] == 0
    return closed


def test_units_are_what_was_bought_sold_and_split() -> None:
    """To the last bit: every position is the running sum of its fills, times the splits that it lived through."""
    for seed, run in rolled(600, 20_000):
        market, result = run.given.market, simulate(run.given)
        held = np.zeros(len(market.symbols))
        for t in range(len(market)):
            for _, asset, kind, value in market.actions[market.actions["bar"] == t].tolist():
                held[asset] = held[asset] * value if kind == SPLIT else held[asset]
            for fill in result.fills[result.fills["bar"] == t]:
                before, moved = held[fill["asset"]], fill["side"] * fill["quantity"]
                assert fill["quantity"] > 0, seed
                assert (fill["kind"] == 1) == (before * moved >= 0), seed
                assert before * moved >= 0 or abs(moved) <= abs(before), "an exit never turns a position over"
                held[fill["asset"]] = before + moved
        assert {p.asset: p.quantity for p in result.open_positions} == {
            int(a): held[a] for a in np.flatnonzero(held)
        }, seed


def test_volume_is_never_taken_twice() -> None:
    for seed, run in rolled(400, 30_000):
        share = run.given.execution.participation
        if share is None:
            continue
        fills = simulate(run.given).fills
        for bar, asset in {(int(f["bar"]), int(f["asset"])) for f in fills}:
            taken = fills["quantity"][(fills["bar"] == bar) & (fills["asset"] == asset)].sum()
            assert taken <= share * run.given.market.volume[bar, asset] * (1 + 1e-12), seed


@pytest.mark.parametrize("r", (2.0, 4.0, 0.5))
def test_a_split_changes_no_equity(r: float) -> None:
    """The market in raw prices with a split, and in adjusted ones without: one equity curve, order by order."""
    traded = 0
    for seed, run in rolled(400, 40_000):
        adjusted = changed.on_a_grid(run.given)
        bars, assets = adjusted.market.close.shape
        raw = changed.split_before(adjusted, seed % bars, seed % assets, r)
        one, other = simulate(adjusted), simulate(raw)
        np.testing.assert_allclose(other.equity, one.equity, rtol=1e-9, err_msg=str(seed))
        assert one.orders.tobytes() == other.orders.tobytes(), seed
        for name in ("bar", "asset", "order", "side", "kind", "reason", "flags", "fee"):
            assert one.fills[name].tobytes() == other.fills[name].tobytes(), (seed, name)
        worth = [fills["quantity"] * fills["price"] for fills in (one.fills, other.fills)]
        assert worth[0].tolist() == worth[1].tolist(), seed
        traded += len(other.fills) > 0 and len(other.events) > 0
    assert traded > 20


def test_higher_fees_never_pay() -> None:
    """With fixed quantities and capital without end the trades stay what they are; then each fee can only take."""
    traded = 0
    for seed, run in rolled(400, 50_000, kind="rules"):
        cheap = changed.independent_of_equity(run.given)
        costs = changed.dearer(cheap.execution, bps=seed % 7 * 1.5, per_unit=seed % 3 * 0.02, minimum=seed % 5 * 2.0)
        one, other = simulate(cheap), simulate(cheap.replace(execution=costs))
        for name in ("bar", "asset", "quantity", "price"):
            assert one.fills[name].tobytes() == other.fills[name].tobytes(), (seed, name)
        assert (one.equity - other.equity >= -1e-3).all(), seed  # the capital has a step of 2e-4
        assert other.counters.fees >= one.counters.fees - 1e-9, seed
        traded += len(one.fills) > 0
    assert traded > 100


@pytest.mark.parametrize("factor", (2.0, 0.5, 4.0))
def test_money_in_another_unit_is_the_same_story(factor: float) -> None:
    """A power of two scales every binary64 exactly: the same quantities to the last bit."""
    for seed, run in rolled(300, 60_000):
        one, other = simulate(run.given), simulate(changed.in_other_money(run.given, factor))
        assert one.orders.tobytes() == other.orders.tobytes(), seed
        for name in one.fills.dtype.names:
            scale = factor if name in ("price", "fee", "slippage") else 1
            assert (one.fills[name] * scale).tobytes() == other.fills[name].tobytes(), (seed, name)
        assert (one.equity * factor).tobytes() == other.equity.tobytes(), seed
        assert one.events["kind"].tobytes() == other.events["kind"].tobytes(), seed
        assert one.counters.sum_returns.hex() == other.counters.sum_returns.hex() or np.isnan(one.counters.sum_returns)


def test_an_asset_that_never_trades_changes_no_byte() -> None:
    for seed, run in rolled(300, 70_000, max_assets=3):
        plain, market = simulate(run.given), run.given.market
        prices = np.tile(np.linspace(5.0, 6.0, len(market)), (4, 1))
        prices[:, seed % 3 :: 3] = np.nan
        for position in (len(market.symbols), 0):
            wider, plan = plans.with_idle_asset(market, run.given.plan, position, prices)
            result = simulate(run.given.replace(market=wider, plan=plan))
            assert without(result, position).hash == plain.hash, (seed, position)


def without(result: SimResult, asset: int) -> SimResult:
    """A result in which nothing happened to an asset, told as if that column were not there."""
    rows = {name: getattr(result, name).copy() for name in ("fills", "orders", "events")}
    for table in rows.values():
        assert asset not in table["asset"]
        table["asset"] -= table["asset"] > asset
    return result.replace(**rows)


def test_what_one_asset_does_changes_no_draw_of_another() -> None:
    """Assets that share nothing but the clock: each trades as if it were alone, its failures and latencies included."""
    traded = failed = 0
    for seed, run in rolled(400, 80_000, kind="rules", max_assets=1):
        alone = changed.independent_of_equity(run.given)
        plan = replace(alone.plan, risk=replace(alone.plan.risk, max_orders_per_day=None))
        fees = tuple(regime.replace(tiers=regime.tiers[:1]) for regime in alone.execution.fees)
        execution = alone.execution.replace(fees=fees, failure_probability=0.3)
        alone = alone.replace(plan=plan, execution=execution)
        beside = other_asset(len(alone.market), seed, alone)
        one = simulate(alone)
        for position in (0, 1):
            both = simulate(changed.beside(alone, beside.market, beside.plan, position))
            mine = 1 - position
            for name in ("bar", "side", "kind", "reason", "flags", "quantity", "price", "fee"):
                assert both.fills[name][both.fills["asset"] == mine].tolist() == one.fills[name].tolist(), (seed, name)
            for name in ("decided_bar", "side", "reason", "status", "fill_bar"):
                assert both.orders[name][both.orders["asset"] == mine].tolist() == one.orders[name].tolist(), (
                    seed,
                    name,
                )
            traded += bool((both.fills["asset"] == position).any()) and len(one.fills) > 0
        failed += one.counters.failed_orders
    assert traded > 50
    assert failed > 50


def other_asset(bars: int, seed: int, given: SimInput) -> SimInput:
    """Bars and decisions of another asset, as many as `given` has."""
    for more in range(1000):
        other = roll(busy_runs(kind="rules", max_assets=1), 1_000_003 * (seed + 1) + more).given
        if len(other.market) >= bars:
            return other.replace(market=cut(other.market, bars, given.market), plan=plans.head(other.plan, bars))
    raise AssertionError("no market is long enough")


def cut(market: Market, bars: int, clock: Market) -> Market:
    return replace(market.head(bars), ts=clock.ts, close_ts=clock.close_ts, sample=clock.sample)


def test_another_seed_changes_draws_and_nothing_else() -> None:
    """Where nothing is drawn the seed changes no byte; where much is drawn it changes most runs."""
    changes = drawn = 0
    for seed, run in rolled(300, 90_000):
        execution = run.given.execution
        draws = execution.failure_probability > 0 or execution.latency is not None
        one, other = simulate(run.given), simulate(run.given.replace(seed=run.given.seed ^ 7))
        if not draws:
            assert one.hash == other.hash, seed
        elif len(one.orders) > 5 and execution.failure_probability > 0.2:
            drawn += 1
            changes += one.hash != other.hash
    assert changes > 0.8 * drawn > 5


def test_days_are_sessions() -> None:
    """The generators' hours do end in sessions: a promise of this file's own footing."""
    found = {tuple(np.diff(run.given.market.ts[:2]).tolist()) for _, run in rolled(50, 0)}
    assert any(step and step[0] < DAY_NS for step in found)
    assert any(step and step[0] >= DAY_NS for step in found)
