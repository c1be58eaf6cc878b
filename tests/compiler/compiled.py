"""What an expression is worth, read out of a compiled plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qt_engine.data.market import Market
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Plan
from reference.cases import Bars, market_of

Closes = Sequence[float | None]
HEAD = "schema: 1\nname: tried\nkind: rules\nuniverse: [A]\n"


def market_from(closes: Closes | Mapping[str, Closes]) -> Market:
    """Bars that open and close at these prices, one above and one below them; None where the asset does not trade."""
    assets = closes if isinstance(closes, Mapping) else {"A": closes}
    bars: dict[str, Bars] = {
        symbol: [None if close is None else (close, close + 1, close - 1, close) for close in column]
        for symbol, column in assets.items()
    }
    return market_of(bars)


def plan_from(text: str, market: Market, **chosen: Any) -> Plan:
    """A strategy's plan."""
    document = load_document(HEAD + text, "tried.yaml")
    return compile_plan(document, resolve_parameters(document, chosen), market)


def truths(condition: str, market: Market, above: str = "", **chosen: Any) -> list[str]:
    """For every asset a text with a letter for every bar: T true, F false, ? unknown (or no trade)."""
    yes = plan_from(f'{above}entry: {{long: "{condition}"}}\n', market, **chosen).entry
    no = plan_from(f'{above}entry: {{long: "not ({condition})"}}\n', market, **chosen).entry
    assert not (yes & no).any()
    return [
        "".join("T" if y else "F" if n else "?" for y, n in zip(*rows, strict=True))
        for rows in zip(yes.T, no.T, strict=True)
    ]


def numbers(expression: str, market: Market, above: str = "", **chosen: Any) -> list[list[float]]:
    """For every asset its number in every bar, NaN where it is missing."""
    text = f'{above}entry: {{long: "close > 0"}}\nexit: {{long: "position > ({expression}) + 0 * close"}}\n'
    (column,) = plan_from(text, market, **chosen).program_columns
    assert column.dtype == np.float64
    rows: list[list[float]] = column.T.tolist()
    return rows
