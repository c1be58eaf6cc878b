"""Hypothesis strategies for the complete contract: small busy markets, plans of both kinds, every field of an execution.

Much is drawn from few values that meet each other: bars touch limits exactly, volumes run dry, splits fall between an order
and its fill, sessions end while orders work. `reference.generators` is the same for the simple rules.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.market import ACTIONS, DIVIDEND, FUNDING, PRICES, SPLIT, Market
from qt_engine.simulation.contract import RiskLimits, SimInput
from qt_engine.simulation.execution import (
    Carry,
    Execution,
    FeeRegime,
    FeeTier,
    Impact,
    Latency,
    VolumeShare,
)
from qt_engine.strategies.plan import UNLIMITED, OrderType, Plan, Protect, Risk, TimeInForce
from reference import generators
from reference.cases import START
from reference.generators import Run, _choices

HOUR_NS = DAY_NS // 24
VOLUMES = np.array([1e4, 1e4, 500, 1e4, 100, 37.5, 300, 2000, 60, 12, 1e6, 0, 150, np.nan, 800, 25])
SPLITS = (2.0, 0.5, 4.0, 3.0, 1.5, 0.1)
DIVIDENDS = (0.5, 0.25, 1.0, 0.01, 3.0)
FUNDINGS = (0.0001, -0.001, 0.01)
TIGHT = np.full((2, 3), Protect.FRACTION, np.int64)
"""Every protection there is, as fractions."""


def often(draw: st.DrawFn, share: int, of: int = 4) -> bool:
    """True `share` times out of `of`; shrinks to False."""
    return draw(st.integers(0, of - 1)) >= of - share


@st.composite
def markets(draw: st.DrawFn, *, max_assets: int = 4, max_bars: int = 50) -> Market:
    """Bars as `generators.markets`, with volumes, sessions, corporate actions and spreads."""
    market = draw(generators.markets(max_assets=max_assets, max_bars=max_bars))
    bars, assets = market.close.shape
    picks = _choices(draw, bars, assets, 2)
    volume = np.where(np.isnan(market.close), np.nan, VOLUMES[picks[..., 0] % 16])
    changed: dict[str, Any] = {"volume": np.ascontiguousarray(volume)}
    changed |= draw(calendars(bars))
    if often(draw, 2):
        changed["spread"] = np.ascontiguousarray(np.array([0.001, 0.01, np.nan, 0.004, 0.0, 0.02])[picks[..., 1] % 6])
    if often(draw, 2):
        changed["actions"] = actions = draw(corporate_actions(bars, assets))
        if often(draw, 3):
            changed |= after_splits(market, actions)
    return replace(market, **changed)


@st.composite
def calendars(draw: st.DrawFn, bars: int) -> dict[str, Any]:
    """Times and sessions: days, days with gaps, or hours in sessions of a few bars."""
    kind = draw(st.sampled_from(("days", "sessions", "sparse", "sessions")))
    first = START + DAY_NS * draw(st.sampled_from((0, 20, 58)))
    if kind == "sessions":
        length = draw(st.sampled_from((3, 5, 8)))
        t = np.arange(bars, dtype=np.int64)
        ts = first + DAY_NS * (t // length) + HOUR_NS * (14 + t % length)
        sample = (t % length == length - 1).astype(np.uint8)
        closes = ts + HOUR_NS
    else:
        step = 1 if kind == "days" else draw(st.sampled_from((2, 5, 11)))
        ts = first + DAY_NS * step * np.arange(bars, dtype=np.int64)
        closes, sample = ts + DAY_NS, np.ones(bars, np.uint8)
    if often(draw, 1):
        closes = closes - 1
    return {"ts": ts, "close_ts": closes, "sample": sample, "interval": "1h" if kind == "sessions" else "1d"}


@st.composite
def corporate_actions(draw: st.DrawFn, bars: int, assets: int) -> np.ndarray:
    values = {SPLIT: SPLITS, DIVIDEND: DIVIDENDS, FUNDING: FUNDINGS}
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from((SPLIT, SPLIT, DIVIDEND, FUNDING)))
        bar, asset = draw(st.integers(0, bars - 1)), draw(st.integers(0, assets - 1))
        rows.append((bar, asset, kind, draw(st.sampled_from(values[kind]))))
    return np.array(sorted(rows, key=lambda row: row[:3]), ACTIONS)


def after_splits(market: Market, actions: np.ndarray) -> dict[str, np.ndarray]:
    """Prices that fall at a split as the number of units grows."""
    prices = {name: getattr(market, name).copy() for name in PRICES}
    for bar, asset, kind, value in actions.tolist():
        if kind == SPLIT:
            for table in prices.values():
                table[bar:, asset] = table[bar:, asset] / value
    return prices


@st.composite
def styled(draw: st.DrawFn, market: Market, plan: Plan) -> Plan:
    """A rule plan with order types, time in force and prices near the close of the decision bar."""
    style = np.zeros((2, 3), np.int64)
    for row in (0, 1):
        if often(draw, 2, 3):
            style[row, 0] = draw(
                st.sampled_from((OrderType.LIMIT, OrderType.STOP_LIMIT, *OrderType, OrderType.STOP_LIMIT))
            )
            style[row, 1] = draw(st.sampled_from((*TimeInForce, TimeInForce.GTC, TimeInForce.FOK)))
            style[row, 2] = draw(st.sampled_from((0, 0, 1, 2, 4)))
    if not style.any():
        return plan
    bars, assets = market.close.shape
    shares = np.array([1, 0.99, 1.01, 0.97, 1.03, 1, 0.995, 1.005, 0.9, 1.1, 0.985, 1.015, 1.02, np.nan, 0, -1])
    picks = shares[_choices(draw, 4, bars, assets) % draw(st.sampled_from((13, 16, 13)))]
    close = np.where(np.isnan(market.close), 1.0, market.close)
    return replace(plan, order_style=style, order_prices=np.ascontiguousarray(close * picks))


@st.composite
def rule_plans(draw: st.DrawFn, market: Market) -> tuple[Plan, Any]:
    plan, conditions = draw(generators.plans(market))
    plan = draw(styled(market, plan))
    if often(draw, 2):
        plan = replace(plan, cooldown=0, max_entries=UNLIMITED, sizing="equity_fraction", sizing_value=0.3)
    if often(draw, 2):
        signs = np.array([1, -1, 1, -1, 0, 0, 0, 0], np.int8)[_choices(draw, *market.close.shape) % 8]
        plan = replace(plan, entry=np.ascontiguousarray(signs))
    if often(draw, 1, 3):
        plan = replace(plan, protect_kind=TIGHT, protect_value=TIGHT * draw(st.sampled_from((0.01, 0.02, 0.05))))
    risk = replace(plan.risk, **draw(limits(plan.risk.max_gross)))
    return replace(plan, risk=risk), conditions


@st.composite
def portfolio_plans(draw: st.DrawFn, market: Market) -> Plan:
    bars, assets = market.close.shape
    every = draw(st.sampled_from((1, 2, 5, 9)))
    picks = _choices(draw, bars, assets + 1)
    chosen = np.flatnonzero(picks[:, assets] % every == 0).astype(np.int64)
    weights = np.array([0.3, 0, 0.5, -0.25, 0.2, 0, 0.8, -0.6, 0.1, 0.45, 1.4, -0.1, 0.25, 0, 0.33, -1.0])
    if often(draw, 1):
        weights = np.abs(weights)
    target = np.ascontiguousarray(weights[picks[chosen, :assets] % 16] * draw(st.sampled_from((1.0, 0.5, 4.0))))
    band = draw(st.sampled_from((np.inf, 0.02, 0.1, np.inf, 0.005)))
    risk = Risk(
        draw(st.sampled_from((None, None, 1, 2, 3))), draw(st.sampled_from((1.0, 2.0, 0.5, 6.0))),
        draw(st.sampled_from((None, None, 0.02, 0.1))),
    )  # fmt: skip
    risk = replace(risk, **draw(limits(risk.max_gross)))
    return Plan.of_targets(chosen, target, drift_band=band, risk=risk)


@st.composite
def limits(draw: st.DrawFn, gross: float) -> dict[str, Any]:
    """Limits beside positions, gross exposure and drawdown; mostly none."""
    found: dict[str, Any] = {}
    if often(draw, 1, 8):
        found["max_net"] = draw(st.sampled_from((0.4, 0.1, 0.5, 0.0)))
    if often(draw, 1, 8):
        found["max_concentration"] = draw(st.sampled_from((0.4, 0.1, 0.25)))
    if often(draw, 1, 8):
        found["max_position"] = draw(st.sampled_from((1_000.0, 4_000.0, 300.0)))
    if often(draw, 1, 8):
        found["max_daily_loss"] = draw(st.sampled_from((0.01, 0.002, 0.05)))
    if often(draw, 1):
        found["max_orders_per_day"] = draw(st.sampled_from((1, 2, 4)))
    return {
        name: min(value, gross) if name in ("max_net", "max_concentration") else value for name, value in found.items()
    }


@st.composite
def run_limits(draw: st.DrawFn) -> RiskLimits:
    if not often(draw, 1):
        return RiskLimits()
    given = draw(limits(0.4))
    if often(draw, 2):
        given["max_gross"] = draw(st.sampled_from((0.4, 0.9, 3.0)))
    if often(draw, 1):
        given["max_positions"] = draw(st.sampled_from((1, 2)))
    if often(draw, 1):
        given["max_drawdown"] = draw(st.sampled_from((0.01, 0.05)))
    return RiskLimits(**given)


@st.composite
def latencies(draw: st.DrawFn, hours: float) -> Latency:
    """From nothing to a few bars of `hours`."""
    bar = hours * 3.6e6
    kind = draw(st.sampled_from(("fixed", "uniform", "lognormal", "empirical")))
    if kind == "fixed":
        return Latency(distribution=kind, ms=draw(st.sampled_from((0.0, 1.0, bar * 0.5, bar * 1.5))))
    if kind == "uniform":
        return Latency(distribution=kind, low=0.0, high=draw(st.sampled_from((250.0, bar, bar * 3))))
    if kind == "lognormal":
        return Latency(
            distribution=kind, median=draw(st.sampled_from((40.0, bar * 0.5))), sigma=draw(st.sampled_from((0.5, 2.0)))
        )
    return Latency(
        distribution=kind, samples=draw(st.sampled_from(((0.0,), (0.0, 0.0, bar * 0.6, bar * 2.2), (3.5, 1.25, bar))))
    )


@st.composite
def fee_schedules(draw: st.DrawFn) -> tuple[FeeRegime, ...]:
    start = datetime.fromtimestamp(START // 1_000_000_000, tz=UTC).date()
    starts = draw(st.sampled_from(((None,), (None, 30), (10, 25), (None, 5, 62))))
    regimes = []
    for since in starts:
        tiers = [
            FeeTier(maker_bps=draw(st.sampled_from((0.0, -1.0, 2.0))), taker_bps=draw(st.sampled_from((5.0, 10.0))))
        ]
        tiers += [
            FeeTier(
                above=above, maker_bps=draw(st.sampled_from((0.0, -2.0))), taker_bps=draw(st.sampled_from((3.0, 1.0)))
            )
            for above in (4_000.0, 20_000.0)[: draw(st.integers(0, 2))]
        ]
        regimes.append(FeeRegime(
            since=None if since is None else start + timedelta(days=since), tiers=tuple(tiers),
            per_unit=draw(st.sampled_from((0.0, 0.005, 0.1))), minimum=draw(st.sampled_from((0.0, 1.0, 7.5, 25.0))),
        ))  # fmt: skip
    return tuple(regimes)


@st.composite
def executions(draw: st.DrawFn, market: Market) -> Execution:
    simple = draw(generators.executions())
    more: dict[str, Any] = {"fee_bps": simple.fee_bps, "slippage_bps": simple.slippage_bps, "tick": simple.tick}
    if often(draw, 1):
        more["spread_bps"] = draw(st.sampled_from((4.0, 100.0, 2000.0)))
    more["quoted_spread"] = often(draw, 2) and market.spread.size > 0
    if often(draw, 1):
        more["impact"] = Impact(
            coefficient=draw(st.sampled_from((1.0, 0.3, 50.0))), window=draw(st.sampled_from((2, 3, 10)))
        )
    if often(draw, 1):
        more["volume_share"] = VolumeShare(coefficient=draw(st.sampled_from((0.1, 5.0))))
    if often(draw, 2):
        more["participation"] = draw(st.sampled_from((0.1, 0.02, 0.5, 1.0, 0.3)))
    more["limit_fills_slip"] = not often(draw, 1)
    if often(draw, 1):
        more["latency"] = draw(latencies(1.0 if market.interval == "1h" else 24.0))
    if often(draw, 1):
        more["failure_probability"] = draw(st.sampled_from((0.1, 0.3, 0.7)))
    if often(draw, 1):
        more["fees"] = draw(fee_schedules())
    if often(draw, 1):
        more["carry"] = draw(carries())
    more["path"] = "ohlc" if often(draw, 1) else "pessimistic"
    return Execution(**more)


@st.composite
def carries(draw: st.DrawFn) -> Carry:
    return Carry(
        borrow_rate=draw(st.sampled_from((0.0, 0.03, 2.0))), margin_rate=draw(st.sampled_from((0.0, 0.08))),
        cash_rate=draw(st.sampled_from((0.0, 0.02))), funding_bps=draw(st.sampled_from((0.0, 1.0, -3.0))),
        funding_hours=draw(st.sampled_from((8.0, 24.0, 1.0, 2.5))),
    )  # fmt: skip


@st.composite
def busy_runs(draw: st.DrawFn, *, max_assets: int = 4, max_bars: int = 50, kind: str | None = None) -> Run:
    """A run that uses some of everything."""
    market = draw(markets(max_assets=max_assets, max_bars=max_bars))
    conditions: Any = (None, None)
    if (kind or draw(st.sampled_from(("rules", "rules", "portfolio")))) == "rules":
        plan, conditions = draw(rule_plans(market))
    else:
        plan = draw(portfolio_plans(market))
    kill = draw(st.integers(0, len(market) - 1)) if often(draw, 1, 8) else None
    given = SimInput(
        market, plan, draw(executions(market)), draw(st.sampled_from((10_000.0, 1_000.0, 100_000.0))),
        seed=draw(st.sampled_from((0, 1, 2**63 - 1, 12345))), risk=draw(run_limits()),
        kill_ts=None if kill is None else int(market.close_ts[kill]),
    )  # fmt: skip
    return Run(given, conditions)
