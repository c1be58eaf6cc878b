"""From a portfolio strategy, its parameters and a market to a `Selection`: when, which assets, on which side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.strategies.bar_values import BarValues
from qt_engine.strategies.compiler import risk_of
from qt_engine.strategies.constants import evaluate_constant
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.lowering import Lowering
from qt_engine.strategies.nodes import Expression
from qt_engine.strategies.portfolio_document import PortfolioDocument
from qt_engine.strategies.schedule import every_bars, period_ends
from qt_engine.strategies.selection import ConstraintsSetting, Selection, WeightsSetting

__all__ = ["rebalance_bars", "select"]

_NOISE = 1e-9
"""A fraction of assets such as 0.29 × 100 counts 29, whatever its last bits say."""


def select(document: StrategyDocument, parameters: Mapping[str, float], market: Market) -> Selection:
    """Decide what a portfolio strategy holds at each rebalance; how much of it is for `qt_engine.portfolio`.

    Parameters
    ----------
    document
        A checked document of kind `portfolio`.
    parameters
        A value for every parameter, as `resolve_parameters` gives them.
    market
        The bars. A decision depends on the times and prices of the bars up to its own only: for the first bars of a
        market the selection is the first part of that for the whole.

    Raises
    ------
    InputError
        If the document is of another kind, or an indicator does not take these parameters.
    """
    if not isinstance(document, PortfolioDocument):
        raise InputError(f"strategy {document.name} is of kind {document.kind}: portfolios are compiled here")
    bars = rebalance_bars(document, parameters, market)
    lowering, values = Lowering(document), BarValues(market, parameters, bars)
    chosen, weights = document.select, document.weights
    wanted: dict[str, Expression | None] = {
        "rank": chosen.rank, "where": chosen.where, "value": weights.value, "views": weights.views,
    }  # fmt: skip
    given = {name: lowering.lower(expression) for name, expression in wanted.items() if expression is not None}
    tables = dict(zip(given, values.tables(list(given.values())), strict=True))
    eligible = values.trades if chosen.where is None else values.trades & (tables["where"] == 1.0)
    empty = np.empty((0, 0))

    def number(expression: Expression) -> float:
        return evaluate_constant(expression, parameters)

    if chosen.rank is None:
        scores = np.full(eligible.shape, np.nan)
        side = eligible.astype(np.int8)
    else:
        scores = tables["rank"]
        counts = (0.0 if expression is None else number(expression) for expression in (chosen.top, chosen.bottom))
        side = _sides(scores, eligible, *counts)
    signal = empty
    if weights.method == "signal":
        known = (side != 0) & ~np.isnan(tables["value"])
        signal = np.where(known, tables["value"], 0.0)
        if document.constraints.long_only:
            signal = np.maximum(signal, 0.0)
        side = np.sign(signal).astype(np.int8)
    band = document.rebalance.drift_band
    return Selection(
        bars, scores, side, _weights(document, parameters), _constraints(document, parameters, market),
        drift_band=float("inf") if band is None else number(band), signal=signal, views=tables.get("views", empty),
        risk=risk_of(document.risk, number),
    )  # fmt: skip


def rebalance_bars(document: PortfolioDocument, parameters: Mapping[str, float], market: Market) -> NDArray[np.int64]:
    """The bars at whose close weights are decided: int64 `(R,)`, strictly increasing."""
    every = document.rebalance.every
    if every == "bars":
        assert document.rebalance.bars is not None
        return every_bars(market, int(evaluate_constant(document.rebalance.bars, parameters)))
    return period_ends(market, every)


def _sides(scores: NDArray[np.float64], eligible: NDArray[np.bool_], top: float, bottom: float) -> NDArray[np.int8]:
    """+1 for the `top` assets of each row, -1 for the `bottom` of those that are left, 0 for the others.

    Of equal scores the first assets are chosen. A count below 1 is a fraction of the ranked assets, rounded down, but at
    least one.
    """
    ranked = np.where(eligible, scores, np.nan)
    number = np.count_nonzero(~np.isnan(ranked), axis=1)
    longs = _extreme(-ranked, np.minimum(_count(top, number), number))
    if not bottom:
        return longs.view(np.int8)
    shorts = _extreme(np.where(longs, np.nan, ranked), np.minimum(_count(bottom, number), number - longs.sum(axis=1)))
    return longs.view(np.int8) - shorts.view(np.int8)


def _count(wanted: float, number: NDArray[np.int64]) -> NDArray[np.int64]:
    if wanted == 0.0 or wanted >= 1.0:
        return np.full(number.shape, int(wanted), np.int64)
    return np.where(number > 0, np.maximum(np.floor(wanted * number + _NOISE), 1.0), 0.0).astype(np.int64)


def _extreme(table: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The `counts` lowest values of each row, of equal ones the first; never a missing one."""
    if not table.size or not counts.any():
        return np.zeros(table.shape, np.bool_)
    # The value of the last one that is in decides: sorting rows of numbers is much cheaper than ordering their places.
    ordered = np.sort(table, axis=1)
    last = np.take_along_axis(ordered, np.maximum(counts - 1, 0)[:, None], axis=1)
    last[counts == 0] = np.nan
    chosen: NDArray[np.bool_] = table <= last
    for row in np.flatnonzero(np.count_nonzero(chosen, axis=1) > counts):
        tied = np.flatnonzero(table[row] == last[row, 0])
        spare = np.count_nonzero(chosen[row]) - counts[row]
        chosen[row, tied[len(tied) - spare :]] = False
    return chosen


def _weights(document: PortfolioDocument, parameters: Mapping[str, float]) -> WeightsSetting:
    weights = document.weights
    given: dict[str, Any] = {"method": weights.method, "fallback": weights.fallback}
    if weights.covariance is not None:
        given["covariance"] = weights.covariance
    for name in ("window", "half_life", "shrinkage", "factors", "confidence"):
        expression = getattr(weights, name)
        if expression is not None:
            value = evaluate_constant(expression, parameters)
            given[name] = int(value) if name in ("window", "factors") else value
    return WeightsSetting(**given)


def _constraints(document: PortfolioDocument, parameters: Mapping[str, float], market: Market) -> ConstraintsSetting:
    bounds = document.constraints
    given: dict[str, Any] = {
        name: evaluate_constant(expression, parameters)
        for name in ("max_weight", "min_weight", "max_turnover", "gross", "net", "max_sector")
        if (expression := getattr(bounds, name)) is not None
    }
    place = {symbol: asset for asset, symbol in enumerate(market.symbols)}
    sectors = tuple(
        (name, tuple(sorted(place[symbol] for symbol in symbols if symbol in place)))
        for name, symbols in bounds.sectors
    )
    return ConstraintsSetting(**given, long_only=bounds.long_only, sectors=sectors)
