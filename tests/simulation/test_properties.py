"""What holds for every run, whatever the market and the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.data.market import PRICES, Market
from qt_engine.simulation.contract import Execution, Kind, Reason, SimInput, SimResult
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.plan import UNLIMITED, Risk
from reference import plans
from reference.generators import Run, markets, runs

more = settings(max_examples=3 * settings.default.max_examples)
AT_THE_OPEN = {Reason.ENTRY_SIGNAL, Reason.EXIT_SIGNAL, Reason.TIME_STOP, Reason.MAX_DRAWDOWN}


def free_of_limits(given_: SimInput) -> SimInput:
    """A small fixed quantity, so much capital that nothing is rejected, and no limit that looks at equity."""
    plan = replace(given_.plan, sizing="fixed_quantity", sizing_value=10.0, risk=Risk(max_gross=1e6))
    return given_.replace(plan=plan, cash=2.0**30)


@more
@given(runs())
def test_cash_and_equity_are_what_the_fills_make_of_them(run: Run) -> None:
    market, result = run.given.market, simulate(run.given)
    cash, held, last = run.given.cash, np.zeros(len(market.symbols)), np.zeros(len(market.symbols))
    fills = iter(result.fills)
    fill = next(fills, None)
    for t in range(len(market)):
        while fill is not None and fill["bar"] == t:
            cash = cash - fill["side"] * (fill["quantity"] * fill["price"]) - fill["fee"]
            held[fill["asset"]] = held[fill["asset"]] + fill["side"] * fill["quantity"]
            fill = next(fills, None)
        last = np.where(np.isnan(market.close[t]), last, market.close[t])
        equity = cash
        for asset in np.flatnonzero(held):
            equity = equity + held[asset] * last[asset]
        assert equity == result.equity[t]
    assert cash == result.cash
    assert fill is None
    assert {(p.asset, p.quantity) for p in result.open_positions} == {(a, held[a]) for a in np.flatnonzero(held)}


@more
@given(runs())
def test_every_fill_is_possible(run: Run) -> None:
    """It is in a bar that trades, at the open or between low and high, entries and exits take turns."""
    market, result = run.given.market, simulate(run.given)
    slip = run.given.execution.slippage_bps / 10_000
    position = dict.fromkeys(range(len(market.symbols)), 0.0)
    bar = 0
    for fill in result.fills:
        t, a = fill["bar"], fill["asset"]
        assert t >= bar
        bar = t
        price = fill["price"] / (1 + fill["side"] * slip)
        assert market.low[t, a] * (1 - 1e-12) <= price <= market.high[t, a] * (1 + 1e-12)
        assert fill["ts"] == market.ts[t]
        if fill["reason"] in AT_THE_OPEN:
            assert fill["price"] == market.open[t, a] * (1 + fill["side"] * slip)
        if fill["kind"] == Kind.ENTRY:
            assert position[a] == 0 and fill["quantity"] > 0
            position[a] = fill["side"] * fill["quantity"]
        else:
            assert position[a] == -fill["side"] * fill["quantity"] != 0
            position[a] = 0.0
        if fill["order"] >= 0:
            assert result.orders[fill["order"]]["decided_bar"] < t


@more
@given(runs())
def test_no_entry_exceeds_the_gross_limit(run: Run) -> None:
    market, result = run.given.market, simulate(run.given)
    cash, held = run.given.cash, np.zeros(len(market.symbols))
    last = np.zeros(len(market.symbols))
    marked = -1
    for fill in result.fills:
        t, a = fill["bar"], fill["asset"]
        for bar in range(marked + 1, t):
            last = np.where(np.isnan(market.close[bar]), last, market.close[bar])
        marked = max(marked, t - 1)
        marks = np.where(np.isnan(market.open[t]), last, market.open[t])
        equity = cash + float(held @ marks)
        cash = cash - fill["side"] * fill["quantity"] * fill["price"] - fill["fee"]
        held[a] += fill["side"] * fill["quantity"]
        if fill["kind"] == Kind.ENTRY:
            others = float(np.abs(held * marks).sum()) - abs(held[a] * marks[a])
            mine = fill["quantity"] * fill["price"] + fill["fee"]
            assert others + mine <= run.given.plan.risk.max_gross * equity * (1 + 1e-9) + 1e-6


@more
@given(runs(), st.sampled_from((2.0, 0.5)))
def test_prices_and_capital_in_another_currency_change_nothing(run: Run, factor: float) -> None:
    """A power of two scales every binary64 exactly, so the quantities are the same bytes."""
    given_ = run.given
    plan = given_.plan
    distances = np.where(plan.distances > 0, plan.distances * factor, plan.distances)
    value = plan.sizing_value * factor if plan.sizing == "fixed_notional" else plan.sizing_value
    execution = given_.execution.replace(tick=given_.execution.tick * factor)
    other = SimInput(
        plans.scaled(given_.market, factor), replace(plan, distances=distances, sizing_value=value), execution,
        given_.cash * factor,
    )  # fmt: skip
    one, two = simulate(given_), simulate(other)
    assert one.orders.tobytes() == two.orders.tobytes()
    for name in one.fills.dtype.names:
        scale = factor if name in ("price", "fee", "slippage") else 1
        assert (one.fills[name] * scale).tobytes() == two.fills[name].tobytes(), name
    assert (one.equity * factor).tobytes() == two.equity.tobytes()
    assert one.counters.sum_returns == two.counters.sum_returns
    assert one.counters.max_drawdown == two.counters.max_drawdown


@more
@given(runs(max_assets=3))
def test_an_idle_asset_changes_no_byte(run: Run) -> None:
    bars = len(run.given.market)
    prices = np.tile(np.linspace(5.0, 6.0, bars), (4, 1))
    prices[:, ::3] = np.nan
    plain = simulate(run.given)
    market, plan = plans.with_idle_asset(run.given.market, run.given.plan, len(run.given.market.symbols), prices)
    assert simulate(run.given.replace(market=market, plan=plan)).hash == plain.hash

    market, plan = plans.with_idle_asset(run.given.market, run.given.plan, 0, prices)
    first = simulate(run.given.replace(market=market, plan=plan))
    fills, orders = first.fills.copy(), first.orders.copy()
    fills["asset"] -= 1
    orders["asset"] -= 1
    assert first.replace(fills=fills, orders=orders).hash == plain.hash


@more
@given(runs(), st.floats(0, 100), st.floats(0, 100))
def test_higher_costs_never_pay(run: Run, one: float, other: float) -> None:
    free = free_of_limits(run.given)
    low, high = sorted((one, other))
    for name in ("fee_bps", "slippage_bps"):
        cheap, dear = (simulate(free.replace(execution=free.execution.replace(**{name: bps}))) for bps in (low, high))
        assert cheap.fills["quantity"].tobytes() == dear.fills["quantity"].tobytes()
        assert cheap.fills["bar"].tobytes() == dear.fills["bar"].tobytes()
        assert (cheap.equity - dear.equity >= -1e-5).all()  # 2^30 of capital has a step of 1e-7
        assert cheap.counters.fees + cheap.counters.slippage <= dear.counters.fees + dear.counters.slippage + 1e-5


@more
@given(runs())
def test_short_is_long_in_the_mirror(run: Run) -> None:
    """Prices reflected at a constant, sides exchanged: the same story with the same profit, to the last bit.

    Prices, distances and tick lie on one grid of quarters, where nothing is rounded.
    """
    market = run.given.market
    quarters = {name: np.round(getattr(market, name) * 4) / 4 + 1000 for name in PRICES}
    upright = replace(market, **quarters)
    upside = {"open": "open", "high": "low", "low": "high", "close": "close"}
    mirror = replace(market, **{name: 2.0**14 - quarters[source] for name, source in upside.items()})
    plan = plans.in_distances(plans.without_programs(free_of_limits(run.given).plan), 0.75)
    execution = Execution(fee_bps=0.0, slippage_bps=0.0, tick=0.25)
    long = simulate(SimInput(upright, plan, execution, 2.0**30))
    short = simulate(SimInput(mirror, plans.mirrored(plan), execution, 2.0**30))
    for name in ("ts", "bar", "asset", "order", "kind", "reason", "flags", "quantity"):
        assert long.fills[name].tolist() == short.fills[name].tolist(), name
    assert long.fills["side"].tolist() == (-short.fills["side"]).tolist()
    assert long.fills["price"].tolist() == (2.0**14 - short.fills["price"]).tolist()
    assert long.equity.tobytes() == short.equity.tobytes()
    assert long.counters.ambiguous_bars == short.counters.ambiguous_bars


@more
@given(runs(), st.data())
def test_the_future_changes_no_past(run: Run, data: st.DataObject) -> None:
    market, plan = run.given.market, run.given.plan
    cut = data.draw(st.integers(1, len(market)))
    whole = simulate(run.given)
    past = simulate(run.given.replace(market=market.head(cut), plan=plans.head(plan, cut)))
    assert past.fills.tobytes() == whole.fills[whole.fills["bar"] < cut].tobytes()
    assert past.equity.tobytes() == whole.equity[:cut].tobytes()
    made = whole.orders[whole.orders["decided_bar"] < cut]
    for name in ("id", "asset", "decided_bar", "side", "kind", "reason"):
        assert past.orders[name].tobytes() == made[name].tobytes()


@more
@given(markets(max_assets=1), st.integers(1, 9))
def test_a_time_stop_leaves_at_the_open_of_the_nth_bar(market: Market, bars: int) -> None:
    from reference.cases import plan_of

    plan = replace(
        plan_of(
            {"enter": [[0, "A", "long"]], "protect": {"time_stop": bars}, "sizing": ["fixed_quantity", 0.001]}, market
        ),
        max_entries=UNLIMITED,
    )
    result = simulate(SimInput(market, plan))
    trading = np.flatnonzero(~np.isnan(market.open[:, 0]))
    if trading.size and trading[0] == 0 and len(trading) > 1 + bars:
        assert result.fills["bar"].tolist() == [trading[1], trading[1 + bars]]
        assert result.fills["reason"].tolist() == [Reason.ENTRY_SIGNAL, Reason.TIME_STOP]


def test_a_result_names_its_bytes() -> None:
    """Two runs of one input have one hash; a change of one bit of the equity has another."""
    from reference.cases import market_of, plan_of

    market = market_of([[100, 101, 99, 100], [100, 102, 99, 101], [101, 103, 100, 102]])
    given_ = SimInput(market, plan_of({"enter": [[0, "A", "long"]], "sizing": ["fixed_quantity", 1]}, market))
    result: SimResult = simulate(given_)
    assert result.hash == simulate(given_).hash
    nudged = result.equity.copy()
    nudged[-1] = np.nextafter(nudged[-1], np.inf)
    assert result.replace(equity=nudged).hash != result.hash
