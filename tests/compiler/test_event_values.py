"""Events are series like any other: each in the symbol's first bar from it on, and nothing in all other bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compiler.compiled import HEAD, market_from, numbers, truths
from qt_engine.data.market import ACTION_KINDS, ACTIONS, Market
from qt_engine.strategies.functions import EVENTS
from qt_engine.strategies.language import load_document
from qt_engine.strategies.nodes import Name
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.portfolio_compiler import select
from qt_engine.strategies.writing import expression_text

CLOSES = {"A": [10.0, 11, 12, 13, 14], "B": [20.0, None, None, 23, 24], "C": [None, None, None, None, None]}
HAPPENED = [  # bar, asset, kind, value
    (0, 0, "dividend", 0.5), (1, 0, "dividend", 0.1), (1, 0, "dividend", 0.2), (1, 1, "split", 2.0), (2, 1, "split", 3.0),
    (2, 2, "split", 5.0), (3, 0, "split", 2.0), (4, 1, "funding", -0.01),
]  # fmt: skip


def market() -> Market:
    rows = [(bar, asset, ACTION_KINDS[kind], value) for bar, asset, kind, value in HAPPENED]
    return replace(market_from(CLOSES), actions=np.array(rows, ACTIONS))


def known(column: list[float]) -> list[float | None]:
    return [None if value != value else value for value in column]


# (expression, values of A, values of B)
VALUES = [
    ("event(split)", [0, 0, 0, 2, 0], [0, None, None, 6, 0]),  # B's two splits while it did not trade
    ("event(dividend)", [0.5, 0.1 + 0.2, 0, 0, 0], [0, None, None, 0, 0]),
    ("event(funding)", [0, 0, 0, 0, 0], [0, None, None, 0, -0.01]),
    ("event(split)[1]", [None, 0, 0, 0, 2], [None, None, None, 0, 6]),
    ("bars_since(event(dividend) > 0)", [0, 0, 1, 2, 3], [None] * 5),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "first", "second"), VALUES)
def test_values(expression: str, first: list[float | None], second: list[float | None]) -> None:
    found = numbers(expression, market())
    assert [known(column) for column in found] == [first, second, [None] * 5]


def test_conditions() -> None:
    assert truths("event(split) > 1", market()) == ["FFFTF", "F??TF", "?????"]
    assert truths("event(split) > 1", market_from(CLOSES)) == ["FFFFF", "F??FF", "?????"]


def test_no_event_is_known_before_it_happened() -> None:
    whole = numbers("event(split) + event(dividend)", market())
    for bars in range(6):
        assert [known(column) for column in numbers("event(split) + event(dividend)", market().head(bars))] == [
            known(column[:bars]) for column in whole
        ]


def test_portfolios_read_them_too() -> None:
    document = load_document(
        "schema: 1\nname: a\nkind: portfolio\nselect: {rank: event(split), top: 1}\nrebalance: {every: bar}\n"
    )
    found = select(document, resolve_parameters(document), market())
    assert found.side.argmax(axis=1).tolist() == [0, 0, 0, 1, 0]


def test_they_are_written_as_they_are_read() -> None:
    document = load_document(HEAD + "let: {new: event( split )}\nentry: {long: new > 1}\nexit: {time_stop: 1}\n")
    assert document.let["new"] == Name("event(split)")
    assert expression_text(document.let["new"]) == "event(split)"


def test_every_kind_that_the_data_has_is_known() -> None:
    assert sorted(ACTION_KINDS) == sorted(EVENTS)
