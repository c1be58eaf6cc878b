"""The numbers of every indicator: one way in, one treatment of NaN.

Leading NaN of an input is its warm-up. A NaN after that is a gap: the indicator is computed over the bars at which all
its inputs are present, as if the others did not exist, and is NaN at those others. So a gap never poisons what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest
from qt_engine.features.indicator import Indicator
from qt_engine.features.registry import INDICATORS, lookup, refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qt_engine.features._arrays import Floats

Kernel = Callable[..., None]


def compute(name: str, args: Sequence[Floats], params: Mapping[str, float] | None = None) -> Floats:
    """One indicator over one asset.

    Parameters
    ----------
    name
        Of the indicator.
    args
        Its inputs in the order of `Indicator.inputs`: float64 arrays of shape `(T,)`.
    params
        Its parameters by name; those with defaults may be left out.

    Returns
    -------
    ndarray of shape (T,)
        float64, NaN in the warm-up and in gaps. The value at `t` depends on the inputs up to `t` only.

    Raises
    ------
    InputError
        If there is no such indicator, a parameter is wrong, or the inputs do not fit.
    """
    row: Floats = compute_many(name, args, [params or {}])[0]
    return row


def compute_many(
    name: str, args: Sequence[Floats], params_list: Sequence[Mapping[str, float]], out: Floats | None = None
) -> Floats:
    """One indicator with several sets of parameters, for sweeps: rows equal to those of `compute` byte for byte.

    Parameters
    ----------
    name, args
        As for `compute`.
    params_list
        One set of parameters a row.
    out
        float64 `(len(params_list), T)` with contiguous rows, to be filled; made where it is left out.

    Returns
    -------
    ndarray of shape (len(params_list), T)
        float64, C-contiguous.

    Raises
    ------
    InputError
        As `compute`; before anything is computed.
    """
    return compute_rows(name, args, settings_for(name, params_list), out)


def settings_for(name: str, params_list: Sequence[Mapping[str, float]]) -> list[tuple[float, ...]]:
    """Sets of parameters, complete and checked once, as `compute_rows` takes them for any number of series."""
    indicator = _known(name)
    return [tuple(indicator.complete(params).values()) for params in params_list]


def compute_rows(
    name: str, args: Sequence[Floats], settings: Sequence[tuple[float, ...]], out: Floats | None = None
) -> Floats:
    """`compute_many` with what `settings_for` gives."""
    import numpy as np

    indicator = _known(name)
    inputs = _checked(indicator, args)
    kernel = kernel_of(indicator.kernel)
    bars = len(inputs[0])
    out = np.empty((len(settings), bars)) if out is None else out
    start, gap = _present(inputs)
    if gap:
        kept = np.flatnonzero(np.logical_and.reduce([~np.isnan(column) for column in inputs]))
        inputs = _readonly([column[kept] for column in inputs])
        row = np.empty(len(kept))
        out.fill(np.nan)
        for lane, values in enumerate(settings):
            kernel(*inputs, *values, row)
            out[lane, kept] = _bar_numbers(row, kept) if indicator.positions else row
        return out
    if start:
        out[:, :start] = np.nan
        inputs = [column[start:] for column in inputs]
    if start < bars:
        for lane, values in enumerate(settings):
            kernel(*inputs, *values, out[lane, start:])
        if indicator.positions:
            out[:, start:] += start
    return out


def _bar_numbers(places: Floats, kept: NDArray[np.int64]) -> Floats:
    """Places among the bars that were kept, as numbers of bars of the whole series."""
    import numpy as np

    numbers = np.full(len(places), np.nan)
    known = ~np.isnan(places)
    numbers[known] = kept[places[known].astype(np.int64)]
    return numbers


@cache
def kernel_of(place: str) -> Kernel:
    """The function that fills an array, from `module:function`, `talib:NAME:output` or `feature:FINGERPRINT:NAME`."""
    module, _, function = place.partition(":")
    if module == "talib":
        from qt_engine.features._talib import kernel as talib_kernel

        name, _, output = function.partition(":")
        return talib_kernel(name, int(output))
    if module == "feature":
        from qt_engine.features.adapting import kernel as feature_kernel

        return feature_kernel(function.partition(":")[2])
    kernel: Kernel = getattr(import_module(f"qt_engine.features.{module}"), function)
    return kernel


def _known(name: str) -> Indicator:
    indicator = lookup(name)
    if indicator is None:
        refused = refusal(name)
        if refused is not None:
            raise InputError(refused)
        guess = nearest(name, INDICATORS)
        raise InputError(f"there is no indicator {name!r}" + (f"; did you mean {guess!r}?" if guess else ""))
    return indicator


def _checked(indicator: Indicator, args: Sequence[Any]) -> list[Floats]:
    import numpy as np

    if len(args) != len(indicator.inputs):
        raise InputError(
            f"{indicator.name} takes {len(indicator.inputs)} series ({', '.join(indicator.inputs)}), not {len(args)}"
        )
    columns = [np.ascontiguousarray(column, dtype=np.float64) for column in args]
    for column in columns:
        if column.ndim != 1 or len(column) != len(columns[0]):
            raise InputError(f"{indicator.name}: all series must be one-dimensional and of one length")
    return _readonly(columns)


def _readonly(columns: Sequence[Floats]) -> list[Floats]:
    """Views that cannot be written: numba would compile each kernel twice if it met both kinds."""
    views = [column.view() for column in columns]
    for view in views:
        view.flags.writeable = False
    return views


def _present(inputs: Sequence[Floats]) -> tuple[int, bool]:
    """The first bar at which all inputs are present, and whether one is absent later."""
    from qt_engine.features._gaps import count_missing, first_present

    start = max(first_present(column) for column in inputs)
    return start, any(count_missing(column[start:]) for column in inputs)
