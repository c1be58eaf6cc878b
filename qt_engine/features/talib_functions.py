"""Every TA-Lib function as `ta.NAME`, and its other outputs as `ta.NAME_output`.

`ta.MACD(close)` is the first output of TA-Lib's MACD, `ta.MACD_macdsignal(close)` another one by TA-Lib's own name for it.
Importing TA-Lib drags pandas in, so what the checker has to know stands in a generated table.
"""

from __future__ import annotations

from functools import partial

from qt_engine.features._talib_table import TABLE, Row
from qt_engine.features.indicator import Indicator, Parameter

POSITIONS = ("MAXINDEX", "MININDEX", "MINMAXINDEX")
"""Functions whose values are numbers of bars."""


def _lookback(function: str, **parameters: float) -> int:
    from qt_engine.features._talib import lookback

    return lookback(function, parameters)


def _indicators(row: Row) -> list[Indicator]:
    function, description, series, implicit, parameters, outputs = row
    declared = tuple(Parameter(name, kind, default, low, high) for name, kind, default, low, high in parameters)
    offered = []
    for index, output in enumerate(outputs):
        text = description if len(outputs) == 1 else f"{description}: {output}"
        name = f"ta.{function}" if index == 0 else f"ta.{function}_{output}"
        place = f"talib:{function}:{index}"
        warmup = partial(_lookback, function)
        positions = function in POSITIONS
        offered.append(Indicator(name, series, implicit, declared, text, "TA-Lib", place, warmup, positions))
    return offered


TALIB_FUNCTIONS: tuple[Indicator, ...] = tuple(indicator for row in TABLE for indicator in _indicators(row))
"""In the order of the table, which is that of the names. None looks ahead; a test makes sure after an upgrade."""
