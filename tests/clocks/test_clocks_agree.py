"""The same trades at finer and coarser clocks: what agrees to the last bit, and which way the rest differs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clocks.traded import COSTS, TICK, Traded, dense_histories, histories, level_runs, market_orders, signals
from qt_engine.data.market import Market
from qt_engine.simulation.contract import AMBIGUOUS, Execution, Reason, RiskLimits, SimInput, SimResult
from qt_engine.simulation.refine import closing_bars, refine
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.plan import SIZING_METHODS, UNLIMITED, OrderType, Plan, TimeInForce

some = settings(max_examples=settings.default.max_examples // 2)
TRADE = ["asset", "order", "side", "kind", "reason", "flags", "quantity", "price", "fee", "slippage"]
BY_BAR = {"bars", "bars_with_position", "sum_equity", "ambiguous_bars"}
"""Counters that count bars, or sum over them."""


def both(run: SimInput, finer: Market) -> tuple[SimResult, SimResult, np.ndarray]:
    """The run on its own bars and on the finer ones, and the finer bar that closes with each of its own."""
    return simulate(run), simulate(refine(run, finer)), closing_bars(run.market, finer)


def assert_same(run: SimInput, finer: Market) -> None:
    """The same fills, orders and equity at common closes, as bytes."""
    coarse, fine, closing = both(run, finer)
    assert fine.fills[TRADE].tolist() == coarse.fills[TRADE].tolist()
    assert fine.equity[closing].tobytes() == coarse.equity.tobytes()
    names = ["id", "asset", "side", "kind", "reason", "status"]
    assert fine.orders[names].tolist() == coarse.orders[names].tolist()
    told, wanted = vars(fine.counters), vars(coarse.counters)
    for name in sorted(wanted.keys() - BY_BAR):
        assert told[name] == wanted[name] or (math.isnan(told[name]) and math.isnan(wanted[name])), name
    assert math.isclose(fine.cash, coarse.cash)


@given(market_orders(histories()), st.sampled_from(SIZING_METHODS[:4]))
def test_market_orders_decided_at_the_same_closes_fill_alike_at_every_clock(
    drawn: tuple[SimInput, tuple[Market, ...]], sizing: str
) -> None:
    run, finer = drawn
    amount = {"fixed_quantity": 10.0, "fixed_notional": 400.0, "equity_fraction": 0.7, "volatility_target": 0.2}[sizing]
    volatility = 0.1 + np.arange(len(run.market), dtype=float)[:, None] / 20
    plan = replace(run.plan, sizing=sizing, sizing_value=amount, volatility=volatility)
    given_ = SimInput(run.market, plan, run.execution, 10_000.0)
    for market in finer:
        assert_same(given_, market)


@some
@given(market_orders(histories(assets=3)))
def test_assets_that_trade_at_other_times_fill_alike(drawn: tuple[SimInput, tuple[Market, ...]]) -> None:
    """One bar of the coarse clock is many moments of a finer one: fills are the same, in the order of those moments."""
    run, finer = drawn
    for market in finer:
        coarse, fine, closing = both(run, market)
        for asset in range(3):
            rows = [result.fills[result.fills["asset"] == asset] for result in (fine, coarse)]
            names = [name for name in TRADE if name != "order"]
            assert rows[0][names].tolist() == rows[1][names].tolist()
        np.testing.assert_allclose(fine.equity[closing], coarse.equity, rtol=1e-12)


@some
@given(dense_histories(), st.data())
def test_what_is_counted_in_bars_is_counted_in_as_many_finer_ones(traded: Traded, data: st.DataObject) -> None:
    plan = signals(data.draw, traded.coarse)
    plan = replace(
        plan, cooldown=data.draw(st.integers(0, 4)), time_stop=np.array(data.draw(st.sampled_from(((2, UNLIMITED), (1, 3), (5, 5))))),
        sizing="equity_fraction", sizing_value=0.4, risk=replace(plan.risk, max_gross=1.0, max_positions=data.draw(st.sampled_from((1, 2)))),
    )  # fmt: skip
    failing = data.draw(COSTS).model_copy(update={"failure_probability": data.draw(st.sampled_from((0.0, 0.3)))})
    assert_same(SimInput(traded.coarse, plan, failing, 10_000.0, seed=7), traded.finer[0])


@some
@given(dense_histories(assets=3), st.data())
def test_targets_of_portfolios_fill_alike(traded: Traded, data: st.DataObject) -> None:
    dice = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    bars = np.flatnonzero(dice.random(len(traded.coarse)) < 0.4)
    target = np.round(dice.uniform(-0.4, 0.6, (len(bars), 3)), 2)
    assert_same(SimInput(traded.coarse, Plan.of_targets(bars, target), data.draw(COSTS), 10_000.0), traded.finer[0])


@some
@given(level_runs(steps=False))
def test_levels_are_met_in_the_bar_that_contains_them(drawn: tuple[SimInput, tuple[Market, ...]]) -> None:
    run, finer = drawn
    for market in finer:
        coarse, fine, closing = both(run, market)
        assert len(fine.fills) == len(coarse.fills)
        assert np.searchsorted(closing, fine.fills["bar"]).tolist() == coarse.fills["bar"].tolist()
        for one, other in zip(fine.fills, coarse.fills, strict=True):
            better = -one["side"] * (one["price"] - other["price"])  # for whom it fills, at the finer clock
            if one["flags"] & AMBIGUOUS:
                assert other["flags"] & AMBIGUOUS
            if other["flags"] & AMBIGUOUS:
                assert other["reason"] == Reason.STOP_LOSS
                continue
            assert one["reason"] == other["reason"]
            if other["reason"] == Reason.STOP_LOSS:
                assert better <= 0.0  # a gap inside the coarse bar is seen
            elif other["reason"] == Reason.TAKE_PROFIT:
                assert better >= 0.0
            else:
                assert better == 0.0


@some
@given(level_runs(steps=True))
def test_where_no_level_is_jumped_over_only_ambiguous_bars_differ_for_the_better(
    drawn: tuple[SimInput, tuple[Market, ...]],
) -> None:
    run, finer = drawn
    for market in finer:
        coarse, fine, closing = both(run, market)
        for one, other in zip(fine.fills, coarse.fills, strict=True):
            if other["flags"] & AMBIGUOUS:
                assert -one["side"] * (one["price"] - other["price"]) >= 0.0
            else:
                assert one[TRADE].tolist() == other[TRADE].tolist()
        assert np.all(fine.equity[closing] >= coarse.equity - 1e-12 * run.cash)
        if coarse.counters.ambiguous_bars == 0:
            assert fine.equity[closing].tobytes() == coarse.equity.tobytes()
        assert fine.counters.ambiguous_bars <= coarse.counters.ambiguous_bars


@given(
    st.booleans().flatmap(lambda steps: st.tuples(st.just(steps), market_orders(histories(steps=steps)))), st.integers(-6, 6),
    st.sampled_from((TimeInForce.GTC, TimeInForce.DAY)), st.sampled_from((None, 1, 2)),
)  # fmt: skip
def test_resting_limits_fill_in_the_same_coarse_bars(
    drawn: tuple[bool, tuple[SimInput, tuple[Market, ...]]], ticks: int, force: TimeInForce, most: int | None
) -> None:
    """Day orders end, and orders are counted, by the sessions of the coarse market."""
    steps, (run, finer) = drawn
    style = np.array([[OrderType.LIMIT, force, 0], [OrderType.LIMIT, force, 0]])
    plan = replace(
        run.plan, order_style=style, order_prices=np.repeat((run.market.close + ticks * TICK)[None], 4, axis=0)
    )
    resting = SimInput(run.market, plan, run.execution, 1e9, risk=RiskLimits(max_orders_per_day=most))
    for market in finer:
        coarse, fine, closing = both(resting, market)
        assert fine.orders["status"].tolist() == coarse.orders["status"].tolist()
        assert len(fine.events) == len(coarse.events)
        assert np.searchsorted(closing, fine.fills["bar"]).tolist() == coarse.fills["bar"].tolist()
        for one, other in zip(fine.fills, coarse.fills, strict=True):
            better = -one["side"] * (one["price"] - other["price"])
            assert better == 0.0 if steps else better >= 0.0


@some
@given(level_runs(steps=False))
def test_in_two_steps_as_in_one(drawn: tuple[SimInput, tuple[Market, ...]]) -> None:
    run, finer = drawn
    between = finer[len(finer) // 2]
    step = refine(run, between)
    assert refine(step, finer[0]).plan.hash == refine(run, finer[0]).plan.hash
    assert simulate(refine(step, finer[0])).hash == simulate(refine(run, finer[0])).hash


@some
@given(level_runs(steps=False))
def test_a_clock_refines_itself_to_the_same_run(drawn: tuple[SimInput, tuple[Market, ...]]) -> None:
    run, _ = drawn
    assert refine(run, run.market).plan.hash == run.plan.hash
    assert_same(run, run.market)


def test_the_properties_above_look_at_something() -> None:
    """Hypothesis reaches fills of every reason, ambiguous ones among them, and clocks that disagree."""
    seen: set[tuple[int, bool]] = set()
    differ = 0

    @settings(max_examples=250, database=None, derandomize=True)
    @given(level_runs(steps=True))
    def look(drawn: tuple[SimInput, tuple[Market, ...]]) -> None:
        nonlocal differ
        coarse, fine, closing = both(drawn[0], drawn[1][0])
        seen.update((int(fill["reason"]), bool(fill["flags"])) for fill in coarse.fills)
        differ += coarse.equity.tolist() != fine.equity[closing].tolist()

    look()
    assert {
        (Reason.STOP_LOSS, True),
        (Reason.STOP_LOSS, False),
        (Reason.TAKE_PROFIT, False),
        (Reason.EXIT_SIGNAL, False),
    } <= seen
    assert differ > 5


@some
@given(dense_histories(assets=1), st.integers(0, 10**6))
def test_latency_is_the_same_draw_at_every_clock(traded: Traded, seed: int) -> None:
    """So an order that a coarse clock fills at an open has arrived in the bar before it, and the finer clock fills it there."""
    coarse = traded.coarse
    length = int(coarse.close_ts[0] - coarse.ts[0]) // 1_000_000
    late = Execution(latency={"distribution": "uniform", "low": 0, "high": 5 * length}, fee_bps=0.0)
    run = SimInput(coarse, _first_close(coarse), late, seed=seed)
    told, fine, closing = both(run, traded.finer[0])
    if len(told.fills):
        assert int(told.fills["bar"][0]) - int(np.searchsorted(closing, fine.fills["bar"][0])) in (0, 1)
    else:
        assert np.all(fine.fills["bar"] > closing[-2])


def _first_close(market: Market) -> Plan:
    """One unit is bought, decided at the first close."""
    shape = market.close.shape
    entry = np.zeros(shape, np.int8)
    entry[0] = 1
    never = np.zeros(shape, np.uint8)
    nothing = np.zeros((2, 3))
    return Plan(entry, never, never, nothing.astype(np.int64), nothing, np.full(2, UNLIMITED), "fixed_quantity", 1.0)
