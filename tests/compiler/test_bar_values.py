"""Expressions in a few bars are worth what they are worth there when every bar is computed, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compiled import market_from
from compiler.random_strategies import HEAD, choices, conditions, numbers
from compiler.test_random_strategies import read
from qt_engine.data.market import Market
from qt_engine.strategies.bar_values import BarValues
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.graph import Node
from qt_engine.strategies.lowering import Lowering
from qt_engine.strategies.parameters import resolve_parameters
from reference.generators import markets

PORTFOLIO = HEAD.replace("kind: rules", "kind: portfolio")
PLAIN = ("close", "open", "high", "low", "volume", "bar_index", "close", "first")
LAGS = ("0", "1", "2", "k", "7", "30")


@st.composite
def row_numbers(draw: st.DrawFn, depth: int = 4) -> str:
    """Lags, arithmetic and comparisons of prices: what is worked out by rows."""

    def number() -> str:
        return draw(row_numbers(depth=depth - 1))

    kind = draw(st.integers(0, 8 if depth > 0 else 1))
    if kind == 0:
        return draw(st.sampled_from(PLAIN))
    if kind == 1:
        return f"{draw(st.sampled_from(PLAIN))}[{draw(st.sampled_from(LAGS))}]"
    if kind == 2:
        return draw(st.sampled_from(("20", "0", "p", "p / 4", "-1", "n", "sqrt(p)", "1e-310")))
    if kind <= 4:
        return f"({number()} {draw(st.sampled_from('+-*/'))} {number()})"
    if kind == 5:
        return f"({number()})[{draw(st.sampled_from(LAGS))}]"
    if kind == 6:
        name = draw(st.sampled_from(("abs", "sqrt", "sign", "-", "percent_change", "change", "rank", "zscore")))
        return f"{name}({number()})"
    if kind == 7:
        return f"{draw(st.sampled_from(('min', 'max')))}({number()}, {number()})"
    return f"where({draw(row_conditions(depth=depth - 1))}, {number()}, {number()})"


@st.composite
def row_conditions(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.integers(0, 4 if depth > 0 else 1))
    if kind <= 1:
        operator = draw(st.sampled_from(("<", "<=", ">", ">=", "==", "!=")))
        return f"({draw(row_numbers(depth=max(depth - 1, 0)))} {operator} {draw(row_numbers(depth=max(depth - 1, 0)))})"
    inner = draw(row_conditions(depth=depth - 1))
    if kind == 2:
        return f"({inner} {draw(st.sampled_from(('and', 'or')))} {draw(row_conditions(depth=depth - 1))})"
    if kind == 3:
        return f"(not {inner})"
    return draw(
        st.sampled_from(
            (
                f"({inner})[{draw(st.sampled_from(LAGS))}]",
                "is_missing(close[k])",
                f"is_missing({draw(row_numbers(depth=1))})",
            )
        )
    )


def lowered(number: str, condition: str) -> tuple[StrategyDocument, list[Node]]:
    document = read(
        f'{PORTFOLIO}let:\n  first: "close[n] + 0"\nselect: {{rank: "{number}", top: 1, where: "{condition}"}}\n'
    )
    lowering = Lowering(document)
    return document, [lowering.lower(reading.expression) for reading in document.readings()]


def bars_of(market: Market, seed: int) -> np.ndarray:
    return np.flatnonzero(np.random.default_rng(seed).random(len(market)) < 0.4)


@given(row_numbers(), row_conditions(), choices(), markets(max_assets=4, max_bars=40), st.integers(0, 2**32 - 1))
def test_by_row_as_from_whole_series(
    number: str, condition: str, chosen: dict[str, float], market: Market, seed: int
) -> None:
    document, nodes = lowered(number, condition)
    values = BarValues(market, resolve_parameters(document, chosen), bars_of(market, seed))
    if values.dense:
        assert all(values.by_row(node) for node in nodes)
    for found, expected in zip(values.tables(nodes), values.tables_of_whole_series(nodes), strict=True):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes()


@given(numbers(depth=2), conditions(depth=2), choices(), markets(max_assets=3, max_bars=30), st.integers(0, 2**32 - 1))
def test_every_expression(number: str, condition: str, chosen: dict[str, float], market: Market, seed: int) -> None:
    document, nodes = lowered(number.replace("second", "open"), condition.replace("second", "open"))
    values = BarValues(market, resolve_parameters(document, chosen), bars_of(market, seed))
    for found, expected in zip(values.tables(nodes), values.tables_of_whole_series(nodes), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_symbols_count_their_own_bars() -> None:
    market = market_from({"A": [1.0, 2, 3, 4, 5, 6], "B": [10.0, None, 30, None, 50, None], "C": [None] * 6})
    document, (rank, where) = lowered("close[1]", "close > close[2]")
    values = BarValues(market, resolve_parameters(document), np.array([2, 4, 5]))
    assert values.by_row(rank)
    nan = np.nan
    np.testing.assert_array_equal(values.tables([rank])[0], [[2, 10, nan], [4, 30, nan], [5, nan, nan]])
    np.testing.assert_array_equal(values.tables([where])[0], [[1, 0, 0], [1, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    "expression", ["close ** 2", "log(close)", "exp(close)", "sma(close, 3)", "close + bars_since(close > 1)"]
)
def test_what_is_followed_bar_by_bar(expression: str) -> None:
    market = market_from({"A": [1.0, 2, 3, 4, 5, 6], "B": [3.0, 1, 4, 1, 5, 9]})
    document, (rank, _) = lowered(expression, "close > 0")
    assert not BarValues(market, resolve_parameters(document), np.array([1])).by_row(rank)
