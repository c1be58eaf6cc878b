"""Finer bars as the path inside coarser ones: decisions of coarse bars, carried out on finer bars of the same market.

A coarse bar does not tell in which order it touched its prices, so a run on it has to guess. Where finer bars are stored
the guess is not needed: `refine` gives an input that decides at the closes of the coarse bars, exactly as before, and
whose stops, targets and resting orders meet the finer bars one after the other. `docs/clocks.md` says what then agrees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.market import Market, Times
from qt_engine.simulation.contract import SimInput
from qt_engine.simulation.execution import Execution, Impact
from qt_engine.simulation.nesting import Nesting
from qt_engine.strategies.instructions import AND, PUSH_COLUMN, PUSH_HELD
from qt_engine.strategies.plan import TRAIL, UNLIMITED, Plan

LONGEST_WINDOW = next(rule.le for rule in Impact.model_fields["window"].metadata if hasattr(rule, "le"))


def refine(given: SimInput, finer: Market, *, follow_finer: bool = False) -> SimInput:
    """The same run on finer bars.

    Parameters
    ----------
    given
        A run whose plan was made for coarse bars, such as `1d`.
    finer
        Bars of the same symbols that add up to them, such as `1m` or `1ms`; what lies before the first coarse bar or after
        the last one is left out.
    follow_finer
        Trailing stops and drift bands look at every bar. False refuses them; True lets them look at every finer one.

    Returns
    -------
    SimInput
        Bars, fills and equity of its result are those of the finer market; `closing_bars` names the ones at which the
        coarse bars close. What is counted in bars is counted in as many finer ones, and returns are taken between the
        same closes as before.

    Raises
    ------
    InputError
        If the finer bars do not add up to the coarse ones, naming the first place, or if a setting would mean something
        else on them, naming all of these.
    """
    nesting = Nesting.find(given.market, finer)
    if found := list(_misunderstood(given, nesting, follow_finer)):
        raise InputError(f"not on {finer.interval} bars: {'; '.join(found)}")
    return SimInput(
        _market(given.market, nesting), _plan(given.plan, nesting), _execution(given.execution, nesting), given.cash,
        given.seed, risk=given.risk, strategy_version=given.strategy_version, kill_ts=given.kill_ts,
    )  # fmt: skip


def closing_bars(market: Market, finer: Market) -> Times:
    """int64 `(T,)`: the bar of a refined run that closes with each bar of the market.

    Raises
    ------
    InputError
        If the finer bars do not add up to the market's.
    """
    return Nesting.find(market, finer).closing


def _misunderstood(given: SimInput, nesting: Nesting, follow_finer: bool) -> Iterator[str]:
    """Settings that would mean something else on the finer bars."""
    plan, execution = given.plan, given.execution
    least, most = nesting.bars_each()
    if plan.cooldown and least != most:
        yield f"cooldown counts bars, and a bar has {least} to {most} finer ones"
    least, most = nesting.traded_bars_each()
    counting = {
        "time_stop": plan.time_stop.min() < UNLIMITED, "expire_after": plan.order_style[:, 2].any(), "impact": execution.impact,
    }  # fmt: skip
    if least != most and (names := [name for name, used in counting.items() if used]):
        yield f"{', '.join(names)} counts bars, and a bar has {least} to {most} finer ones in which an asset trades"
    elif execution.impact is not None and execution.impact.window * most > LONGEST_WINDOW:
        yield f"the impact's window of {execution.impact.window} bars is one of {execution.impact.window * most} finer ones"
    if execution.volume_share is not None:
        yield "volume_share is a coefficient for the volume of a bar"
    if any((program[:, 0] == PUSH_HELD).any() for program in plan.exit_programs):
        yield "exit conditions read bars_held"
    if not follow_finer:
        if plan.protect_kind[:, TRAIL].any():
            yield "trailing stops look at every bar (follow_finer lets them look at the finer ones)"
        if plan.drift_band < math.inf:
            yield "the drift band looks at every bar (follow_finer lets it look at the finer ones)"
    if execution.quoted_spread and given.market.spread.size and not nesting.finer.spread.size:
        yield "the finer bars have no quoted spread"
    if execution.latency is not None and plan.kind == "rules":
        yield from _early(given, nesting)


def _early(given: SimInput, nesting: Nesting) -> Iterator[str]:
    """Latency runs from the close of the bar, and an order cannot be made before that, nor in a bar without a trade."""
    plan, last = given.plan, nesting.last_traded
    decided = (plan.entry != 0) | (plan.exit_long != 0) | (plan.exit_short != 0) | any(map(len, plan.exit_programs))
    early = np.argwhere(decided & (last >= 0) & (last != nesting.closing[:, None]))
    if len(early):
        bar, asset = early[0].tolist()
        yield (
            f"with latency every asset needs a trade in the last finer bar of the bar in which it decides, and "
            f"{plain(given.market.symbols[asset])} has none at {iso(int(given.market.close_ts[bar]))}"
        )


def _market(market: Market, nesting: Nesting) -> Market:
    """The finer market, whose sessions end where those of the coarse one do and which decides when a coarse bar closes."""
    finer, closing = nesting.finer, nesting.closing
    sample = np.zeros(len(finer), np.uint8)
    sample[closing] = market.sample
    if len(market):
        sample[: closing[0] + 1] = 0  # the first bar is the base of returns, not one
    until = np.append(finer.ts[1:], np.iinfo(np.int64).max)[closing]
    close_ts = finer.close_ts.copy()
    close_ts[closing] = np.maximum(close_ts[closing], np.minimum(market.close_ts, until))
    return replace(finer, sample=sample, close_ts=close_ts, periods_per_year=market.periods_per_year)


def _execution(execution: Execution, nesting: Nesting) -> Execution:
    if execution.impact is None:
        return execution
    window = execution.impact.window * nesting.traded_bars_each()[1]
    return execution.model_copy(update={"impact": execution.impact.model_copy(update={"window": window})})


def _plan(plan: Plan, nesting: Nesting) -> Plan:
    fallbacks = tuple(replace(one, bar=int(nesting.closing[one.bar])) for one in plan.fallbacks)
    if plan.kind == "portfolio":
        return replace(plan, rebalance=nesting.closing[plan.rebalance], fallbacks=fallbacks)
    each = nesting.traded_bars_each()[1]
    style = plan.order_style.copy()
    style[:, 2] *= each
    carried: dict[str, Any] = {
        name: _moved(getattr(plan, name), nesting, 0) for name in ("entry", "exit_long", "exit_short")
    }
    for name in ("distances", "order_prices", "volatility"):
        if getattr(plan, name).size:
            carried[name] = _moved(getattr(plan, name), nesting, np.nan)
    return replace(
        plan, time_stop=np.where(plan.time_stop < UNLIMITED, plan.time_stop * each, UNLIMITED), order_style=style,
        cooldown=plan.cooldown * nesting.bars_each()[1], fallbacks=fallbacks, **carried, **_programs(plan, nesting),
    )  # fmt: skip


def _moved(table: NDArray[Any], nesting: Nesting, elsewhere: float) -> NDArray[Any]:
    """A table `(…, T, A)` of decisions at the finer bars: each stands where its asset last trades in its coarse bar."""
    moved = np.full((*table.shape[:-2], *nesting.finer.close.shape), elsewhere, table.dtype)
    bars, assets = np.nonzero(nesting.last_traded >= 0)
    moved[..., nesting.last_traded[bars, assets], assets] = table[..., bars, assets]
    return moved


def _programs(plan: Plan, nesting: Nesting) -> dict[str, Any]:
    """Exit programs, which the kernel runs at every bar, true only where a decision of a coarse bar stands."""
    if not any(map(len, plan.exit_programs)):
        return {}
    decides = _moved(np.ones((1, *nesting.last_traded.shape)), nesting, -1.0)
    columns = [_moved(plan.program_columns, nesting, 0.0)] if len(plan.program_columns) else []
    only_then = np.array([(PUSH_COLUMN, len(plan.program_columns), 0), (AND, 0, 0)], np.int64)
    programs = (np.concatenate([program, only_then]) if len(program) else program for program in plan.exit_programs)
    return {"exit_programs": tuple(programs), "program_columns": np.concatenate([*columns, decides])}
