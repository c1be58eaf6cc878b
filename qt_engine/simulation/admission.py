"""What a plan must be before compiled code reads it: of the market's shape, of the right types, with indices that exist.

The kernel does not look where it reads. A plan that comes from the compiler is right; one that was made by hand, or cut
from another, is refused here with a sentence in place of a wrong answer or a crash.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qt_engine.core.errors import InputError
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
from qt_engine.strategies.plan import SIZING_METHODS, Protect

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from qt_engine.strategies.plan import Plan

PUSHES = frozenset({PUSH_VALUE, PUSH_COLUMN, PUSH_POSITION, PUSH_HELD})
OF_ONE = frozenset({NEGATE, NOT})
OF_TWO = frozenset({
    ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, AND, OR,
})  # fmt: skip
"""What the exit programs of `qt_engine.simulation.stateful` may hold, by what they take from the stack."""


def check_plan(plan: Plan, bars: int, assets: int) -> None:
    """Shapes, types and indices; costs microseconds, whatever the market.

    Raises
    ------
    InputError
        Naming the first field of the plan that is wrong.
    """
    table = (bars, assets)
    _array("entry", plan.entry, np.int8, table)
    _array("exit_long", plan.exit_long, np.uint8, table)
    _array("exit_short", plan.exit_short, np.uint8, table)
    _array("protect_kind", plan.protect_kind, np.int64, (2, 3))
    _array("protect_value", plan.protect_value, np.float64, (2, 3))
    _array("time_stop", plan.time_stop, np.int64, (2,))
    _tables("distances", plan.distances, table)
    _tables("program_columns", plan.program_columns, table)
    _array("program_values", plan.program_values, np.float64, (len(plan.program_values),))
    if plan.sizing not in SIZING_METHODS:
        raise _refusal("sizing", f"is one of {', '.join(SIZING_METHODS)}")
    if plan.volatility.size or plan.sizing == "volatility_target":
        _array("volatility", plan.volatility, np.float64, table)
    _check_protection(plan)
    _check_limits(plan)
    for program in plan.exit_programs:
        _check_program(program, plan)


def check_decisions(plan: Plan) -> None:
    """Values of the decisions, bar by bar; raises as `check_plan`, which must have passed."""
    if plan.entry.size and (plan.entry.min() < -1 or plan.entry.max() > 1):
        raise _refusal("entry", "holds -1, 0 and 1 alone")
    for name, flags in (("exit_long", plan.exit_long), ("exit_short", plan.exit_short)):
        if flags.size and flags.max() > 1:
            raise _refusal(name, "holds 0 and 1 alone")


def _check_protection(plan: Plan) -> None:
    for kind, value in zip(plan.protect_kind.ravel().tolist(), plan.protect_value.ravel().tolist(), strict=True):
        if kind not in (Protect.NONE, Protect.FRACTION, Protect.DISTANCE):
            raise _refusal("protect_kind", f"holds kinds of protection, and {kind} is none")
        if kind == Protect.FRACTION and not 0.0 < value < math.inf:
            raise _refusal("protect_value", f"holds fractions above 0, not {value:g}")
        if kind == Protect.DISTANCE and not (value.is_integer() and 0 <= value < len(plan.distances)):
            raise _refusal("protect_value", f"names row {value:g} of {len(plan.distances)} distances")
    if plan.time_stop.min() < 1:
        raise _refusal("time_stop", "is 1 bar or more")


def _check_limits(plan: Plan) -> None:
    if not 0.0 < plan.sizing_value < math.inf:
        raise _refusal("sizing_value", f"is a finite number above 0, not {plan.sizing_value:g}")
    if plan.cooldown < 0 or plan.max_entries < 0:
        raise _refusal("cooldown" if plan.cooldown < 0 else "max_entries", "is 0 or more")


def _check_program(program: NDArray[np.int64], plan: Plan) -> None:
    """Every operand exists, and the stack neither runs dry nor over and ends with the answer alone."""
    _array("exit_programs", program, np.int64, (len(program), 3))
    height, operands = 0, {PUSH_VALUE: len(plan.program_values), PUSH_COLUMN: len(plan.program_columns)}
    for operation, argument, _ in program.tolist():
        if operation not in PUSHES | OF_ONE | OF_TWO:
            raise _refusal("exit_programs", f"holds operations, and {operation} is none")
        known = operands.get(operation, argument + 1)
        if not 0 <= argument < known:
            raise _refusal("exit_programs", f"reads operand {argument} of {known}")
        taken = 0 if operation in PUSHES else 1 if operation in OF_ONE else 2
        dry, height = height < taken, height - taken + 1
        if dry or height > DEPTH:
            raise _refusal("exit_programs", f"needs a stack of 1 to {DEPTH} values")
    if len(program) and height != 1:
        raise _refusal("exit_programs", "leaves one answer")


def _tables(name: str, given: NDArray[np.float64], table: tuple[int, int]) -> None:
    _array(name, given, np.float64, (len(given), *table) if len(given) else given.shape)
    if given.ndim != 3:
        raise _refusal(name, "is a list of tables")


def _array(name: str, given: NDArray[np.generic], dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    if given.dtype != dtype or given.shape != shape or not given.flags.c_contiguous:
        raise _refusal(
            name, f"is C-contiguous {np.dtype(dtype)} of shape {shape}, not {given.dtype} of shape {given.shape}"
        )


def _refusal(name: str, sentence: str) -> InputError:
    return InputError(f"the plan was not compiled for this market: {name} {sentence}")
