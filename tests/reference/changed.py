"""Inputs of the complete contract changed in one respect: other money, other units, another asset beside, higher fees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qt_engine.data.market import ACTIONS, DIVIDEND, PRICES, SPLIT, Market
from qt_engine.simulation.contract import SimInput
from qt_engine.simulation.execution import Execution, FeeRegime
from qt_engine.strategies.plan import Plan, Risk
from reference import plans

UNSTARTED = 2.0**40
"""Capital beside which nothing that is traded counts."""


def in_other_money(given: SimInput, factor: float) -> SimInput:
    """Everything that is counted in currency times `factor`."""
    market, plan, execution = given.market, given.plan, given.execution
    actions = market.actions.copy()
    actions["value"][actions["kind"] == DIVIDEND] *= factor
    prices = {name: getattr(market, name) * factor for name in PRICES}
    fees = tuple(
        regime.replace(
            tiers=tuple(tier.replace(above=tier.above * factor) for tier in regime.tiers),
            per_unit=regime.per_unit * factor, minimum=regime.minimum * factor,
        )
        for regime in execution.fees
    )  # fmt: skip
    most = plan.risk.max_position
    decided = replace(
        plan, distances=np.where(plan.distances > 0, plan.distances * factor, plan.distances),
        order_prices=plan.order_prices * factor,
        sizing_value=plan.sizing_value * factor if plan.sizing == "fixed_notional" else plan.sizing_value,
        risk=replace(plan.risk, max_position=None if most is None else most * factor),
    )  # fmt: skip
    most = given.risk.max_position
    return given.replace(
        market=replace(market, actions=actions, **prices), plan=decided, cash=given.cash * factor,
        execution=execution.replace(tick=execution.tick * factor, fees=fees),
        risk=given.risk.replace(max_position=None if most is None else most * factor),
    )  # fmt: skip


def on_a_grid(given: SimInput) -> SimInput:
    """Prices, distances and order prices in quarters, so that halves and doubles of them are exact; no other actions.

    What a strategy counts in units (a fixed quantity, a fee per unit, an exit that reads the position) is left out.
    """
    market, plan = given.market, given.plan
    quarters = {name: np.ascontiguousarray(np.round(getattr(market, name) * 4) / 4 + 20) for name in PRICES}
    if plan.kind == "rules":
        prices = np.round(plan.order_prices * 4) / 4 + np.where(plan.order_prices > 0, 20, 0)
        plan = plans.in_distances(plans.without_programs(plan), 0.75)
        plan = replace(plan, order_prices=np.ascontiguousarray(prices))
        if plan.sizing == "fixed_quantity":
            plan = replace(plan, sizing="fixed_notional", sizing_value=500.0)
    fees = tuple(regime.replace(per_unit=0.0) for regime in given.execution.fees)
    return given.replace(
        market=replace(market, actions=np.empty(0, ACTIONS), **quarters), plan=plan,
        execution=given.execution.replace(tick=2.0**-6, fees=fees),
    )  # fmt: skip


def split_before(given: SimInput, bar: int, asset: int, r: float) -> SimInput:
    """The same story told with a split: before bar `bar` every price of the asset is `r` times as high, a volume `r` times as low."""
    market, plan = given.market, given.plan
    told: dict[str, Any] = {name: getattr(market, name).copy() for name in (*PRICES, "volume")}
    for name in PRICES:
        told[name][:bar, asset] *= r
    told["volume"][:bar, asset] /= r
    actions = np.array([(bar, asset, SPLIT, r)], ACTIONS)
    tables = {}
    for name in ("distances", "order_prices"):
        table = getattr(plan, name).copy()
        if table.size:
            table[:, :bar, asset] *= r
        tables[name] = table
    return given.replace(market=replace(market, actions=actions, **told), plan=replace(plan, **tables))


def independent_of_equity(given: SimInput) -> SimInput:
    """Fixed quantities and so much capital that no decision looks at it."""
    plan = given.plan
    limits = Risk(
        max_gross=1000.0, max_position=plan.risk.max_position, max_orders_per_day=plan.risk.max_orders_per_day
    )
    plan = replace(plan, sizing="fixed_quantity", sizing_value=8.0, risk=limits)
    return given.replace(plan=plan, cash=UNSTARTED, risk=type(given.risk)())


def dearer(execution: Execution, bps: float, per_unit: float, minimum: float) -> Execution:
    """Every fee higher by as much."""
    fees = tuple(
        FeeRegime(
            since=regime.since, per_unit=regime.per_unit + per_unit, minimum=regime.minimum + minimum,
            tiers=tuple(t.replace(maker_bps=t.maker_bps + bps, taker_bps=t.taker_bps + bps) for t in regime.tiers),
        )
        for regime in execution.fees
    )  # fmt: skip
    return execution.replace(fee_bps=execution.fee_bps + bps, fees=fees)


def beside(given: SimInput, other: Market, plan: Plan, position: int) -> SimInput:
    """The run with the first asset of another market and plan (of as many bars) beside its own, at column `position`."""
    market, own = given.market, given.plan
    columns = {
        name: np.ascontiguousarray(np.insert(getattr(market, name), position, getattr(other, name)[:, 0], axis=1))
        for name in (*PRICES, "volume")
    }
    if market.spread.size:
        columns["spread"] = np.ascontiguousarray(np.insert(market.spread, position, 0.002, axis=1))
    actions = market.actions.copy()
    actions["asset"] += actions["asset"] >= position
    more = other.actions[other.actions["asset"] == 0].copy()
    more["asset"] = position
    actions = np.sort(np.concatenate([actions, more]), order=["bar", "asset", "kind"], kind="stable")
    tables = {}
    for name in ("entry", "exit_long", "exit_short", "distances", "volatility", "program_columns", "order_prices"):
        table, theirs = getattr(own, name), getattr(plan, name)
        if table.size:
            column = theirs[..., 0] if theirs.shape[:-1] == table.shape[:-1] else table[..., 0]
            tables[name] = np.ascontiguousarray(np.insert(table, position, column, axis=table.ndim - 1))
    symbols = (*market.symbols[:position], "BESIDE", *market.symbols[position:])
    return given.replace(
        market=replace(market, symbols=symbols, actions=actions, **columns), plan=replace(own, **tables)
    )
