"""The kernel and the reference simulator, written from one specification, tell the same story about everything in it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings

from qt_engine.simulation.contract import Event, Reason, Status
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.stepper import Stepper
from reference.agreement import assert_agrees
from reference.busy import busy_runs
from reference.complete import simulate_completely
from reference.dice import roll
from reference.generators import Run, runs

pytestmark = pytest.mark.timeout(3600)  # for a thorough run
SHARE = settings.default.max_examples / 100
"""1; in a thorough run 10."""
BLOCK = 50

FEATURES = {
    "a halt leaves a working exit alone", "a halt takes an order's place", "a higher fee tier", "a later fee regime",
    "a later fill of an entry", "a limit is reached inside the bar", "a minimum fee is charged",
    "a minimum fee was charged before", "a month's notional ends", "a partial exit", "a position closed by several fills",
    "a position is opened and stopped inside one bar", "a protective exit is filled in part",
    "a protective exit takes an order's place", "a quoted spread", "a split of a position", "a split of a sized order",
    "a split of a working order", "a stop is reached inside the bar", "a stop-limit is filled at its stop",
    "a stop-limit is triggered and rests", "a target at an equity of nothing", "a target changes sides", "a target filled in part is ended by scaling",
    "a target filled in part is replaced", "a target is refused a position", "a target reduces",
    "a target takes another's place", "a triggered stop-limit is filled at its limit", "a working exit goes on",
    "an exit is tried again while halted", "an exit of a limit keeps its slot",
    "an exit takes the place of the rest of an entry", "an increase is filled in part", "an order comes late",
    "an order ends with its bars", "an order ends with its day", "an order fails", "an order is filled in part",
    "both touched: ohlc +1", "both touched: ohlc -1", "both touched: pessimistic +1", "both touched: pessimistic -1",
    "FOK ends unfilled or partial", "FOK finds too little volume", "IOC ends unfilled or partial", "impact",
    "increases are scaled", "slippage is cut", "targets scaled to the gross limit", "targets scaled to the net limit",
    "there is no room for increases", "volume share", "MAX_CONCENTRATION cuts", "MAX_CONCENTRATION rejects", "MAX_NET cuts",
    "MAX_NET rejects", "MAX_POSITION cuts", "MAX_POSITION rejects",
}  # fmt: skip
"""What the reference notes while it runs; see `Book.seen`."""


def both_agree(run: Run) -> None:
    assert_agrees(simulate(run.given), simulate_completely(run.given, run.exit_conditions))


@settings(max_examples=round(3 * settings.default.max_examples))
@given(busy_runs())
def test_kernel_and_reference_agree(run: Run) -> None:
    both_agree(run)


@pytest.mark.parametrize("block", range(round(24 * SHARE)))
def test_they_agree_on_rolled_runs(block: int) -> None:
    """Independent seeds reach the meetings of three and four features that mutation of examples does not."""
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        try:
            both_agree(roll(busy_runs(), seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("seed", range(round(30 * SHARE)))
def test_they_agree_on_longer_histories(seed: int) -> None:
    both_agree(roll(busy_runs(max_assets=2, max_bars=300), 1_000_000 + seed))


@settings(max_examples=settings.default.max_examples)
@given(runs())
def test_the_complete_path_leaves_the_bytes_of_the_simple_one(run: Run) -> None:
    given_ = run.given
    stepper = Stepper(len(given_.market.symbols), given_.execution, given_.cash, complete=True)
    stepper.advance(given_.market, given_.plan)
    result, simple = stepper.result(), simulate(given_)
    assert result.hash == simple.hash
    assert result.open_positions == simple.open_positions
    assert_agrees(result, simulate_completely(given_, run.exit_conditions))


def test_the_generators_reach_every_feature() -> None:
    """Otherwise agreement would say nothing about it: each is met in several of its runs."""
    met: Counter[object] = Counter()
    for seed in range(1500):
        run = roll(busy_runs(), seed)
        reference = simulate_completely(run.given, run.exit_conditions)
        met.update(reference.seen.keys())
        met.update(Event(kind) for kind in set(reference.events["kind"].tolist()))
        met.update(("fill", Reason(reason)) for reason in set(reference.fills["reason"].tolist()))
        met.update(("order", Status(status)) for status in set(reference.orders["status"].tolist()))
        met.update(("counter", name) for name in ("borrow", "interest", "funding") if getattr(reference.counters, name))
        style = run.given.plan.order_style
        met.update(("style", row, *style[row, :2].tolist()) for row in (0, 1) if len(reference.fills))
    wanted: set[object] = {*FEATURES, *Event}
    wanted |= {("fill", reason) for reason in Reason}
    wanted |= {("order", status) for status in Status if status != Status.PENDING}
    wanted |= {("counter", name) for name in ("borrow", "interest", "funding")}
    wanted |= {("style", row, kind, force) for row in (0, 1) for kind in range(4) for force in range(4)}
    assert {name for name in wanted if met[name] < 3} == set()
