"""A plan that does not fit its market is refused with a sentence before compiled code reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.simulation.contract import Execution, RiskLimits, SimInput
from qt_engine.strategies.instructions import ADD, AND, GREATER, NOT, PUSH_COLUMN, PUSH_HELD, PUSH_POSITION, PUSH_VALUE
from qt_engine.strategies.plan import Plan, Protect, Risk
from reference.cases import market_of, plan_of

BARS = [[100.0, 101.0, 99.0, 100.0]] * 6
MARKET = market_of({"A": BARS, "B": BARS})
NOTHING = np.empty((0, 3), np.int64)


def plan(**changes: Any) -> Plan:
    case = {"enter": [[0, "A", "long"]], "protect": {"stop_loss": 0.05}, "sizing": ["fixed_quantity", 1]}
    return replace(plan_of(case, MARKET), **changes)


def program(*rows: tuple[int, int]) -> np.ndarray:
    return np.array([(*row, 0) for row in rows], np.int64).reshape(-1, 3)


def kinds(kind: int, value: float) -> dict[str, np.ndarray]:
    return {"protect_kind": np.full((2, 3), kind, np.int64), "protect_value": np.full((2, 3), value)}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"entry": np.zeros((5, 2), np.int8)}, "entry"),
        ({"entry": np.zeros((6, 2), np.int64)}, "entry"),
        ({"entry": np.zeros((12, 2), np.int8)[::2]}, "entry"),
        ({"entry": np.full((6, 2), 3, np.int8)}, "entry"),
        ({"entry": np.full((6, 2), -128, np.int8)}, "entry"),
        ({"exit_long": np.zeros((6, 1), np.uint8)}, "exit_long"),
        ({"exit_long": np.full((6, 2), 255, np.uint8)}, "exit_long"),
        ({"exit_short": np.zeros((6, 2))}, "exit_short"),
        ({"exit_short": np.zeros((3, 2), np.uint8)}, "exit_short"),
        ({"time_stop": np.zeros(2, np.int64)}, "time_stop"),
        ({"time_stop": np.ones(1, np.int64)}, "time_stop"),
        (kinds(7, 0.1), "protect_kind"),
        (kinds(Protect.FRACTION, np.nan), "protect_value"),
        (kinds(Protect.DISTANCE, 0.0), "protect_value"),
        ({**kinds(Protect.DISTANCE, 1.0), "distances": np.ones((1, 6, 2))}, "protect_value"),
        ({**kinds(Protect.DISTANCE, -1.0), "distances": np.ones((1, 6, 2))}, "protect_value"),
        ({**kinds(Protect.DISTANCE, 0.5), "distances": np.ones((1, 6, 2))}, "protect_value"),
        ({"distances": np.ones((1, 5, 2))}, "distances"),
        ({"distances": np.ones((1, 6, 2), np.float32)}, "distances"),
        ({"distances": np.ones(0)}, "distances"),
        ({"sizing": "volatility_target"}, "volatility"),
        ({"volatility": np.ones((6, 1))}, "volatility"),
        ({"sizing": "martingale"}, "sizing"),
        ({"sizing_value": float("nan")}, "sizing_value"),
        ({"cooldown": -1}, "cooldown"),
        ({"max_entries": -1}, "max_entries"),
        ({"program_columns": np.ones((1, 6, 1))}, "program_columns"),
        ({"program_values": np.ones((1, 1))}, "program_values"),
        ({"exit_programs": (program((PUSH_COLUMN, 0)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (NOTHING, program((PUSH_VALUE, 0)))}, "exit_programs"),
        ({"exit_programs": (program((PUSH_HELD, 0), (PUSH_VALUE, -1)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program((PUSH_HELD, 0), (GREATER, 0)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program((NOT, 0)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program((PUSH_HELD, 0), (PUSH_HELD, 0)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program(*[(PUSH_HELD, 0)] * 65, *[(ADD, 0)] * 64), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program((99, 0)), NOTHING)}, "exit_programs"),
        ({"exit_programs": (program((PUSH_HELD, 0)).astype(np.int32), NOTHING)}, "exit_programs"),
        ({"exit_programs": (np.zeros((1, 2), np.int64), NOTHING)}, "exit_programs"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=f"not compiled for this market: {named} ") as refused:
        SimInput(MARKET, plan(**changes))
    assert "\n" not in str(refused.value)


def test_what_fits_is_taken() -> None:
    held = program(
        (PUSH_HELD, 0), (PUSH_VALUE, 0), (GREATER, 0), (PUSH_POSITION, 0), (PUSH_COLUMN, 0), (GREATER, 0), (AND, 0)
    )
    for changes in (
        {},
        {**kinds(Protect.DISTANCE, 1.0), "distances": np.ones((2, 6, 2))},
        {"sizing": "volatility_target", "volatility": np.ones((6, 2))},
        {"exit_programs": (held, NOTHING), "program_values": np.ones(1), "program_columns": np.ones((1, 6, 2))},
    ):
        assert SimInput(MARKET, plan(**changes)).hash


def test_every_violation_is_named_at_once() -> None:
    """Of the fields, of the plan, of the limits: one sentence with all of them."""
    plan = Plan.of_targets(np.array([1, 99]), np.zeros((2, len(MARKET.symbols))), drift_band=-1.0)
    with pytest.raises(InputError) as refused:
        SimInput(MARKET, plan, Execution(), -4.0, -1, colour="red")
    for part in (
        "cash must be above 0",
        "seed must be at least 0",
        "no field 'colour'",
        "rebalance names bars",
        "drift_band",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_none_is_named_with_symbol_and_time(weight: float) -> None:
    target = np.zeros((1, len(MARKET.symbols)))
    target[0, -1] = weight
    with pytest.raises(InputError, match=f"the target weight of {MARKET.symbols[-1]} at "):
        SimInput(MARKET, Plan.of_targets(np.array([0]), target))


def test_limits_of_strategy_and_run_may_exclude_each_other_only_by_being_wrong_themselves() -> None:
    """A strategy's own contradiction is refused; a run's stricter limit is not one."""
    targets = (np.array([0]), np.zeros((1, len(MARKET.symbols))))
    with pytest.raises(InputError, match="contradicts max_gross"):
        SimInput(MARKET, Plan.of_targets(*targets, risk=Risk(max_gross=0.5, max_net=0.8)))
    SimInput(MARKET, Plan.of_targets(*targets, risk=Risk(max_net=0.8)), risk=RiskLimits(max_gross=0.5))


def test_json_names_arrays_by_their_hash() -> None:
    given_ = SimInput(MARKET, Plan.of_targets(np.array([0]), np.zeros((1, len(MARKET.symbols)))))
    told = json.loads(given_.model_dump_json())
    assert told["market"] == told["data_version"] == MARKET.hash
    assert told["plan"] == given_.plan.hash
    assert (told["clock"], told["contract_version"], told["seed"]) == (MARKET.interval, 1, 0)
    assert Execution.model_validate(told["execution"]) == given_.execution
