"""A run carried forward in any steps, on a market that grows, beside the reference that takes one bar at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qt_engine.data.market import FIELDS, Market
from qt_engine.simulation.contract import ORDER, SimResult, Status
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.stepper import Stepper
from qt_engine.strategies.plan import Plan
from reference import plans
from reference.book import Order
from reference.busy import busy_runs
from reference.complete import CompleteSimulator
from reference.dice import roll


def with_another_future(market: Market, bars: int) -> Market:
    """The market with nonsense after its first `bars` bars."""
    columns: dict[str, Any] = {}
    for name in FIELDS:
        columns[name] = getattr(market, name).copy()
        columns[name][bars:] = columns[name][bars:] * 1.5 + 3.0
    actions = market.actions.copy()
    actions["value"][actions["bar"] >= bars] *= 2.0
    spread = market.spread.copy()
    spread[bars:] = 0.5
    return replace(market, actions=actions, spread=spread, **columns)


class Stepping(RuleBasedStateMachine):
    """What a paper session does to a run, and what it must not notice."""

    @initialize(seed=st.integers(0, 2**32 - 1), complete=st.booleans())
    def begin(self, seed: int, complete: bool) -> None:
        run = roll(busy_runs(max_bars=40), seed)
        self.given = given = run.given
        self.market: Market = given.market
        self.plan: Plan = given.plan
        self.reference = CompleteSimulator(given, run.exit_conditions)
        self.steps = self.reference.steps()
        self.bar = 0
        self.told: dict[str, list[Any]] = {"fills": [], "orders": [], "events": [], "equity": []}
        self.stepper = Stepper(
            len(given.market.symbols), given.execution, given.cash, risk=given.risk, seed=given.seed, kill_ts=given.kill_ts,
            complete=complete,
        )  # fmt: skip

    def advance(self, market: Market, plan: Plan, until: int) -> None:
        delta = self.stepper.advance(market, plan, until)
        assert (delta.first, delta.last) == (self.bar, until)
        self.told["fills"] += delta.fills.tolist()
        self.told["orders"] += delta.orders["id"].tolist()
        self.told["events"] += delta.events.tolist()
        self.told["equity"] += delta.equity.tolist()
        for t in range(self.bar, until):
            assert next(self.steps) == t
        self.bar = until

    def unfinished(self) -> bool:
        return self.bar < len(self.market)

    @precondition(lambda self: self.unfinished())
    @rule()
    def one_bar_arrives(self) -> None:
        until = self.bar + 1
        self.advance(self.market.head(until), plans.head(self.plan, until), until)

    @precondition(lambda self: self.unfinished())
    @rule(bars=st.integers(1, 12), known=st.integers(0, 40))
    def some_bars_are_taken_of_those_that_are_known(self, bars: int, known: int) -> None:
        until = min(self.bar + bars, len(self.market))
        seen = min(until + known, len(self.market))
        self.advance(self.market.head(seen), plans.head(self.plan, seen), until)

    @precondition(lambda self: self.unfinished())
    @rule(bars=st.integers(1, 3))
    def the_future_turns_out_otherwise(self, bars: int) -> None:
        until = min(self.bar + bars, len(self.market))
        self.advance(with_another_future(self.market, until), self.plan, until)

    @rule()
    def nothing_arrives(self) -> None:
        before = self.stepper.state_hash()
        self.advance(self.market.head(self.bar), plans.head(self.plan, self.bar), self.bar)
        assert self.bar == 0 or self.stepper.state_hash() == before

    @rule()
    def someone_looks_at_the_result(self) -> None:
        before = self.stepper.state_hash()
        one, two = self.stepper.result(), self.stepper.result()
        assert one.hash == two.hash
        assert self.stepper.state_hash() == before

    @precondition(lambda self: self.bar > 0)
    @rule()
    def a_batch_comes_to_the_same_place(self) -> None:
        head = self.given.replace(market=self.market.head(self.bar), plan=plans.head(self.plan, self.bar))
        batch, here = simulate(head), self.stepper.result()
        assert batch.hash == here.hash
        assert (batch.cash, batch.open_positions) == (here.cash, here.open_positions)

    @invariant()
    def the_reference_tells_the_same(self) -> None:
        if not hasattr(self, "stepper"):
            return
        result: SimResult = self.stepper.result()
        assert self.stepper.bar == self.bar
        assert result.fills.tolist() == self.told["fills"] == self.reference.fills
        assert repr(result.events.tolist()) == repr(self.told["events"]) == repr(self.reference.events)
        assert result.orders["id"].tolist() == self.told["orders"]
        assert result.orders.tolist() == rows_now(self.reference.orders)
        assert result.equity.tolist() == self.told["equity"]
        scale = max((abs(e) for e in self.reference.equity), default=self.given.cash)
        np.testing.assert_allclose(result.equity, self.reference.equity, rtol=1e-12, atol=1e-12 * scale)
        assert abs(result.cash - self.reference.cash) <= 1e-12 * scale
        assert result.open_positions == tuple(self.reference.report_open())

    @invariant()
    def the_book_is_in_order(self) -> None:
        if not hasattr(self, "stepper"):
            return
        waiting = self.stepper.pending()
        assert [w["asset"] for w in waiting] == sorted({w["asset"] for w in waiting})
        slots = self.reference.slots
        assert {w["order"] for w in waiting if w["order"] >= 0} == {
            s.id for s in slots.values() if isinstance(s, Order)
        }
        positions = self.stepper.positions()
        assert [p["asset"] for p in positions] == sorted(self.reference.positions)
        assert all(p["quantity"] != 0 for p in positions)
        equity = self.stepper.result().cash + sum(p["quantity"] * p["last_price"] for p in positions)
        assert abs(equity - self.stepper.equity()) <= 1e-9 * max(abs(equity), self.given.cash)


def rows_now(orders: list[Order]) -> list[tuple[int, ...]]:
    """Order rows as a result shows them now: what still works is expired, or partial."""
    rows = np.array([order.row for order in orders], ORDER)
    for row, order in zip(rows, orders, strict=True):
        if order.status == Status.PENDING:
            row["status"] = Status.PARTIAL if order.filled else Status.EXPIRED
    return rows.tolist()


Stepping.TestCase.settings = settings(max_examples=2 * settings.default.max_examples, stateful_step_count=20)
TestStepping = pytest.mark.timeout(3600)(Stepping.TestCase)
