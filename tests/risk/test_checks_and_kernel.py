"""A book that is checked by hand breaks the limits that the kernel says it broke, in the same bar."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from qt_engine.risk.checks import Book, History, post_trade
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation.contract import Event, SimInput, SimResult
from qt_engine.simulation.simulate import simulate
from reference.generators import Run, runs

EXPOSURES = {"max_gross": Event.MAX_GROSS, "max_net": Event.MAX_NET, "max_concentration": Event.MAX_CONCENTRATION}


def books(given_input: SimInput, result: SimResult) -> list[Book]:
    """The book at each close, from the fills."""
    market = given_input.market
    quantities, prices = np.zeros(len(market.symbols)), np.full(len(market.symbols), math.nan)
    cash, found, rows = given_input.cash, [], iter(result.fills)
    row = next(rows, None)
    for t in range(len(market)):
        while row is not None and row["bar"] == t:
            quantities[row["asset"]] += row["side"] * row["quantity"]
            cash = cash - row["side"] * (row["quantity"] * row["price"]) - row["fee"]
            row = next(rows, None)
        prices = np.where(np.isnan(market.close[t]), prices, market.close[t])
        found.append(Book(quantities, prices, float(cash)))
    return found


limits = st.builds(
    RiskLimits, max_gross=st.sampled_from((0.6, 0.9)), max_net=st.sampled_from((None, 0.0, 0.3)),
    max_concentration=st.sampled_from((None, 0.2, 0.5)),
)  # fmt: skip


@given(runs(max_assets=3, max_bars=40), limits)
def test_exposures_break_their_limits_in_the_same_bars(run: Run, risk: RiskLimits) -> None:
    given_input = SimInput(run.given.market, run.given.plan, run.given.execution, run.given.cash, risk=risk)
    result = simulate(given_input)
    assume((result.equity > 0.0).all())
    before: set[str] = set()
    for t, book in enumerate(books(given_input, result)):
        assert math.isclose(book.equity, result.equity[t], rel_tol=1e-9)
        breaches = post_trade(book, risk)
        now = {breach.limit for breach in breaches}
        events = result.events[result.events["bar"] == t]
        if (events["kind"] == Event.MAX_DRAWDOWN).any():
            break  # a run that has halted is only left
        for limit in now - before:
            value = max(breach.value for breach in breaches if breach.limit == limit)
            told = events[events["kind"] == EXPOSURES[limit]]["value"]
            assert any(math.isclose(value, other, rel_tol=1e-9) for other in told), (t, limit)
        before = now


@given(runs(max_assets=3, max_bars=40), st.sampled_from((0.02, 0.1)))
def test_a_drawdown_reaches_its_limit_in_the_same_bar(run: Run, bound: float) -> None:
    risk = RiskLimits(max_drawdown=bound)
    given_input = SimInput(run.given.market, run.given.plan, run.given.execution, run.given.cash, risk=risk)
    result = simulate(given_input)
    assume((result.equity > 0.0).all())
    peak, reached = given_input.cash, None
    effective = risk.tighter(RiskLimits(max_drawdown=run.given.plan.risk.max_drawdown))
    for t, book in enumerate(books(given_input, result)):
        peak = max(peak, float(result.equity[t]))
        marked = Book(np.zeros(1), np.ones(1), float(result.equity[t]))  # the kernel's own sum, to the last bit
        assert math.isclose(book.equity, marked.equity, rel_tol=1e-9)
        if reached is None and post_trade(marked, effective, History(peak, given_input.cash)):
            reached = t
    halted = result.events[result.events["kind"] == Event.MAX_DRAWDOWN]["bar"]
    assert halted.tolist() == ([] if reached is None else [reached])
