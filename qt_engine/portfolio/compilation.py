"""The one way from a strategy of any kind to a `Plan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qt_engine.data.market import Market
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.plan import Plan

if TYPE_CHECKING:
    from qt_engine.portfolio.construction import Construction
    from qt_engine.strategies.base import Strategy
    from qt_engine.strategies.selection import Selection

Progress = Callable[[float], None]


def compile_strategy(
    strategy: StrategyDocument | type[Strategy],
    parameters: Mapping[str, float],
    market: Market,
    progress: Progress | None = None,
) -> Plan:
    """Decide everything a strategy decides over a market.

    Parameters
    ----------
    strategy
        A checked document of kind `rules` or `portfolio`, or a strategy in Python (as loaded, or its class).
    parameters
        A value for every parameter, as `resolve_parameters` gives them.
    market
        The bars. The decision at a bar depends on bars up to it only.
    progress
        Called with the share that is done, where deciding takes time; what it raises (`CancelledError`) ends the work.

    Raises
    ------
    InputError
        If an indicator does not take these parameters, or a library that the strategy's method needs is not installed.
    StrategyError, TargetError
        If a strategy in Python fails, or decides what cannot be a weight.
    """
    from qt_engine.strategies.portfolio_document import PortfolioDocument

    if isinstance(strategy, PortfolioDocument):
        from qt_engine.portfolio.construction import construct
        from qt_engine.strategies.portfolio_compiler import select

        selection = select(strategy, parameters, market)
        return plan_of_construction(selection, construct(selection, market, progress))
    from qt_engine.strategies.document import RulesDocument

    if isinstance(strategy, RulesDocument):
        from qt_engine.strategies.compiler import compile_plan

        return compile_plan(strategy, parameters, market)
    from qt_engine.strategies.decisions import as_python_strategy, plan_of

    return plan_of(as_python_strategy(strategy), parameters, market, progress)


def plan_of_construction(selection: Selection, made: Construction) -> Plan:
    """The plan of constructed targets. A rebalance at which nothing is traded is none: the decision before it still holds."""
    rows = np.flatnonzero(~made.held)
    plan = Plan.of_targets(
        selection.bars[rows], made.target[rows], drift_band=selection.drift_band, risk=selection.risk
    )
    return replace(plan, fallbacks=made.fallbacks)
