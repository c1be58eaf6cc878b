"""Provers: take bars away that must not matter, decide again, and compare.

A look-ahead is proved absent bar by bar: cut the market after bar t, and every decision up to t must be the same bytes.
What has to be cut depends on how a strategy decides:

- A document, or a Python strategy with `prepare`, computes over whole arrays. It is decided again on the bars up to t, for
  every t (`thorough`, and wherever that is cheap) or for a fixed set of them: bars after the warm-up, bars of decisions
  and the bars beside them, bars spread evenly and by a hash, and the last.
- `on_data` cannot read ahead: what it is shown ends at the bar in memory (`context.Tape`). What is left are ways around
  what it is shown: global variables, files of its own, clocks. So it is asked once more from fresh modules, with bars
  after the last, and after `prepare` was given a market of made-up prices: what is smuggled from one to the other
  by whatever way is then about that market, and shows in every decision that reads it.

Bars after the last are how the last bar is checked: a market that goes on (made up, since nobody knows how) must not
change a decision either. A thorough proof also asks in a new process, with the shortest history first, where not even a
cache in an imported module has seen the future. A strategy is a program; whoever wants to deceive a prover can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError, StrategyError
from qt_engine.core.randomness import splitmix64
from qt_engine.data.market import FIELDS, Market
from qt_engine.strategies.apart import decided_apart
from qt_engine.strategies.decisions import Decider, as_python_strategy, plan_of, prepared_arrays, prepares
from qt_engine.strategies.differences import Difference, first_array_difference, first_difference, first_settled
from qt_engine.strategies.document import RulesDocument
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.proofs import Proof, Violation, WarmUpProof
from qt_engine.strategies.python_source import PythonStrategy

Compile = Callable[[Market], Plan]
Progress = Callable[[float], None]
Provable = Any
"""A `PythonStrategy`, a class that inherits from `Strategy`, or a document of any kind."""

EVERY_BAR_UP_TO = 600
"""Markets of at most so many bars are checked at every bar without being asked to."""
SAMPLED = 120
"""How many bars of a longer market are checked."""
REPLAYED = 12
"""At how many bars a thorough proof cuts the future off and asks everything again, in a process that has seen nothing."""
BEYOND = 16
"""Bars that are made up after the last."""
STARTS = 6
FIRST_DECISIONS = 5
"""Bars after a warm-up that are looked at from many starts."""
ROUNDING = 1e-9
"""Prepared values that differ by less than this share are taken for the same number, summed in another order."""


def prove_no_lookahead(
    strategy: Provable,
    parameters: Mapping[str, int | float],
    market: Market,
    *,
    compile: Compile | None = None,
    decided: Plan | None = None,
    thorough: bool = False,
    progress: Progress | None = None,
) -> Proof:
    """Whether taking the future away changes a past decision.

    Parameters
    ----------
    parameters
        A value for every parameter.
    compile
        How the strategy becomes a plan, for documents whose plan is made on a floor above this one; by default documents
        of kind `rules` and Python strategies are known.
    decided
        The decisions on the whole market, where they are known already.
    thorough
        Check every bar, however many there are.
    progress
        Called with the share done; may raise to cancel.

    Raises
    ------
    StrategyError, InputError
        If the strategy fails on the market, or on the first bars of it.
    """
    if isinstance(strategy, PythonStrategy | type):
        return _prove_python(as_python_strategy(strategy), parameters, market, decided, thorough, progress)
    decide = compile or compile_of(strategy, parameters)
    whole = decided or decide(market)
    points, every = checked_bars(len(market), 0, _bars_of(whole), thorough)
    for place, bar in enumerate(points):
        cut = decide(market.head(bar + 1))
        if (found := first_difference(whole, cut, bar + 1)) is not None:
            return _violated(strategy.name, market, place + 1, every, found, bar)
        if progress is not None:
            progress((place + 1) / (len(points) + 1))
    if (found := first_difference(whole, decide(continued(market)), len(market))) is not None:
        return _violated(strategy.name, market, len(points), every, found, len(market) - 1)
    return Proof(strategy.name, "clean", len(market), len(points), _method(every, len(points), len(market)))


def prove_warm_up(
    strategy: Provable,
    parameters: Mapping[str, int | float],
    market: Market,
    *,
    compile: Compile | None = None,
    thorough: bool = False,
    progress: Progress | None = None,
) -> WarmUpProof:
    """Whether decisions after the warm-up depend on how much history lies before it.

    History is made to begin later, at a few bars (`thorough`: at many), and decided again. A Python strategy that
    does not call itself `recursive` must decide the same from its warm-up on; of all others it is found out how long they
    take to. Parameters and exceptions are those of `prove_no_lookahead`.
    """
    declared: int | None = None
    may_remember = True
    if isinstance(strategy, PythonStrategy | type):
        strategy = as_python_strategy(strategy)
        declared, may_remember = Decider(strategy, parameters).warmup, strategy.recursive
    decide = compile or compile_of(strategy, parameters)
    whole = decide(market)
    decided = _bars_of(whole)
    first = int(decided[0]) if len(decided) else None
    need = declared if declared is not None else (first or 0)
    starts = _starts(len(market), need, STARTS * 8 if thorough else STARTS)
    # The first decisions after a start are those that too short a warm-up shows in: they are looked at alone, from many.
    close: tuple[int, ...] = ()
    if declared is not None and not may_remember:
        last = len(market) - need - FIRST_DECISIONS
        close = tuple(range(1, last, 1 if thorough else max(last // SAMPLED, 1)))
    worst: int | None = need
    violation: Violation | None = None
    for place, (start, end) in enumerate(
        [*((start, start + need + FIRST_DECISIONS) for start in close), *((start, len(market)) for start in starts)]
    ):
        later = decide(market.window(start, end))
        found = first_difference(whole, later, end, start=start, after=start + need)
        if found is not None:
            settled = first_settled(whole, later, start) if end == len(market) else need
            worst = None if settled is None or worst is None else max(worst, settled)
            violation = violation or Violation(
                found.bar, int(market.ts[found.bar]), _symbol(market, found), found.what, found.whole, found.cut, start
            )
        if progress is not None:
            progress((place + 1) / (len(close) + len(starts)))
    verdict: Any = "exact"
    if violation is not None:
        verdict = "violated" if not may_remember else "unsettled" if worst is None else "settles"
    return WarmUpProof(
        strategy.name,
        verdict,
        len(market),
        declared,
        first,
        starts,
        worst,
        violation if verdict == "violated" else None,
    )


def compile_of(strategy: Provable, parameters: Mapping[str, int | float]) -> Compile:
    """How a strategy of this floor becomes a plan.

    Raises
    ------
    InputError
        For a document whose plan is made on a floor above.
    """
    if isinstance(strategy, PythonStrategy):
        return lambda market: plan_of(strategy, parameters, market)
    if isinstance(strategy, RulesDocument):
        from qt_engine.strategies.compiler import compile_plan

        return lambda market: compile_plan(strategy, parameters, market)
    raise InputError(f"to prove a strategy of kind {getattr(strategy, 'kind', '?')}, say how it is compiled")


def checked_bars(bars: int, warmup: int, decided: NDArray[np.int64], thorough: bool) -> tuple[list[int], bool]:
    """After which bars the future is cut off, and whether these are all: increasing, the last bar but one among them.

    The cut after the last bar takes nothing away; that bar is checked by going on after it.
    """
    every = range(warmup, bars - 1)
    if thorough or bars - warmup <= EVERY_BAR_UP_TO:
        return list(every), True
    picked = {warmup, warmup + 1, bars - 3, bars - 2}
    picked |= (
        {int(decided[k * (len(decided) - 1) // 31]) + side for k in range(32) for side in (-1, 0)}
        if len(decided)
        else set()
    )
    span = bars - 1 - warmup
    left = max(SAMPLED - len(picked), 16)
    picked |= {warmup + k * span // (left // 2) for k in range(left // 2)}
    picked |= {warmup + number % span for number in splitmix64(bars, left // 2)}
    return sorted(bar for bar in picked if warmup <= bar < bars - 1), False


def continued(market: Market, bars: int = BEYOND) -> Market:
    """The market with made-up bars after its last: prices that jump about, so that whoever looks at them shows it."""
    step = int(market.ts[-1] - market.ts[-2]) if len(market) > 1 else int(market.close_ts[-1] - market.ts[-1])
    later = np.arange(1, bars + 1, dtype=np.int64) * step
    jumps = np.array([0.5 + number / 2**64 for number in splitmix64(len(market), bars)])[:, None]
    prices, volume = np.nan_to_num(last_known(market.close), nan=1.0), np.nan_to_num(last_known(market.volume))
    last = {name: volume if name == "volume" else prices for name in FIELDS}
    columns: dict[str, Any] = {name: np.vstack([getattr(market, name), last[name] * jumps]) for name in FIELDS}
    if market.spread.size:
        columns["spread"] = np.vstack([market.spread, np.zeros((bars, len(market.symbols)))])
    return replace(
        market, ts=np.concatenate([market.ts, market.ts[-1] + later]),
        close_ts=np.concatenate([market.close_ts, market.close_ts[-1] + later]),
        sample=np.concatenate([market.sample, np.ones(bars, np.uint8)]), **columns,
    )  # fmt: skip


def made_up(market: Market) -> Market:
    """A market of the same shape whose prices are others in every bar."""
    factors = np.array([0.5 + number / 2**64 for number in splitmix64(len(market) + 1, len(market))])[:, None]
    columns: dict[str, Any] = {name: getattr(market, name) * factors for name in FIELDS}
    return replace(market, **columns)


def last_known(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last value of every column that is one, `(A,)`; NaN where there is none."""
    rows = np.where(np.isnan(table), -1, np.arange(len(table))[:, None]).max(axis=0, initial=-1)
    return np.where(rows >= 0, table[rows, np.arange(table.shape[1])], np.nan)


def _prove_python(
    strategy: PythonStrategy,
    parameters: Mapping[str, int | float],
    market: Market,
    known: Plan | None,
    thorough: bool,
    progress: Progress | None,
) -> Proof:
    bars, notes = len(market), []
    whole = known or plan_of(strategy, parameters, market)
    warmup = Decider(strategy, parameters).warmup
    if bars <= warmup + 1:
        return Proof(strategy.name, "clean", bars, 0, f"there is no future in {bars} bars with a warm-up of {warmup}")

    def decided(cut: Market, decoy: Market | None = None) -> Plan:
        again = Decider(strategy, parameters, decoy)
        again.advance(cut)
        return Plan.of_targets(*again.targets())

    points, every = checked_bars(bars, warmup, _bars_of(whole), thorough)
    with_prepare = prepares(strategy)
    if with_prepare:
        arrays = prepared_arrays(strategy, parameters, market)
        for place, bar in enumerate([*points, bars - 1]):
            shorter = market.head(bar + 1) if bar < bars - 1 else continued(market)
            found = first_array_difference(arrays, _prepared(strategy, parameters, shorter), bar + 1, ROUNDING)
            if found is not None:
                rounding, place_of = found
                shown = first_difference(whole, decided(shorter), bar + 1)
                if shown is None and not rounding:
                    shown = place_of
                if shown is not None:
                    return _violated(strategy.name, market, place + 1, every, shown, bar)
                notes.append(f"{place_of.what} differs by rounding when cut after bar {bar}; no decision does")
            if progress is not None:
                progress((place + 1) / (len(points) + 1))
    replays = sorted({warmup + k * (bars - 1 - warmup) // REPLAYED for k in range(1, REPLAYED)}) if thorough else []
    for bar, cut in zip(replays, decided_apart(strategy, parameters, market, replays) if replays else (), strict=True):
        if (differs := first_difference(whole, cut, bar + 1)) is not None:
            return _violated(strategy.name, market, len(points), every, differs, bar)
    again = decided(continued(market), made_up(market))
    if (differs := first_difference(whole, again, bars)) is not None:
        return _violated(strategy.name, market, len(points), every, differs, bars - 1)
    asked = (
        f"asked again {f'at {len(replays)} cuts in another process, and ' if replays else ''}with bars beyond the last"
    )
    if with_prepare:
        method = f"prepare {_method(every, len(points), bars)}; on_data sees copies of past rows and was {asked}"
    else:
        method = f"on_data sees copies of past bars at every bar, and was {asked}"
    checked = len(points) if with_prepare else bars - warmup
    return Proof(strategy.name, "clean", bars, checked, method, notes=tuple(notes[:3]))


def _prepared(
    strategy: PythonStrategy, parameters: Mapping[str, int | float], market: Market
) -> Mapping[str, NDArray[Any]]:
    try:
        return prepared_arrays(strategy, parameters, market)
    except StrategyError as error:
        raise StrategyError(
            f"{error.reason}; with all bars it did not fail, and a paper session begins with few",
            file=error.file, line=error.line, bar=error.bar,
        ) from error  # fmt: skip


def _bars_of(plan: Plan) -> NDArray[np.int64]:
    """The bars at which something is decided, increasing."""
    if plan.kind == "portfolio":
        return plan.rebalance
    some = (plan.entry != 0).any(axis=1) | (plan.exit_long != 0).any(axis=1) | (plan.exit_short != 0).any(axis=1)
    return np.flatnonzero(some).astype(np.int64)


def _starts(bars: int, need: int, count: int) -> tuple[int, ...]:
    """Where history is made to begin: each with at least as many bars after the warm-up as there are in a tenth of all."""
    last = bars - need - max(bars // 10, 2)
    if last < 1:
        return ()
    return tuple(sorted({1 + k * (last - 1) // max(count - 1, 1) for k in range(count)}))


def _method(every: bool, checked: int, bars: int) -> str:
    what = "decided again" if checked else "nothing to decide again"
    if not checked:
        return what
    return f"{what} at every bar ({checked})" if every else f"{what} at {checked} of {bars} bars"


def _violated(name: str, market: Market, checked: int, every: bool, found: Difference, known: int) -> Proof:
    violation = Violation(
        found.bar, int(market.ts[found.bar]), _symbol(market, found), found.what, found.whole, found.cut, known
    )
    return Proof(name, "violated", len(market), checked, _method(every, checked, len(market)), violation)


def _symbol(market: Market, found: Difference) -> str | None:
    return None if found.asset is None or found.asset >= len(market.symbols) else market.symbols[found.asset]
