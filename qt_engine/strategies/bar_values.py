"""What expressions are worth in a few bars of every asset.

A portfolio strategy decides some hundred times in ten years. Lags, arithmetic and comparisons of prices are worked out in
those bars alone, by rows of the market's tables; whatever has to be followed bar by bar (indicators, functions that look
back) goes the way of the rules, and the bars are picked from the whole. Both ways give the same values, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.strategies.assembler import Assembler
from qt_engine.strategies.functions import EVENT_SERIES
from qt_engine.strategies.graph import (
    CrossSection,
    Kept,
    Lagged,
    Node,
    Operation,
    Price,
    Value,
    is_condition,
    sources,
)  # fmt: skip
from qt_engine.strategies.lanes import Lanes, layout_of
from qt_engine.strategies.memory import cross_section
from qt_engine.strategies.nodes import Expression
from qt_engine.strategies.series import MarketSeries

Floats: TypeAlias = NDArray[np.float64]
Times: TypeAlias = NDArray[np.int64]

# Not **, log and exp: numpy computes these with other last bits than the compiled evaluator.
_BY_ROW = frozenset({
    "+", "-", "*", "/", "negate", "abs", "min", "max", "sqrt", "sign", "where", "<", "<=", ">", ">=", "==", "!=", "and",
    "or", "not", "is_missing",
})  # fmt: skip
_PLAIN: Mapping[str, Any] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "negate": np.negative, "abs": np.abs,
}  # fmt: skip


class BarValues:
    """Values of expressions in some bars of a market.

    Parameters
    ----------
    parameters
        A value for every parameter.
    bars
        int64 `(R,)`.
    """

    def __init__(self, market: Market, parameters: Mapping[str, float], bars: Times) -> None:
        self._market = market
        self._lanes = Lanes.single(parameters)
        self._bars = bars

    @cached_property
    def dense(self) -> bool:
        """Whether every asset trades in every bar."""
        # One sum is cheaper than a table of flags; infinite prices of both signs cannot be told from a gap by it.
        with np.errstate(invalid="ignore"):
            return not np.isnan(self._market.close.sum()) or not np.isnan(self._market.close).any()

    @cached_property
    def trades(self) -> NDArray[np.bool_]:
        """bool `(R, A)`: where the asset trades in the bar."""
        shape = (len(self._bars), len(self._market.symbols))
        return np.ones(shape, np.bool_) if self.dense else ~np.isnan(self._market.close[self._bars])

    def tables(self, nodes: Sequence[Node]) -> list[Floats]:
        """For every node float64 `(R, A)`: numbers, NaN where missing; conditions as -1, 0 (unknown), +1.

        NaN and unknown where the asset does not trade.
        """
        whole = [node for node in nodes if not self.by_row(node)]
        found = dict(zip(whole, self.tables_of_whole_series(whole), strict=True)) if whole else {}
        return [found[node] if node in found else self._finished(node, self._value(node, 0)) for node in nodes]

    def by_row(self, node: Node, lagged: bool = False) -> bool:
        """Whether the node can be worked out in single bars."""
        match node:
            case Price(name=name):
                return name not in EVENT_SERIES
            case Value():
                return True
            case CrossSection(source=source):
                # An asset with gaps of its own was elsewhere some bars ago than the others were.
                return (self.dense or not lagged) and self.by_row(source, lagged)
            case Lagged(source=source):
                return self.by_row(source, True)
            case Kept(source=source):
                return self.by_row(source, lagged)
            case Operation(op=op):
                return op in _BY_ROW and all(self.by_row(source, lagged) for source in sources(node))
        return False

    def tables_of_whole_series(self, nodes: Sequence[Node]) -> list[Floats]:
        """As `tables`, by following every asset through all its bars."""
        from qt_engine.strategies.evaluator import BLOCK, run_code

        assembler = Assembler()
        for target, node in enumerate(nodes):
            assembler.extra(target, node)
        layout = layout_of(assembler.finish(), self._lanes)
        series = MarketSeries(self._market)
        bars, assets = self._market.close.shape
        extras = np.full((len(nodes), bars * assets), np.nan)
        registers, conditions = layout.code.registers
        scratch = np.empty((registers, BLOCK)), np.empty((conditions, BLOCK), np.int8)
        nothing: NDArray[Any] = np.empty(0, np.int8)
        for asset, (columns, index) in enumerate(zip(series.columns(layout), series.own_bars, strict=True)):
            run_code(
                layout.code.code, layout.code.outputs, columns, layout.slots[0], layout.values[0], *scratch, index, assets,
                asset, np.empty(BLOCK, np.int8), nothing, nothing, nothing, extras,
            )  # fmt: skip
        shaped = extras.reshape(len(nodes), bars, assets)
        return [self._finished(node, table[self._bars]) for node, table in zip(nodes, shaped, strict=True)]

    def _finished(self, node: Node, table: Any) -> Floats:
        """One form for what is missing, whose bits are not the same in every way of computing it."""
        table = np.broadcast_to(np.asarray(table, np.float64), self.trades.shape)
        missing = np.isnan(table)
        if not self.dense:
            missing |= ~self.trades
        return np.where(missing, 0.0 if is_condition(node) else np.nan, table)

    def _value(self, node: Node, shift: int) -> Any:
        """The node's value `shift` own bars before each of the bars; anything where there is no such bar."""
        match node:
            case Price(name=name):
                return self._price(name, shift)
            case Value(expression=expression):
                return self._number(expression)
            case Lagged(source=source, bars=bars):
                back = shift + int(self._number(bars))
                known = self._position >= back
                value = self._value(source, back)
                return np.where(known, value, 0.0 if is_condition(source) else np.nan)
            case Kept(source=source):
                return self._value(source, shift)
            case CrossSection(op=op, source=source):
                table = self._value(source, shift)
                return cross_section(op, np.where(self.trades, table, np.nan))
            case Operation(op=op, args=args):
                with np.errstate(all="ignore"):
                    return _operate(op, [self._value(argument, shift) for argument in args])
        raise AssertionError(node)

    def _number(self, expression: Expression) -> np.float64:
        return np.float64(self._lanes.number(expression)[0])

    def _price(self, name: str, shift: int) -> Floats:
        rows = self._rows(shift)
        if name == "bar_index":
            return rows.astype(np.float64)
        column: Floats = getattr(self._market, name)
        return column[rows[:, 0]] if self.dense else column[rows, np.arange(len(self._market.symbols))]

    def _rows(self, shift: int) -> Times:
        """The market's bar that is each asset's own bar `shift` before: int64 `(R, A)`, or `(R, 1)` for all assets alike."""
        if self.dense:
            return np.maximum(self._position - shift, 0)
        own, starts = self._own
        rows = own[np.clip(starts + self._position - shift, 0, len(own) - 1)]
        # Where there is no such bar it is one of another asset, or of none.
        inside: Times = np.clip(rows - np.arange(len(starts)) * len(self._market), 0, len(self._market) - 1)
        return inside

    @cached_property
    def _position(self) -> Times:
        """Which of the asset's own bars each bar is, from 0: `(R, A)`, or `(R, 1)` for all assets alike."""
        if self.dense:
            return self._bars[:, None]
        if not len(self._bars):
            return np.zeros(self.trades.shape, np.int64)
        # Counted from one of the bars to the next, and these counts summed: a table of all bars is not needed.
        first = np.concatenate([[0], self._bars[:-1] + 1])
        counted = np.add.reduceat(self._traded[: self._bars[-1] + 1].view(np.int8), first, axis=0, dtype=np.int32)
        return np.cumsum(counted, axis=0, dtype=np.int64) - 1

    @cached_property
    def _traded(self) -> NDArray[np.bool_]:
        return ~np.isnan(self._market.close)

    @cached_property
    def _own(self) -> tuple[Times, Times]:
        """The bars in which assets trade, one asset after the other, as places in the transposed table; where each begins."""
        own = np.flatnonzero(np.ascontiguousarray(self._traded.T))
        starts = np.searchsorted(own, np.arange(len(self._market.symbols)) * len(self._market))
        return (own if len(own) else np.zeros(1, np.int64)), starts


def _operate(op: str, args: Sequence[Any]) -> Any:
    """One operation, as `evaluator.run_code` defines it; conditions are -1, 0 (unknown), +1."""
    if op in _PLAIN:
        return _PLAIN[op](*args)
    x = args[0]
    match op:
        case "sqrt":
            return np.where(x >= 0.0, np.sqrt(x), np.nan)
        case "sign":
            return np.where(np.isnan(x), np.nan, np.where(x > 0.0, 1.0, np.where(x < 0.0, -1.0, 0.0)))
        case "is_missing":
            return np.where(np.isnan(x), 1.0, -1.0)
        case "not":
            return 0.0 - x
        case "where":
            return np.where(x == 1.0, args[1], np.where(x == -1.0, args[2], np.nan))
    y = args[1]
    match op:
        case "min" | "max":
            chosen = np.where(x < y, x, y) if op == "min" else np.where(x > y, x, y)
            return np.where(np.isnan(x) | np.isnan(y), np.nan, chosen)
        case "and":
            return np.minimum(x, y)
        case "or":
            return np.maximum(x, y)
        case ">":
            return _condition(x > y, x <= y)
        case ">=":
            return _condition(x >= y, x < y)
        case "<":
            return _condition(x < y, x >= y)
        case "<=":
            return _condition(x <= y, x > y)
        case "==":
            return _condition(x == y, (x < y) | (x > y))
        case "!=":
            return _condition((x < y) | (x > y), x == y)
    raise AssertionError(op)


def _condition(true: Any, false: Any) -> Any:
    return np.subtract(true, false, dtype=np.float64)
