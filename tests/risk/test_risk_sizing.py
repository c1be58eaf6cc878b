"""Sizing means what the kernel does with it; Kelly and leverage have the answers of the literature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.risk.kelly import kelly_binary, kelly_gaussian, kelly_of_trades, kelly_weights
from qt_engine.risk.leverage import realised_volatility, volatility_target_leverage
from qt_engine.risk.sizing import (
    buying_power,
    entry_quantity,
    equity_fraction,
    fixed_notional,
    fixed_quantity,
    risk_per_trade,
    volatility_target,
)
from qt_engine.simulation.contract import Kind, Status
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.plan import SIZING_METHODS
from reference.generators import Run, runs
from reference.simulator import Position, Simulator


def test_one_of_each_by_hand() -> None:
    assert float(fixed_quantity(10)) == 10.0
    assert float(fixed_notional(1_000, 50)) == 20.0
    assert float(equity_fraction(0.5, 10_000, 50)) == 100.0
    assert float(volatility_target(0.1, 0.4, 10_000, 50)) == 50.0
    assert float(risk_per_trade(0.01, 10_000, 50, 48)) == 50.0
    assert float(buying_power(10_000, 4_000, 50, max_gross=1.0, fee=0.0)) == 120.0


def replayed(run: Run) -> tuple[list[float], list[float]]:
    """Quantities of every entry, and of every order rejected in a bar without fills: the kernel's, and ours."""
    market, plan, execution = run.given.market, run.given.plan, run.given.execution
    result = simulate(run.given)
    levels = Simulator(market, plan, execution, run.given.cash)
    fee, slippage = execution.fee_bps / 10_000, execution.slippage_bps / 10_000

    def ours(t: int, asset: int, side: int, decided: int, cash: float, held: list[float]) -> float:
        equity, gross = cash, 0.0
        for other, quantity in enumerate(held):
            if quantity != 0.0:
                mark = market.open[t, other]
                if math.isnan(mark):
                    mark = next(x for x in market.close[:t, other][::-1] if not math.isnan(x))
                equity, gross = equity + quantity * mark, gross + abs(quantity * mark)
        price = float(market.open[t, asset])
        distances = {
            column: float(plan.distances[int(plan.protect_value[0 if side > 0 else 1, column]), decided, asset])
            for column in range(3)
            if plan.protect_kind[0 if side > 0 else 1, column] == 2
        }
        stop, _ = levels.effective_stop(Position(asset, side, 1.0, price, price, 0.0, t, price, distances))
        got = entry_quantity(
            plan.sizing, plan.sizing_value, price=price, equity=equity, side=side, gross=gross, slippage=slippage, fee=fee,
            max_gross=plan.risk.max_gross, stop=stop,
            volatility=plan.volatility[decided, asset] if plan.volatility.size else math.nan,
        )  # fmt: skip
        return float(got)

    events = [(int(row["bar"]), 1, int(row["sequence"]), row) for row in result.fills]
    busy = {bar for bar, *_ in events}
    rejected = result.orders[result.orders["status"] == Status.REJECTED]
    events += [(int(row["fill_bar"]), 0, int(row["id"]), row) for row in rejected if int(row["fill_bar"]) not in busy]
    cash, held = run.given.cash, [0.0] * len(market.symbols)
    theirs, mine = [], []
    for bar, filled, _, row in sorted(events, key=lambda event: event[:3]):
        asset, side = int(row["asset"]), int(row["side"])
        if not filled:
            theirs.append(0.0)
            mine.append(ours(bar, asset, side, int(row["decided_bar"]), cash, held))
            continue
        if row["kind"] == Kind.ENTRY:
            decided = int(result.orders["decided_bar"][int(row["order"])])
            theirs.append(float(row["quantity"]))
            mine.append(ours(bar, asset, side, decided, cash, held))
            held[asset] = side * float(row["quantity"])
        else:
            held[asset] = 0.0
        cash = cash - side * (float(row["quantity"]) * float(row["price"])) - float(row["fee"])
    return theirs, mine


@given(runs(max_assets=3, max_bars=40))
def test_the_quantity_is_what_the_kernel_fills_to_the_last_bit(run: Run) -> None:
    theirs, mine = replayed(run)
    assert mine == theirs


amounts = st.floats(1.0, 1e6)


@given(st.sampled_from(SIZING_METHODS), st.floats(0.01, 2.0), amounts, st.floats(0.01, 1e4), st.sampled_from((1, -1)))
def test_no_quantity_exceeds_the_buying_power(
    method: str, value: float, equity: float, price: float, side: int
) -> None:
    quantity = entry_quantity(
        method,
        value,
        price=price,
        equity=equity,
        side=side,
        fee=0.001,
        slippage=0.0002,
        volatility=0.2,
        stop=price * 0.9,
    )  # type: ignore[call-overload,unused-ignore]
    unit = price * (1 + side * 0.0002)
    assert 0.0 <= float(quantity) <= float(buying_power(equity, 0.0, unit, fee=0.001)) * (1 + 1e-12)


def test_arrays_are_sized_as_their_elements_are() -> None:
    price, equity = np.array([[10.0], [20.0], [31.0]]), np.array([1_000.0, 5_000.0])
    for method in SIZING_METHODS:
        together = entry_quantity(method, 0.3, price=price, equity=equity, volatility=0.25, stop=9.0)
        assert together.shape == (3, 2)
        for i, p in enumerate(price[:, 0]):
            for j, e in enumerate(equity):
                assert together[i, j] == float(
                    entry_quantity(method, 0.3, price=p, equity=e, volatility=0.25, stop=9.0)
                )


@pytest.mark.parametrize(
    ("method", "facts"),
    [
        ("volatility_target", {"volatility": 0.0}),
        ("volatility_target", {"volatility": math.nan}),
        ("risk_per_trade", {"stop": 100.0}),
        ("risk_per_trade", {"stop": math.nan}),
        ("risk_per_trade", {"stop": -math.inf}),
        ("fixed_quantity", {"gross": 9_999.0}),
        ("equity_fraction", {"gross": 10_000.0}),
        ("equity_fraction", {"equity": -5.0}),
    ],
)
def test_what_cannot_be_sized_is_0(method: str, facts: dict[str, float]) -> None:
    given_facts = {"price": 100.0, "equity": 10_000.0} | facts
    assert float(entry_quantity(method, 1.0, **given_facts)) == 0.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: fixed_quantity(0.0),
        lambda: fixed_notional(-1.0, 5.0),
        lambda: equity_fraction(math.nan, 1.0, 1.0),
        lambda: entry_quantity("all_in", 1.0, price=1.0, equity=1.0),  # type: ignore[arg-type]
        lambda: entry_quantity("equity_fraction", 1.0, price=math.nan, equity=1.0),
        lambda: entry_quantity("equity_fraction", 1.0, price=1.0, equity=math.inf),
        lambda: entry_quantity("equity_fraction", 1.0, price=0.0, equity=1.0),
        lambda: kelly_binary(1.1, 1.0),
        lambda: kelly_binary(math.nan, 1.0),
        lambda: kelly_binary(0.5, 0.0),
        lambda: kelly_binary(0.5, 1.0, share=0.0),
        lambda: kelly_binary(0.5, 1.0, share=1.5),
        lambda: kelly_gaussian(0.1, 0.0),
        lambda: kelly_gaussian(math.nan, 0.1),
        lambda: kelly_weights([0.1, 0.1], [[1.0, 1.0], [1.0, 1.0]]),
        lambda: kelly_weights([0.1, 0.1], [[1.0]]),
        lambda: kelly_of_trades([]),
        lambda: kelly_of_trades([0.1, math.nan]),
        lambda: kelly_of_trades([0.1, 0.2]),
        lambda: kelly_of_trades([0.1, -1.2]),
        lambda: volatility_target_leverage([0.1, math.nan, 0.1], 0.1, 252),
        lambda: volatility_target_leverage([0.1] * 30, -0.1, 252),
        lambda: volatility_target_leverage([0.1] * 30, 0.1, 0),
        lambda: volatility_target_leverage([0.1] * 30, 0.1, 252, window=1),
        lambda: volatility_target_leverage([0.1] * 30, 0.1, 252, estimate="garch"),  # type: ignore[arg-type]
        lambda: volatility_target_leverage([0.1] * 30, 0.1, 252, estimate="ewma", decay=1.0),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(InputError) as caught:
        wrong()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("probability", "payoff", "fraction"),
    [(0.6, 1.0, 0.2), (0.5, 2.0, 0.25), (0.4, 1.0, 0.0), (1.0, 3.0, 1.0), (0.0, 9.0, 0.0)],
)
def test_kelly_of_a_bet(probability: float, payoff: float, fraction: float) -> None:
    assert float(kelly_binary(probability, payoff)) == pytest.approx(fraction)
    assert float(kelly_binary(probability, payoff, share=0.5)) == pytest.approx(fraction / 2)


def test_kelly_of_a_continuous_return() -> None:
    # Thorp's example: the S&P 500 with a mean of 11 %, a rate of 6 % and a deviation of 15 %: 2.22
    assert float(kelly_gaussian(0.11 - 0.06, 0.15**2)) == pytest.approx(2.2222, abs=1e-4)
    assert float(kelly_gaussian(-0.05, 0.04, share=0.5)) == pytest.approx(-0.625)


def test_kelly_of_independent_assets_is_that_of_each() -> None:
    mean, variance = np.array([0.05, -0.02]), np.array([0.04, 0.09])
    np.testing.assert_allclose(kelly_weights(mean, np.diag(variance)), kelly_gaussian(mean, variance))


def test_kelly_of_trades_is_that_of_the_bet_that_they_were() -> None:
    assert kelly_of_trades([1.0] * 6 + [-1.0] * 4) == pytest.approx(0.2, abs=1e-12)
    assert kelly_of_trades([2.0, -1.0], share=0.5) == pytest.approx(0.125, abs=1e-12)
    assert kelly_of_trades([0.1, -0.2]) == 0.0


@settings(max_examples=50)
@given(st.lists(st.integers(-100, 150).map(lambda x: x / 100), min_size=2, max_size=30).filter(lambda x: min(x) < 0))
def test_no_other_fraction_would_have_grown_faster(trades: list[float]) -> None:
    r, best = np.array(trades), kelly_of_trades(trades)

    def growth(f: float) -> float:
        with np.errstate(divide="ignore"):
            return float(np.log(np.maximum(1.0 + f * r, 0.0)).mean())

    assert all(growth(best) >= growth(f) - 1e-12 for f in np.linspace(0.0, -1.0 / r.min(), 60))


def test_leverage_sees_no_return_that_it_is_applied_to() -> None:
    sample = np.random.default_rng(5).normal(0, 0.01, 120)
    for estimate in ("sample", "ewma"):
        whole = volatility_target_leverage(sample, 0.1, 252, estimate=estimate, max_leverage=3.0)  # type: ignore[arg-type]
        for cut in (21, 40, 119):
            part = np.concatenate([sample[:cut], np.full(120 - cut, 0.3)])
            other = volatility_target_leverage(part, 0.1, 252, estimate=estimate, max_leverage=3.0)  # type: ignore[arg-type]
            np.testing.assert_array_equal(other[: cut + 1], whole[: cut + 1])
    assert (whole[:21] == 0.0).all() and (whole[21:] > 0.0).all()


def test_leverage_by_hand() -> None:
    sample = np.array([0.01, -0.01, 0.03, 0.0])
    known = realised_volatility(sample, 4, window=2)
    np.testing.assert_allclose(known[1:], np.array([0.02, 0.04, 0.03]) / math.sqrt(2) * 2)
    leverage = volatility_target_leverage(sample, 0.02, 4, window=2, max_leverage=0.6)
    np.testing.assert_allclose(leverage, [0.0, 0.0, 0.6, 0.02 / known[2]])


def test_a_series_shorter_than_the_window_is_not_traded() -> None:
    assert (volatility_target_leverage([0.01, -0.01, 0.02], 0.1, 252) == 0.0).all()


def test_a_series_that_does_not_move_gets_the_most_that_is_allowed() -> None:
    assert volatility_target_leverage(np.zeros(40), 0.1, 252, max_leverage=2.5)[30] == 2.5


def test_scaled_to_its_target_a_series_has_it() -> None:
    rng = np.random.default_rng(9)
    sample = rng.normal(0, 0.01, 4_000) * np.repeat([0.5, 1.0, 2.0, 4.0], 1_000)
    leverage = volatility_target_leverage(sample, 0.1, 252, window=40, max_leverage=10.0)
    managed = (leverage * sample)[50:]
    assert managed.std() * math.sqrt(252) == pytest.approx(0.1, rel=0.1)
