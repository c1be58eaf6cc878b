"""Tiny markets with the fills that must follow, through the engine and through the reference simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from qt_engine.data.market import Market
from qt_engine.simulation.contract import Counters, Execution, OpenPosition, Reason, SimInput, Status
from qt_engine.strategies.plan import Plan
from reference.cases import market_of, plan_of
from reference.simulator import simulate_slowly

HERE = Path(__file__).parent
SIDES = {1: "buy", -1: "sell"}
Outcome = tuple[np.ndarray, np.ndarray, list[float], Counters, tuple[OpenPosition, ...], float]
Run = Callable[[Market, Plan, Execution, float], Outcome]


def through_engine(market: Market, plan: Plan, execution: Execution, cash: float) -> Outcome:
    from qt_engine.simulation.simulate import simulate

    result = simulate(SimInput(market, plan, execution, cash))
    return result.fills, result.orders, result.equity.tolist(), result.counters, result.open_positions, result.cash


def through_reference(market: Market, plan: Plan, execution: Execution, cash: float) -> Outcome:
    result = simulate_slowly(market, plan, execution, cash)
    counters, positions = result.counters, result.open_positions
    return result.fill_bytes(), result.order_bytes(), result.equity, counters, positions, result.cash


@pytest.fixture(params=[through_engine, through_reference], ids=["engine", "reference"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


def cases(file: str) -> list[Any]:
    document = yaml.safe_load((HERE / file).read_text())
    return [pytest.param({**document["defaults"], **case}, id=case["name"]) for case in document["cases"]]


@pytest.mark.parametrize("case", cases("fills.yaml"))
def test_agreed_fills(case: dict[str, Any], run: Run) -> None:
    """The table that independent engines agree on: exact prices."""
    (entry_bar, entry_price), side = case["entry"], case["side"]
    market = market_of(case["bars"])
    plan = plan_of(
        {
            "enter": [[entry_bar - 1, "A", side]],
            "protect": {"stop_loss": case["stop_loss"], "take_profit": case["take_profit"]},
            "sizing": ["fixed_quantity", 1],
        },
        market,
    )
    fills, _, _, counters, _, _ = run(market, plan, Execution(fee_bps=0.0, slippage_bps=0.0, tick=0.01), 100_000.0)
    told = [(int(f["bar"]), float(f["price"]), Reason(f["reason"]).name.lower()) for f in fills]
    expected = [(entry_bar, entry_price, "entry_signal")]
    if case["exit"] is not None:
        expected.append(tuple(case["exit"]))
    assert told == expected
    assert counters.ambiguous_bars == case.get("ambiguous_bars", 0)


@pytest.mark.parametrize("case", cases("combined.yaml"))
def test_combined_cases(case: dict[str, Any], run: Run) -> None:
    """The table worked out by hand: everything that a case names."""
    market = market_of(case["bars"])
    execution = Execution(fee_bps=case["fee_bps"], slippage_bps=case["slippage_bps"], tick=case["tick"])
    fills, orders, equity, counters, positions, cash = run(
        market, plan_of(case, market), execution, float(case["cash"])
    )

    told = [
        [int(f["bar"]), market.symbols[f["asset"]], SIDES[int(f["side"])], Reason(f["reason"]).name.lower()]
        for f in fills
    ]
    assert told == [row[:4] for row in case["fills"]]
    assert fills["quantity"].tolist() == pytest.approx([row[4] for row in case["fills"]], rel=1e-12)
    assert fills["price"].tolist() == pytest.approx([row[5] for row in case["fills"]], rel=1e-12)
    assert fills["flags"].tolist() == case.get("flags", fills["flags"].tolist())
    assert fills["sequence"].tolist() == list(range(len(fills)))
    for column in ("fee", "slippage"):
        expected = case.get({"fee": "fees"}.get(column, column))
        if expected is not None:
            assert fills[column].tolist() == pytest.approx(expected, rel=1e-12)
    assert (fills["ts"] == market.ts[fills["bar"]]).all()

    if "orders" in case:
        told = [
            [int(o["decided_bar"]), market.symbols[o["asset"]], Reason(o["reason"]).name.lower(),
             Status(o["status"]).name.lower(), int(o["fill_bar"])]
            for o in orders
        ]  # fmt: skip
        assert told == case["orders"]
    assert orders["id"].tolist() == list(range(len(orders)))
    filled = {int(o["id"]) for o in orders if o["status"] == Status.FILLED}
    assert {int(f["order"]) for f in fills} - {-1} == filled

    for bar, value in case.get("equity", {}).items():
        assert equity[bar] == pytest.approx(value, rel=1e-12)
    assert len(equity) == len(market)
    told_counters = asdict(counters)
    for name, value in case.get("counters", {}).items():
        assert told_counters[name] == pytest.approx(value, rel=1e-12), name
    if "cash_at_end" in case:
        assert cash == pytest.approx(case["cash_at_end"], rel=1e-12, abs=1e-9)
    if "open" in case:
        told = [[market.symbols[p.asset], p.quantity, p.entry_price, p.bars_held] for p in positions]
        assert told == case["open"]
