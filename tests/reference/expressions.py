"""The reference interpreter: `docs/strategy-language.md` once more, slowly, with plain floats, lists and loops.

It exists to be compared with the compiler. Every expression becomes, for every asset, a list with one value for each of the
bars in which the asset trades: floats with NaN where a value is missing, or True, False and None (unknown) for a
condition. Only the numbers of indicators come from `qt_engine.features.compute`, which has tests of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qt_engine.data.market import Market
from qt_engine.features import Column, bind, compute, lookup
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.nodes import Binary, Call, Compare, Expression, Lag, Logic, Name, Number, Unary, names

Truth = bool | None
Series = list[list[Any]]
"""For every asset a list over its own bars."""

PRICES = ("open", "high", "low", "close", "volume")
ARGUMENTS = {
    "abs": "x", "bars_since": "condition", "change": "x n", "count": "condition n", "crosses_above": "a b",
    "crosses_below": "a b", "exp": "x", "falling": "x n", "is_missing": "x", "lag": "x n", "log": "x", "max": "a b",
    "min": "a b", "percent_change": "x n", "rank": "x", "rising": "x n", "sign": "x", "sqrt": "x",
    "where": "condition a b", "zscore": "x",
}  # fmt: skip
STILL = {"abs", "exp", "log", "max", "min", "sign", "sqrt"}
"""Functions of numbers that do not change from bar to bar."""


def divide(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return math.nan
    if y != 0:
        return x / y
    return math.nan if x == 0 else math.copysign(math.inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    if math.isnan(x):
        return math.nan
    odd = y == int(y) and int(y) % 2 == 1
    try:
        answer = x**y
    except (ZeroDivisionError, OverflowError):
        return math.copysign(math.inf, x) if odd else math.inf
    return math.nan if isinstance(answer, complex) else float(answer)


def exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def sign(x: float) -> float:
    if math.isnan(x):
        return x
    return 1.0 if x > 0 else -1.0 if x < 0 else 0.0


def smaller(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return math.nan
    return x if x < y else y


def larger(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return math.nan
    return x if x > y else y


NUMBERS: Mapping[str, Callable[..., float]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": divide, "**": power,
    "abs": abs, "exp": exponential, "sign": sign, "min": smaller, "max": larger,
    "log": lambda x: math.log(x) if x > 0 else math.nan,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
}  # fmt: skip
ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y,
    "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
}  # fmt: skip


def compared(op: str, x: float, y: float) -> Truth:
    return None if math.isnan(x) or math.isnan(y) else ORDERS[op](x, y)


def negated(a: Truth) -> Truth:
    return None if a is None else not a


def both(*conditions: Truth) -> Truth:
    if any(condition is False for condition in conditions):
        return False
    return None if any(condition is None for condition in conditions) else True


def either(*conditions: Truth) -> Truth:
    return negated(both(*(negated(condition) for condition in conditions)))


def chosen(condition: Truth, x: float, y: float) -> float:
    return math.nan if condition is None else x if condition else y


def ago(values: list[Any], t: int, bars: int, nothing: Any = math.nan) -> Any:
    return values[t - bars] if t >= bars else nothing


class Interpreter:
    """The expressions of a document for one choice of parameters on one market."""

    def __init__(self, document: StrategyDocument, parameters: Mapping[str, float], market: Market) -> None:
        self.document, self.parameters, self.market = document, parameters, market
        self.own = [[t for t in range(len(market)) if not math.isnan(market.close[t, a])] for a in self._assets]
        self._known: dict[Expression, Series] = {}

    @property
    def _assets(self) -> range:
        return range(len(self.market.symbols))

    def table(self, condition: Expression | None) -> np.ndarray:
        """uint8 `(T, A)`: 1 where the condition is true."""
        out = np.zeros(self.market.close.shape, np.uint8)
        if condition is not None:
            for asset, answers in enumerate(self.series(condition)):
                for t, answer in zip(self.own[asset], answers, strict=True):
                    out[t, asset] = answer is True
        return out

    def entry(self) -> np.ndarray:
        """int8 `(T, A)`: +1, -1, and 0 where neither condition is true or both are."""
        entry = self.document.entry
        return self.table(entry.long).astype(np.int8) - self.table(entry.short).astype(np.int8)

    def numbers(self, expression: Expression) -> np.ndarray:
        """float64 `(T, A)`: a number series, NaN where the asset does not trade."""
        out = np.full(self.market.close.shape, math.nan)
        for asset, values in enumerate(self.series(expression)):
            out[self.own[asset], asset] = values
        return out

    def leaves(self, condition: Expression, asset: int, bar: int, position: float, bars_held: int) -> bool:
        """Whether an exit condition is true at a bar of the market, with this position."""
        state = {"position": position, "bars_held": float(bars_held)}
        return self._at(condition, asset, self.own[asset].index(bar), state) is True

    def _at(self, node: Expression, asset: int, t: int, state: Mapping[str, float]) -> Any:
        if not names(node) & state.keys():
            return self.series(node)[asset][t]

        def at(part: Expression) -> Any:
            return self._at(part, asset, t, state)

        match node:
            case Name(name=name):
                return state[name]
            case Unary(op=op, operand=operand):
                return negated(at(operand)) if op == "not" else -at(operand)
            case Binary(op=op, left=left, right=right):
                return NUMBERS[op](at(left), at(right))
            case Compare(op=op, left=left, right=right):
                return compared(op, at(left), at(right))
            case Logic(op=op, operands=operands):
                return (both if op == "and" else either)(*(at(part) for part in operands))
        raise AssertionError(f"the position cannot be read in {node}")

    def series(self, node: Expression) -> Series:
        """The values of an expression."""
        if node not in self._known:
            self._known[node] = self._series(node)
        return self._known[node]

    def _series(self, node: Expression) -> Series:
        match node:
            case Number(value=value):
                return [[float(value)] * len(bars) for bars in self.own]
            case Name(name=name):
                return self._name(name)
            case Unary(op="not", operand=operand):
                return self._each(negated, operand)
            case Unary(operand=operand):
                return self._each(lambda x: -x, operand)
            case Binary(op=op, left=left, right=right):
                return self._each(NUMBERS[op], left, right)
            case Compare(op=op, left=left, right=right):
                return self._each(lambda x, y: compared(op, x, y), left, right)
            case Logic(op=op, operands=operands):
                return self._each(both if op == "and" else either, *operands)
            case Lag(operand=operand, bars=bars):
                return self._lag(operand, self._whole(bars))
            case Call(name=name):
                return self._function(node) if name in ARGUMENTS else self._indicator(node)
        raise AssertionError(node)

    def _name(self, name: str) -> Series:
        if name in self.parameters:
            return self._series(Number(float(self.parameters[name])))
        if name in self.document.let:
            return self.series(self.document.let[name])
        if name == "bar_index":
            return [[float(t) for t in bars] for bars in self.own]
        assert name in PRICES, name
        return [[float(getattr(self.market, name)[t, a]) for t in self.own[a]] for a in self._assets]

    def _each(self, function: Callable[..., Any], *parts: Expression) -> Series:
        given = [self.series(part) for part in parts]
        return [
            [function(*values) for values in zip(*(series[a] for series in given), strict=True)] for a in self._assets
        ]

    def _lag(self, operand: Expression, bars: int) -> Series:
        answer = []
        for values in self.series(operand):
            condition = any(value is None or isinstance(value, bool) for value in values)
            answer.append([ago(values, t, bars, None if condition else math.nan) for t in range(len(values))])
        return answer

    def _still(self, node: Expression) -> bool:
        match node:
            case Number():
                return True
            case Name(name=name):
                return name in self.parameters
            case Unary(op="-", operand=operand):
                return self._still(operand)
            case Binary(left=left, right=right):
                return self._still(left) and self._still(right)
            case Call(name=name, args=args):
                return name in STILL and all(self._still(part) for part in args)
        return False

    def _number(self, node: Expression) -> float:
        """A number that does not change from bar to bar."""
        match node:
            case Number(value=value):
                return float(value)
            case Name(name=name):
                return float(self.parameters[name])
            case Unary(operand=operand):
                return -self._number(operand)
            case Binary(op=op, left=left, right=right):
                return NUMBERS[op](self._number(left), self._number(right))
            case Call(name=name, args=args):
                return NUMBERS[name](*(self._number(part) for part in args))
        raise AssertionError(node)

    def _whole(self, node: Expression) -> int:
        value = self._number(node)
        assert value == int(value) >= 0
        return int(value)

    def _indicator(self, call: Call) -> Series:
        indicator = lookup(call.name)
        assert indicator is not None

        def given(part: Expression) -> Any:
            return self._number(part) if self._still(part) else part

        bound = bind(indicator, [given(part) for part in call.args], {key: given(part) for key, part in call.keywords})
        inputs = [self.series(Name(part.name) if isinstance(part, Column) else part) for part in bound.inputs]
        return [
            compute(call.name, [np.array(series[a], float) for series in inputs], bound.parameters).tolist()
            for a in self._assets
        ]

    def _function(self, call: Call) -> Series:
        words = ARGUMENTS[call.name].split()
        given = dict(zip(words, call.args, strict=False)) | dict(call.keywords)
        bars = self._whole(given["n"]) if "n" in given else 1
        parts = [given[word] for word in words if word != "n"]
        match call.name:
            case "lag":
                return self._lag(parts[0], bars)
            case "is_missing":
                return self._each(math.isnan, *parts)
            case "where":
                return self._each(chosen, *parts)
            case "rank" | "zscore":
                return self._across(rank if call.name == "rank" else zscore, parts[0])
            case name if name in NUMBERS:
                return self._each(NUMBERS[name], *parts)
        function = LOOKING_BACK[call.name]
        series = [self.series(part) for part in parts]
        return [
            [function(*(values[a] for values in series), t, bars) for t in range(len(self.own[a]))]
            for a in self._assets
        ]

    def _across(self, function: Callable[[float, list[float]], float], part: Expression) -> Series:
        series = self.series(part)
        answer: Series = [[] for _ in self._assets]
        for t in range(len(self.market)):
            here = [a for a in self._assets if t in self.own[a]]
            values = {a: series[a][len(answer[a])] for a in here}
            known = [value for value in values.values() if not math.isnan(value)]
            for a in here:
                answer[a].append(math.nan if math.isnan(values[a]) else function(values[a], known))
        return answer


def rank(x: float, row: list[float]) -> float:
    places = [place for place, value in enumerate(sorted(row), start=1) if value == x]
    return (places[0] + places[-1]) / 2.0 / len(row)


def zscore(x: float, row: list[float]) -> float:
    if len(set(row)) == 1:
        return math.nan
    total = 0.0
    for value in row:
        total += value
    mean, squares = total / len(row), 0.0
    for value in row:
        squares += (value - mean) * (value - mean)
    deviation = math.sqrt(squares / len(row))
    return (x - mean) / deviation if deviation > 0 else math.nan


def change(x: list[float], t: int, bars: int) -> float:
    return x[t] - ago(x, t, bars)


def percent_change(x: list[float], t: int, bars: int) -> float:
    return divide(x[t], ago(x, t, bars)) - 1.0


def crosses_above(a: list[float], b: list[float], t: int, _: int) -> Truth:
    return both(compared(">", a[t], b[t]), compared("<=", ago(a, t, 1), ago(b, t, 1)))


def crosses_below(a: list[float], b: list[float], t: int, _: int) -> Truth:
    return both(compared("<", a[t], b[t]), compared(">=", ago(a, t, 1), ago(b, t, 1)))


def rising(x: list[float], t: int, bars: int) -> Truth:
    return both(*(compared(">", ago(x, t, k), ago(x, t, k + 1)) for k in range(bars)))


def falling(x: list[float], t: int, bars: int) -> Truth:
    return both(*(compared("<", ago(x, t, k), ago(x, t, k + 1)) for k in range(bars)))


def count(condition: list[Truth], t: int, bars: int) -> float:
    if t < bars - 1:
        return math.nan
    return float(sum(1 for k in range(bars) if condition[t - k] is True))


def bars_since(condition: list[Truth], t: int, _: int) -> float:
    for k in range(t + 1):
        if condition[t - k] is True:
            return float(k)
    return math.nan


LOOKING_BACK: Mapping[str, Callable[..., Any]] = {
    "change": change, "percent_change": percent_change, "crosses_above": crosses_above, "crosses_below": crosses_below,
    "rising": rising, "falling": falling, "count": count, "bars_since": bars_since,
}  # fmt: skip
