"""What a plan must be before compiled code reads it: of the market's shape, of the right types, with indices that exist.

The kernel does not look where it reads. A plan that comes from the compiler is right; one that was made by hand, or cut
from another, is refused here, with a sentence for everything that is wrong, in place of a wrong answer or a crash.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qt_engine.core.clock import iso
from qt_engine.core.text import plain
from qt_engine.simulation.stateful import DEPTH
from qt_engine.strategies.instructions import (
    ADD,
    AND,
    DIVIDE,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    MULTIPLY,
    NEGATE,
    NOT,
    NOT_EQUAL,
    OR,
    POWER,
    PUSH_COLUMN,
    PUSH_HELD,
    PUSH_POSITION,
    PUSH_VALUE,
    SUBTRACT,
)  # fmt: skip
from qt_engine.strategies.plan import SIZING_METHODS, OrderType, Protect, TimeInForce

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from qt_engine.data.market import Market
    from qt_engine.strategies.plan import Plan

PUSHES = frozenset({PUSH_VALUE, PUSH_COLUMN, PUSH_POSITION, PUSH_HELD})
OF_ONE = frozenset({NEGATE, NOT})
OF_TWO = frozenset({
    ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, AND, OR,
})  # fmt: skip
"""What the exit programs of `qt_engine.simulation.stateful` may hold, by what they take from the stack."""


def violations(plan: Plan, market: Market) -> list[str]:
    """Everything that is wrong with a plan for a market, each in a sentence; costs microseconds where nothing is."""
    # Values are looked at only where every array is what its name says.
    if found := list(_misfits(plan, market)) or list(_decisions(plan)):
        return [f"the plan was not compiled for this market: {'; '.join(found)}"]
    return list(_targets(plan, market)) if plan.kind == "portfolio" else []


def _misfits(plan: Plan, market: Market) -> Iterator[str]:
    bars, assets = market.close.shape
    rules = (bars, assets) if plan.kind == "rules" else (0, assets)
    yield from _array("entry", plan.entry, np.int8, rules)
    yield from _array("exit_long", plan.exit_long, np.uint8, rules)
    yield from _array("exit_short", plan.exit_short, np.uint8, rules)
    yield from _array("protect_kind", plan.protect_kind, np.int64, (2, 3))
    yield from _array("protect_value", plan.protect_value, np.float64, (2, 3))
    yield from _array("time_stop", plan.time_stop, np.int64, (2,))
    yield from _tables("distances", plan.distances, (bars, assets))
    yield from _tables("program_columns", plan.program_columns, (bars, assets))
    yield from _array("program_values", plan.program_values, np.float64, (len(plan.program_values),))
    yield from _array("order_style", plan.order_style, np.int64, (2, 3))
    if plan.order_prices.size or plan.order_style[:, 0].any():
        yield from _array("order_prices", plan.order_prices, np.float64, (4, bars, assets))
    if plan.sizing not in SIZING_METHODS:
        yield f"sizing is one of {', '.join(SIZING_METHODS)}"
    if plan.volatility.size or plan.sizing == "volatility_target":
        yield from _array("volatility", plan.volatility, np.float64, (bars, assets))
    yield from _array("rebalance", plan.rebalance, np.int64, (len(plan.rebalance),))
    yield from _array(
        "target", plan.target, np.float64, (len(plan.rebalance), assets if plan.kind == "portfolio" else 0)
    )
    for program in plan.exit_programs:
        yield from _program(program, plan)


def _decisions(plan: Plan) -> Iterator[str]:
    """Values, in arrays of the right types and shapes."""
    for name, flags, low in (
        ("entry", plan.entry, -1),
        ("exit_long", plan.exit_long, 0),
        ("exit_short", plan.exit_short, 0),
    ):
        if flags.size and (flags.min() < low or flags.max() > 1):
            yield f"{name} holds {'-1, 0 and 1' if low else '0 and 1'} alone"
    yield from _protection(plan)
    if not 0.0 < plan.sizing_value < math.inf:
        yield f"sizing_value is a finite number above 0, not {plan.sizing_value:g}"
    if plan.cooldown < 0 or plan.max_entries < 0:
        yield f"{'cooldown' if plan.cooldown < 0 else 'max_entries'} is 0 or more"
    for row, name in enumerate(("entry", "exit")):
        kind, force, bars = plan.order_style[row].tolist()
        if kind not in set(OrderType) or force not in set(TimeInForce) or bars < 0:
            yield f"order_style of the {name} is a type, a time in force and a number of bars, not {kind}, {force}, {bars}"


def _targets(plan: Plan, market: Market) -> Iterator[str]:
    bars = plan.rebalance
    if len(bars) and (bars[0] < 0 or bars[-1] >= len(market) or (np.diff(bars) <= 0).any()):
        yield f"rebalance names bars from 0 to {len(market) - 1}, each later than the one before"
    elif len(wrong := np.argwhere(~np.isfinite(plan.target))):
        row, asset = wrong[0].tolist()
        where = f"{plain(market.symbols[asset])} at {iso(int(market.close_ts[bars[row]]))}"
        yield f"the target weight of {where} is {plan.target[row, asset]:g}; weights are finite fractions of equity"
    if not plan.drift_band > 0.0:
        yield f"drift_band is a weight above 0, not {plan.drift_band:g}"


def _protection(plan: Plan) -> Iterator[str]:
    for kind, value in zip(plan.protect_kind.ravel().tolist(), plan.protect_value.ravel().tolist(), strict=True):
        if kind not in (Protect.NONE, Protect.FRACTION, Protect.DISTANCE):
            yield f"protect_kind holds kinds of protection, and {kind} is none"
        if kind == Protect.FRACTION and not 0.0 < value < math.inf:
            yield f"protect_value holds fractions above 0, not {value:g}"
        if kind == Protect.DISTANCE and not (value.is_integer() and 0 <= value < len(plan.distances)):
            yield f"protect_value names row {value:g} of {len(plan.distances)} distances"
    if plan.time_stop.min() < 1:
        yield "time_stop is 1 bar or more"


def _program(program: NDArray[np.int64], plan: Plan) -> Iterator[str]:
    """Every operand exists, and the stack neither runs dry nor over and ends with the answer alone."""
    wrong = list(_array("exit_programs", program, np.int64, (len(program), 3)))
    yield from wrong
    if wrong:
        return
    height, operands = 0, {PUSH_VALUE: len(plan.program_values), PUSH_COLUMN: len(plan.program_columns)}
    for operation, argument, _ in program.tolist():
        if operation not in PUSHES | OF_ONE | OF_TWO:
            yield f"exit_programs holds operations, and {operation} is none"
            return
        known = operands.get(operation, argument + 1)
        if not 0 <= argument < known:
            yield f"exit_programs reads operand {argument} of {known}"
            return
        taken = 0 if operation in PUSHES else 1 if operation in OF_ONE else 2
        dry, height = height < taken, height - taken + 1
        if dry or height > DEPTH:
            yield f"exit_programs needs a stack of 1 to {DEPTH} values"
            return
    if len(program) and height != 1:
        yield "exit_programs leaves one answer"


def _tables(name: str, given: NDArray[np.float64], table: tuple[int, int]) -> Iterator[str]:
    if given.ndim != 3:
        yield f"{name} is a list of tables"
    else:
        yield from _array(name, given, np.float64, (len(given), *table) if len(given) else given.shape)


def _array(name: str, given: NDArray[np.generic], dtype: DTypeLike, shape: tuple[int, ...]) -> Iterator[str]:
    if given.dtype != dtype or given.shape != shape or not given.flags.c_contiguous:
        yield f"{name} is C-contiguous {np.dtype(dtype)} of shape {shape}, not {given.dtype} of shape {given.shape}"
