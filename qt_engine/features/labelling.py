"""The values of labels, which only research asks for: nothing on the way to a decision imports this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qt_engine.core.errors import QtError
from qt_engine.core.text import plain
from qt_engine.features._arrays import Floats
from qt_engine.features.feature import Label
from qt_engine.features.registration import find_label

if TYPE_CHECKING:
    from qt_engine.data.market import Market


def compute_label(name: str, market: Market, parameters: Mapping[str, float] | None = None) -> dict[str, Floats]:
    """What happened after each bar.

    Returns
    -------
    dict
        For each output of the label float64 `(T, A)`; NaN where it is not known, or not known yet: a bar whose outcome
        lies beyond the end of the market is never guessed. Numbers of bars count from 0.

    Raises
    ------
    InputError
        If there is no such label, or it does not take these parameters.
    """
    label = find_label(name)
    values = label.complete(parameters or {})
    made = {output: np.full((len(market), len(market.symbols)), np.nan) for output in label.outputs}
    for asset in range(len(market.symbols)):
        columns = [getattr(market, column)[:, asset] for column in label.columns]
        present = np.flatnonzero(~np.logical_or.reduce([np.isnan(column) for column in columns]))
        if not len(present):
            continue
        for output, answer in _call(label, [column[present] for column in columns], values).items():
            if output in label.positions:
                known = ~np.isnan(answer)
                answer[known] = present[answer[known].astype(np.int64)]
            made[output][present, asset] = answer
    return made


def _call(label: Label, columns: list[Floats], values: Mapping[str, float]) -> dict[str, Floats]:
    given = [np.ascontiguousarray(column) for column in columns]
    for column in given:
        column.flags.writeable = False
    try:
        answer = label.function(*given, **values)
    except Exception as error:
        raise QtError(f"label {label.name} failed: {plain(f'{type(error).__name__}: {error}')}") from error
    parts = answer if isinstance(answer, tuple) else (answer,)
    arrays = [np.array(part, dtype=np.float64) for part in parts]
    if [array.shape for array in arrays] != [given[0].shape] * len(label.outputs):
        raise QtError(f"label {label.name} must return {len(label.outputs)} arrays of {len(given[0])} values")
    return dict(zip(label.outputs, arrays, strict=True))
