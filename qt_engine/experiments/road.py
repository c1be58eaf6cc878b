"""The one road from what was asked for to what came out: `RunSpec` → `Market` → `Plan` → `SimInput` → `SimResult` → `Metrics`.

A backtest, a reproduction and the preview beside the editor all walk it, and differ only in what they keep.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qt_engine.core import clock
from qt_engine.core.errors import CancelledError, InputError
from qt_engine.core.intervals import DAY_NS
from qt_engine.core.text import plain
from qt_engine.data.market import Market
from qt_engine.data.periods import end_ns, start_ns
from qt_engine.evaluation.metrics import Metrics, evaluate, is_ruined
from qt_engine.evaluation.trades import trade_rows
from qt_engine.experiments.record import RunRecord
from qt_engine.experiments.registry import RunRegistry
from qt_engine.experiments.spec import DataSlice, RunSpec
from qt_engine.simulation.contract import ENGINE_REVISION, Execution, SimInput, SimResult

if TYPE_CHECKING:
    from qt_engine.experiments.provenance import ProvenanceProbe

Progress = Callable[[float], None]
Load = Callable[[RunSpec], Market]
PROGRESS_EVERY_S = 0.2
SHORT_NS = 7 * DAY_NS
"""How far the bars may fall short of the dates asked for without a warning: week-ends and holidays do."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a run, before anybody keeps it."""

    given: SimInput
    result: SimResult
    metrics: Metrics


def prepare(spec: RunSpec, market: Market) -> SimInput:
    """Compile a spec against its market.

    Raises
    ------
    InputError
        If the strategy cannot be read or compiled, or the market has no bars.
    """
    from qt_engine.simulation.warm import warm_up
    from qt_engine.strategies.compiler import compile_plan
    from qt_engine.strategies.language import load_document

    if not len(market):
        raise InputError(f"{', '.join(map(plain, spec.symbols))}: there are no {spec.interval} bars in this range")
    document = load_document(spec.source, spec.strategy)
    warm_up(sweeps=False)
    plan = compile_plan(document, spec.parameters, market)
    return SimInput(market, plan, Execution(fee_bps=spec.fee_bps, slippage_bps=spec.slippage_bps, tick=spec.tick), spec.cash, spec.seed)


def walk(given: SimInput, progress: Progress | None = None) -> Outcome:
    """Simulate and evaluate; nothing is kept."""
    from qt_engine.simulation.simulate import simulate

    result = simulate(given, progress)
    return Outcome(given, result, evaluate(result.counters, given.market.periods_per_year))


def backtest(
    spec: RunSpec,
    load: Load,
    runs: RunRegistry,
    *,
    probe: ProvenanceProbe | None = None,
    progress: Progress | None = None,
) -> RunRecord:
    """Walk the road and keep everything: registered before the first step, sealed after the last.

    Parameters
    ----------
    load
        Gives the market of a spec.
    probe
        Knows the git commit; asked when the run is registered.
    progress
        Called with the share done; may raise `CancelledError`.

    Raises
    ------
    InputError
        If the spec cannot be run; nothing is stored then.
    Exception
        Whatever the run raised, after it was sealed as failed or cancelled.
    """
    market = load(spec)
    given: SimInput | None = None
    problem: Exception | None = None
    try:
        given = prepare(spec, market)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - kept as the outcome of the run, and raised again below
        problem = error
    record = runs.register(
        spec, DataSlice.of(market), engine=ENGINE_REVISION, input_hash=None if given is None else given.hash,
        provenance=None if probe is None else probe.result(),
    )  # fmt: skip
    try:
        if given is None:
            raise problem or RuntimeError("the strategy was not compiled")
        outcome = walk(given, _reporter(runs, record.run_id, progress))
        return runs.seal_completed(
            record, outcome.result, outcome.metrics,
            trades=trade_rows(outcome.result.fills, market), ts=market.ts,
            warnings=warnings_of(spec, outcome), open_positions=open_positions_of(outcome),
        )  # fmt: skip
    except (KeyboardInterrupt, CancelledError):
        runs.seal_cancelled(record)
        raise
    except Exception as error:
        runs.seal_failed(record, f"{type(error).__name__}: {error}", traceback.format_exc())
        raise


def open_positions_of(outcome: Outcome) -> list[Mapping[str, Any]]:
    """Positions that were open after the last bar; `unrealised_pnl` is before the fee of the entry."""
    market = outcome.given.market
    return [
        {
            "symbol": market.symbols[position.asset],
            "quantity": position.quantity,
            "entry_time": clock.iso(position.entry_ts),
            "entry_price": position.entry_price,
            "last_price": position.last_price,
            "unrealised_pnl": position.quantity * (position.last_price - position.entry_price),
        }
        for position in outcome.result.open_positions
    ]


def warnings_of(spec: RunSpec, outcome: Outcome) -> list[str]:
    """What a person should know before believing the figures."""
    market, counters = outcome.given.market, outcome.result.counters
    found = []
    first, last = int(market.ts[0]), int(market.ts[-1])
    if spec.start is not None and first - start_ns(spec.start) > SHORT_NS:
        found.append(f"the bars begin on {clock.iso(first)[:10]}; the start asked for was {spec.start}")
    if spec.end is not None and end_ns(spec.end) - last > SHORT_NS:
        found.append(f"the bars end on {clock.iso(last)[:10]}; the end asked for was {spec.end}")
    for index, symbol in enumerate(market.symbols):
        if np.isnan(market.close[:, index]).all():
            found.append(f"{plain(symbol)} has no bar in this range")
    if counters.returns < 2:
        bars = "is only 1 bar" if len(market) == 1 else f"are only {len(market)} bars"
        found.append(f"there {bars}: volatility and ratios are not defined")
    if is_ruined(counters):
        found.append("the equity fell to zero or below: volatility and ratios of returns are not defined")
    if not len(outcome.result.fills):
        found.append("no position was ever opened")
    if counters.rejected_orders:
        orders = "1 order was" if counters.rejected_orders == 1 else f"{counters.rejected_orders} orders were"
        found.append(f"{orders} rejected: too large for the account, or without a valid quantity")
    if counters.halted:
        found.append("the run was halted when it reached its maximum drawdown")
    return found


def _reporter(runs: RunRegistry, run_id: str, progress: Progress | None) -> Progress:
    """Passes progress on at once, and leaves it for watchers now and then."""
    noted = clock.monotonic()

    def report(share: float) -> None:
        nonlocal noted
        if progress is not None:
            progress(share)
        if clock.monotonic() - noted > PROGRESS_EVERY_S:
            noted = clock.monotonic()
            runs.note_progress(run_id, share)

    return report
