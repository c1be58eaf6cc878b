"""What a person should know before believing the figures of a run: its warnings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qt_engine.core.clock import iso
from qt_engine.core.intervals import DAY_NS
from qt_engine.core.text import plain
from qt_engine.data.periods import end_ns, start_ns
from qt_engine.evaluation.metrics import is_ruined
from qt_engine.experiments.record import PERFECT
from qt_engine.experiments.wording import word
from qt_engine.simulation.contract import Event, SimInput, SimResult, Status

if TYPE_CHECKING:
    from qt_engine.data.market import Market
    from qt_engine.experiments.spec import RunSpec
    from qt_engine.strategies.plan import Fallback

SHORT_NS = 7 * DAY_NS
"""How far the bars may fall short of the dates asked for without a warning: week-ends and holidays do."""
MOST_FALLBACKS = 5
"""Lines that tell of portfolio problems without a solution; the record keeps every one."""
_NUMBER = re.compile(r"\d[\d.,]*")


def warnings_of(spec: RunSpec, given: SimInput, result: SimResult) -> list[str]:
    """One line each, the gravest first."""
    return [
        *([PERFECT] if given.execution.is_perfect else []),
        *_of_the_bars(spec, given.market),
        *_of_the_curve(given.market, result),
        *_of_the_orders(result),
        *_of_the_limits(result),
        *fallback_lines(given.plan.fallbacks, given.market),
    ]


def fallbacks_of(given: SimInput) -> list[dict[str, Any]]:
    """Every portfolio problem without a solution as `time, method, reason, used`, in the order of time."""
    return [
        {"time": iso(int(given.market.ts[item.bar])), "method": item.method, "reason": plain(item.reason, 500), "used": item.used}
        for item in given.plan.fallbacks
    ]  # fmt: skip


def fallback_lines(fallbacks: Sequence[Fallback], market: Market) -> list[str]:
    """The same for people: those that differ in nothing but numbers share a line."""
    alike: dict[tuple[str, str, str], list[Fallback]] = {}
    for item in fallbacks:
        alike.setdefault((item.method, item.used, _NUMBER.sub("#", item.reason)), []).append(item)
    groups = sorted(alike.values(), key=lambda group: (group[0].bar, group[0].method))
    lines = []
    for group in groups[:MOST_FALLBACKS]:
        first, day = group[0], iso(int(market.ts[group[0].bar]))[:10]
        line = f"{day} {plain(first.method)}: {plain(first.reason, 200)}; used {plain(first.used)}"
        if len(group) > 1:
            line += f" (and {len(group) - 1} more like it until {iso(int(market.ts[group[-1].bar]))[:10]})"
        lines.append(line)
    if rest := sum(map(len, groups[MOST_FALLBACKS:])):
        lines.append(f"{rest:,} more without a solution: the record of the run has every one (fallbacks)")
    return lines


def _of_the_bars(spec: RunSpec, market: Market) -> Iterator[str]:
    first, last = int(market.ts[0]), int(market.ts[-1])
    if spec.start is not None and first - start_ns(spec.start) > SHORT_NS:
        yield f"the bars begin on {iso(first)[:10]}; the start asked for was {spec.start}"
    if spec.end is not None and end_ns(spec.end) - last > SHORT_NS:
        yield f"the bars end on {iso(last)[:10]}; the end asked for was {spec.end}"
    for index, symbol in enumerate(market.symbols):
        if np.isnan(market.close[:, index]).all():
            yield f"{plain(symbol)} has no bar in this range"


def _of_the_curve(market: Market, result: SimResult) -> Iterator[str]:
    if result.counters.returns < 2:
        bars = "is only 1 bar" if len(market) == 1 else f"are only {len(market)} bars"
        yield f"there {bars}: volatility and ratios are not defined"
    if is_ruined(result.counters):
        yield "the equity fell to zero or below: volatility and ratios of returns are not defined"
    if not len(result.fills):
        yield "no position was ever opened"


def _of_the_orders(result: SimResult) -> Iterator[str]:
    if rejected := result.counters.rejected_orders:
        yield f"{_count(rejected, 'order')} rejected: too large for the account, or without a valid quantity"
    if partial := int(np.count_nonzero(result.orders["status"] == Status.PARTIAL)):
        yield f"{_count(partial, 'order')} filled only in part"
    if failed := result.counters.failed_orders:
        yield f"{_count(failed, 'order')} lost on the way to the market"


def _of_the_limits(result: SimResult) -> Iterator[str]:
    reached = limits_reached(result)
    if drawdown := reached.pop("max_drawdown", 0):
        yield "the run was halted when it reached its maximum drawdown"
    if reached.pop("kill_switch", 0) and not drawdown:
        yield "the run was halted by the kill switch"
    if reached:
        counted = ", ".join(
            f"{name} {times} {'time' if times == 1 else 'times'}" for name, times in sorted(reached.items())
        )
        yield f"limits were reached: {counted}"


def limits_reached(result: SimResult) -> dict[str, int]:
    """How often each limit was reached, by its name."""
    kinds = Counter(result.events["kind"].tolist())
    return {word(Event, kind): times for kind, times in kinds.items() if kind <= Event.KILL_SWITCH}


def _count(number: int, noun: str) -> str:
    return f"1 {noun} was" if number == 1 else f"{number:,} {noun}s were"
