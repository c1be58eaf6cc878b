"""The one road from what was asked for to what came out: `RunSpec` → `Market` → `Plan` → `SimInput` → `SimResult` → `Metrics`.

A backtest, a reproduction and the preview beside the editor all walk it, and differ only in what they keep.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qt_engine.core import clock
from qt_engine.core.errors import CancelledError, InputError, LookAheadError, QtError
from qt_engine.core.hashing import hash_config
from qt_engine.core.text import plain
from qt_engine.data.market import Market
from qt_engine.evaluation.metrics import Metrics, evaluate
from qt_engine.evaluation.trades import trade_rows
from qt_engine.experiments.caveats import fallbacks_of, warnings_of
from qt_engine.experiments.record import RunRecord
from qt_engine.experiments.registry import RunRegistry
from qt_engine.experiments.spec import DataSlice, RunSpec
from qt_engine.simulation.contract import ENGINE_REVISION, SimInput, SimResult

if TYPE_CHECKING:
    from qt_engine.experiments.provenance import ProvenanceProbe
    from qt_engine.strategies.proofs import Proof

Progress = Callable[[float], None]
Load = Callable[[RunSpec], Market]
PROGRESS_EVERY_S = 0.2
DECIDING = 0.8
"""Share of the progress that is kept for decisions, where these take time."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a run, before anybody keeps it."""

    given: SimInput
    result: SimResult
    metrics: Metrics


def prepare(spec: RunSpec, market: Market, progress: Progress | None = None) -> SimInput:
    """Decide what a spec's strategy decides on its market.

    Parameters
    ----------
    progress
        Called with the share done, where deciding takes time: for portfolios and strategies in Python.

    Raises
    ------
    InputError
        If the strategy cannot be read or compiled, or the market has no bars.
    StrategyError
        If a strategy in Python raises.
    """
    from qt_engine.portfolio.compilation import compile_strategy
    from qt_engine.simulation.warm import warm_up
    from qt_engine.strategies.loading import stored_strategy

    require_bars(spec, market)
    strategy = stored_strategy(spec.source, spec.document)
    warm_up(sweeps=False, complete=spec.document.get("kind") != "rules" or not spec.execution.is_simple)
    plan = compile_strategy(strategy, spec.parameters, market, progress)
    given = SimInput(
        market,
        plan,
        spec.execution,
        spec.cash,
        spec.seed,
        risk=spec.risk,
        strategy_version=hash_config(dict(spec.document)),
    )
    warm_up(sweeps=False, complete=given.needs_complete_path)
    return given


def require_bars(spec: RunSpec, market: Market) -> None:
    """Refuse a market without bars."""
    if not len(market):
        raise InputError(f"{', '.join(map(plain, spec.symbols))}: there are no {spec.interval} bars in this range")


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
    require_bars(spec, market)
    if spec.is_program:
        return _run_program(spec, market, runs, probe, progress)
    given: SimInput | None = None
    problem: Exception | None = None
    decided = 0.0 if spec.document.get("kind") == "rules" else DECIDING
    try:
        given = prepare(spec, market, _part(progress, 0.0, decided))
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - kept as the outcome of the run, and raised again below
        problem = error
    record = runs.register(
        spec, DataSlice.of(market), engine=ENGINE_REVISION, input_hash=None if given is None else given.hash,
        provenance=None if probe is None else probe.result(),
    )  # fmt: skip
    with _sealed(runs, record):
        if given is None:
            raise problem or RuntimeError("the strategy was not compiled")
        outcome = walk(given, _part(_reporter(runs, record.run_id, progress), decided, 1.0))
        return _seal(runs, record, outcome)


def _run_program(
    spec: RunSpec, market: Market, runs: RunRegistry, probe: ProvenanceProbe | None, progress: Progress | None
) -> RunRecord:
    """The same for a strategy in Python: its decisions are the author's code at work, so the run is registered before them.

    What is wrong with its file is found before that; what it raises and decides is the outcome of the run.
    """
    from qt_engine.strategies.loading import stored_strategy

    stored_strategy(spec.source, spec.document)
    record = runs.register(
        spec, DataSlice.of(market), engine=ENGINE_REVISION, input_hash=None,
        provenance=None if probe is None else probe.result(),
    )  # fmt: skip
    with _sealed(runs, record):
        report = _reporter(runs, record.run_id, progress)
        given = prepare(spec, market, _part(report, 0.0, DECIDING / 2))
        proof = prove_program(spec, given, _part(report, DECIDING / 2, DECIDING))
        outcome = walk(given, _part(report, DECIDING, 1.0))
        return _seal(runs, replace(record, input_hash=given.hash, proof=proof.as_json()), outcome)


def prove_program(spec: RunSpec, given: SimInput, progress: Progress | None = None) -> Proof:
    """See that a strategy in Python has not looked ahead in what it has decided.

    Raises
    ------
    LookAheadError
        If it has: there is no sense in going on.
    """
    from qt_engine.strategies.loading import stored_strategy
    from qt_engine.strategies.provers import prove_no_lookahead

    strategy = stored_strategy(spec.source, spec.document)
    proof = prove_no_lookahead(strategy, spec.parameters, given.market, decided=given.plan, progress=progress)
    if proof.violation is not None:
        raise LookAheadError(f"strategy {plain(spec.strategy)} {proof.sentence}")
    return proof


@contextmanager
def _sealed(runs: RunRegistry, record: RunRecord) -> Iterator[None]:
    """Whatever the block raises is written into the registry before it goes on."""
    try:
        yield
    except (KeyboardInterrupt, CancelledError):
        runs.seal_cancelled(record)
        raise
    except Exception as error:
        said = str(error) if isinstance(error, QtError) else f"{type(error).__name__}: {error}"
        runs.seal_failed(record, said, traceback.format_exc())
        raise


def _seal(runs: RunRegistry, record: RunRecord, outcome: Outcome) -> RunRecord:
    market = outcome.given.market
    return runs.seal_completed(
        record, outcome.result, outcome.metrics,
        trades=trade_rows(outcome.result.fills, market), ts=market.ts,
        warnings=warnings_of(record.spec, outcome.given, outcome.result), open_positions=open_positions_of(outcome),
        fallbacks=fallbacks_of(outcome.given),
    )  # fmt: skip


def _part(progress: Progress | None, low: float, high: float) -> Progress | None:
    """Progress of a part of the work, from one share of the whole to another."""
    return None if progress is None else lambda share: progress(low + share * (high - low))


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
