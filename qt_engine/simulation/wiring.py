"""A run's market, plan and models as the arrays that the complete path of the kernel reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.compiled import compiled
from qt_engine.core.randomness import symbol_key
from qt_engine.data.market import Market
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation import book as at
from qt_engine.simulation.book import Bars, Decisions, Model
from qt_engine.simulation.execution import BPS, Carry, Execution
from qt_engine.simulation.state import limits_of, programs_of, settings_of
from qt_engine.strategies.plan import UNLIMITED, Plan

NO_TABLE = np.empty((0, 0))
HOUR_NS = 3_600_000_000_000


def bars_of(market: Market, execution: Execution) -> Bars:
    """The market, and what the execution model has to know of it."""
    sigma = adv = NO_TABLE
    if execution.impact is not None:
        sigma, adv = conditions(market.close, market.volume, market.actions, execution.impact.window)
    month = np.empty(0, np.int64)
    if execution.fees:
        month = market.ts.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    keys = np.array([symbol_key(symbol) for symbol in market.symbols], np.uint64)
    return Bars(
        market.ts, market.close_ts, market.open, market.high, market.low, market.close, market.volume, market.sample,
        market.sample_index, market.spread, sigma, adv, month, market.actions, keys,
    )  # fmt: skip


def decisions_of(plan: Plan, signals: NDArray[np.int8]) -> Decisions:
    """The plan."""
    programs, start, stack = programs_of(plan)
    return Decisions(
        plan.entry, signals, plan.exit_long.view(np.int8), plan.exit_short.view(np.int8), plan.protect_kind,
        plan.protect_value, plan.distances, plan.volatility, programs, start, plan.program_values, plan.program_columns,
        stack, plan.order_style, plan.order_prices, plan.rebalance, plan.target,
    )  # fmt: skip


def model_of(
    plan: Plan, execution: Execution, limits: RiskLimits, watched: RiskLimits, seed: int, kill_ts: int | None
) -> Model:
    """Costs and limits; `limits` are those that hold, `watched` those of the run alone."""
    settings, whole_limits = settings_of(plan, execution), limits_of(plan)
    settings[[5, 6]] = _or_none(limits.max_gross), _or_none(limits.max_drawdown)
    whole_limits[3] = UNLIMITED if limits.max_positions is None else limits.max_positions
    carry = execution.carry or Carry()
    costs = np.zeros(at.COSTS)
    for column, value in (
        (at.SPREAD, execution.spread_bps / BPS),
        (at.QUOTED, float(execution.quoted_spread)),
        (at.IMPACT, 0.0 if execution.impact is None else execution.impact.coefficient),
        (at.SHARE, 0.0 if execution.volume_share is None else execution.volume_share.coefficient),
        (at.PARTICIPATION, _or_none(execution.participation)),
        (at.MAKER_SLIPS, float(execution.limit_fills_slip)),
        (at.FAILURE, execution.failure_probability),
        (at.BORROW_RATE, carry.borrow_rate),
        (at.MARGIN_RATE, carry.margin_rate),
        (at.CASH_RATE, carry.cash_rate),
        (at.FUNDING_RATE, carry.funding_bps / BPS),
        (at.WATCH_GROSS, _or_none(watched.max_gross)),
        (at.MAX_NET, _or_none(limits.max_net)),
        (at.MAX_CONCENTRATION, _or_none(limits.max_concentration)),
        (at.MAX_POSITION, _or_none(limits.max_position)),
        (at.MAX_DAILY_LOSS, _or_none(limits.max_daily_loss)),
        (at.DRIFT_BAND, plan.drift_band),
    ):
        costs[column] = value
    whole = np.zeros(at.WHOLE, np.int64)
    whole[at.SEED] = seed
    whole[at.FUNDING_PERIOD] = round(carry.funding_hours * HOUR_NS) if carry.funding_bps else 0
    whole[at.ORDERS_A_DAY] = UNLIMITED if limits.max_orders_per_day is None else limits.max_orders_per_day
    whole[at.KILL] = at.NO_KILL if kill_ts is None else kill_ts
    whole[at.HIGH_FIRST] = int(execution.path == "ohlc")
    whole[at.PORTFOLIO] = int(plan.kind == "portfolio")
    latency = np.array(() if execution.latency is None else execution.latency.table, np.int64)
    return Model(whole_limits, settings, costs, whole, latency, *_schedule(execution))


def _or_none(value: float | None) -> float:
    return math.inf if value is None else value


def _schedule(execution: Execution) -> tuple[NDArray[Any], ...]:
    regimes = execution.fees
    tiers = [(tier.above, tier.maker_bps / BPS, tier.taker_bps / BPS) for regime in regimes for tier in regime.tiers]
    return (
        np.array([regime.since_ns for regime in regimes], np.int64),
        np.array([(regime.per_unit, regime.minimum) for regime in regimes]).reshape(-1, 2),
        np.cumsum([0, *(len(regime.tiers) for regime in regimes)], dtype=np.int64),
        np.array(tiers).reshape(-1, 3),
    )


@compiled
def conditions(close: Any, volume: Any, actions: Any, window: int) -> Any:
    """(sigma, adv), float64 `(T, A)`: volatility of returns and mean volume over the traded bars before each bar.

    `sigma` is the sample standard deviation of at most `window` close-to-close returns, NaN for fewer than two. From the
    bar of a split on, what was before it counts in new units.
    """
    bars, assets = close.shape
    sigma, adv = np.full((bars, assets), np.nan), np.full((bars, assets), np.nan)
    prices, volumes = np.empty(window + 1), np.empty(window + 1)
    for asset in range(assets):
        seen = 0
        action = 0
        for t in range(bars):
            size = window + 1
            while action < actions.shape[0] and actions[action].bar <= t:
                row = actions[action]
                if row.asset == asset and row.kind == 1:
                    for k in range(min(seen, size)):
                        prices[k] = prices[k] / row.value
                        volumes[k] = volumes[k] * row.value
                action += 1
            returns = min(seen - 1, window)
            if returns >= 2:
                mean, first = 0.0, seen - 1 - returns
                for k in range(returns):
                    mean += prices[(first + k + 1) % size] / prices[(first + k) % size] - 1.0
                mean = mean / returns
                spread = 0.0
                for k in range(returns):
                    off = prices[(first + k + 1) % size] / prices[(first + k) % size] - 1.0 - mean
                    spread += off * off
                sigma[t, asset] = np.sqrt(spread / (returns - 1))
                counted, total = min(seen, window), 0.0
                for k in range(counted):
                    total += volumes[(seen - counted + k) % size]
                adv[t, asset] = total / counted
            price = close[t, asset]
            if price == price:
                prices[seen % size] = price
                traded = volume[t, asset]
                volumes[seen % size] = traded if traded == traded else 0.0
                seen += 1
    return sigma, adv
