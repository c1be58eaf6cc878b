"""Which combinations of parameters a sweep runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.strategies.document import Parameter, StrategyDocument

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_LANES = 200_000
MOST_VALUES = 64


def whole_range(parameter: Parameter) -> list[int | float]:
    """All values of a parameter from its lower to its upper bound by its step; its default where a bound is missing.

    Raises
    ------
    InputError
        If it has more than 64 values: then the grid has to say which.
    """
    low, high = parameter.low, parameter.high
    if low is None or high is None:
        return [parameter.default]
    step = parameter.step or (1 if parameter.type == "int" else (high - low) / 10)
    if not step:
        return [parameter.default]
    count = int((high - low) / step + 1e-9) + 1
    if count > MOST_VALUES:
        raise InputError(
            f"parameter {parameter.name} has {count} values from {low} to {high} by {step}; "
            f"name at most {MOST_VALUES} in the grid"
        )
    # In decimals, as the bounds are written: 0.03 + 27 × 0.01 is 0.3 and not a little more than a bound of 0.3.
    values = [Decimal(str(low)) + k * Decimal(str(step)) for k in range(count)]
    return [int(value) if parameter.type == "int" else float(value) for value in values]


def combinations(
    document: StrategyDocument, fixed: Mapping[str, Any], grid: Mapping[str, Iterable[Any]] | None
) -> dict[str, NDArray[Any]]:
    """An array `(lanes,)` for every parameter.

    Parameters
    ----------
    fixed
        Parameters that do not vary, in place of their defaults.
    grid
        Values of those that do; None: every parameter that has bounds and is not fixed, over its whole range.

    Raises
    ------
    InputError
        If a name or a value is wrong, a parameter is fixed and in the grid, nothing meets `require`, or there are more
        than 200,000 combinations.
    """
    from qt_engine.strategies.parameters import grid as make_grid

    if grid is None:
        grid = {name: whole_range(parameter) for name, parameter in document.params.items() if name not in fixed}
    for name in sorted(set(fixed) & set(grid)):
        raise InputError(f"parameter {plain(name, 60)} is fixed and in the grid; it can be only one of them")
    columns = make_grid(document, {**{name: [value] for name, value in fixed.items()}, **grid})
    lanes = len(next(iter(columns.values()))) if columns else 1
    if lanes > MAX_LANES:
        raise InputError(f"the grid has {lanes:,} combinations; a sweep takes at most {MAX_LANES:,}")
    return columns
