"""Plans changed in one respect: cut short, mirrored, scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qt_engine.data.market import FIELDS, PRICES, Market
from qt_engine.strategies.plan import Plan, Protect


def head(plan: Plan, bars: int) -> Plan:
    """The decisions of the first `bars` bars."""
    tables = {
        name: getattr(plan, name)[:, :bars] if getattr(plan, name).size else getattr(plan, name)
        for name in ("distances", "program_columns", "order_prices")
    }
    decided = plan.rebalance < bars
    return replace(
        plan, entry=plan.entry[:bars], exit_long=plan.exit_long[:bars], exit_short=plan.exit_short[:bars],
        volatility=plan.volatility[:bars] if plan.volatility.size else plan.volatility,
        rebalance=np.ascontiguousarray(plan.rebalance[decided]), target=np.ascontiguousarray(plan.target[decided]),
        **{name: np.ascontiguousarray(table) for name, table in tables.items()},
    )  # fmt: skip


def scaled(market: Market, factor: float) -> Market:
    """The market with every price times `factor`."""
    return replace(market, **{name: getattr(market, name) * factor for name in PRICES})


def without_programs(plan: Plan) -> Plan:
    """The plan with exit flags only."""
    nothing = np.empty((0, 3), np.int64)
    return replace(plan, exit_programs=(nothing, nothing))


def with_idle_asset(market: Market, plan: Plan, position: int, prices: np.ndarray) -> tuple[Market, Plan]:
    """Market and plan with one more asset at column `position` that is never traded; `prices` float64 `(4, T)`."""
    columns = dict(zip(FIELDS, [*prices, np.ones(len(market))], strict=True))
    wider = {name: np.insert(getattr(market, name), position, columns[name], axis=1) for name in FIELDS}
    symbols = (*market.symbols[:position], "IDLE", *market.symbols[position:])

    def widen(table: np.ndarray) -> np.ndarray:
        here = table.shape[-1] == len(market.symbols)
        return np.insert(table, position, 0, axis=table.ndim - 1) if here else table

    names = ("entry", "exit_long", "exit_short", "distances", "volatility", "program_columns", "order_prices", "target")
    actions = market.actions.copy()
    actions["asset"] += actions["asset"] >= position
    if market.spread.size:
        wider["spread"] = np.insert(market.spread, position, 0.001, axis=1)
    return (
        replace(market, symbols=symbols, actions=actions, **{n: np.ascontiguousarray(c) for n, c in wider.items()}),
        replace(plan, **{name: np.ascontiguousarray(widen(getattr(plan, name))) for name in names}),
    )


def mirrored(plan: Plan) -> Plan:
    """Long for short and short for long."""
    return replace(
        plan, entry=-plan.entry, exit_long=plan.exit_short, exit_short=plan.exit_long,
        protect_kind=plan.protect_kind[::-1].copy(), protect_value=plan.protect_value[::-1].copy(),
        time_stop=plan.time_stop[::-1].copy(),
    )  # fmt: skip


def in_distances(plan: Plan, distance: float) -> Plan:
    """Every fraction replaced by the same price distance, every distance table by multiples of it."""
    kind = np.where(plan.protect_kind == Protect.NONE, Protect.NONE, Protect.DISTANCE).astype(np.int64)
    tables = np.empty((6, *plan.entry.shape))
    for row in range(6):
        tables[row] = distance * (row + 1)
    value = np.arange(6, dtype=float).reshape(2, 3)
    return replace(plan, protect_kind=kind, protect_value=value, distances=tables)
