"""`RunRecord`: one run as the registry knows it, running, finished or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qt_engine.core.clock import iso
from qt_engine.core.process import ProcessIdentity
from qt_engine.evaluation.metrics import Metrics
from qt_engine.experiments.spec import DataSlice, RunSpec

RunStatus = Literal["running", "completed", "failed", "cancelled", "interrupted"]
PERFECT = "perfect execution: no costs; such a result cannot be traded"
"""What is said wherever results of an execution model without costs appear."""
MOVES_PRICES = ("spread_bps", "quoted_spread", "impact", "volume_share")
"""Parts of an execution model that, beside a fixed slippage, make prices worse."""
STATUSES: tuple[RunStatus, ...] = ("running", "completed", "failed", "cancelled", "interrupted")


def is_perfect(spec: RunSpec) -> bool:
    """Whether trading costs nothing under the execution model of a spec: such a result cannot be traded."""
    # Composing a model imports a lot, and most lists show no run that could be perfect.
    slips = spec.slippage_bps != 0.0 or any(spec.model.get(name) for name in MOVES_PRICES)
    charged = spec.fee_bps != 0.0 and not spec.model.get("fees")
    return not slips and not charged and spec.execution.is_perfect


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    status
        `interrupted`: its process died before the run ended.
    spec, slice
        What was asked for, and the rows it ran on.
    engine
        The engine's revision.
    input_hash, result_hash
        Of `SimInput` and `SimResult`; None until they are known.
    metrics
        None until the run has completed.
    figures
        Beside the metrics, where they are not zero: `failed_orders`, `borrow`, `funding`, `interest`, `dividends` (see
        `Counters`) and `limit_events`, how often a limit was reached.
    progress
        Share done, 0 to 1.
    error, traceback
        Why it failed.
    proof
        Of a strategy in Python: what was done to see that it does not look ahead (`Proof.as_json`).
    created_ns, sealed_ns
        UTC nanoseconds; `sealed_ns` is None while it runs.
    """

    run_id: str
    status: RunStatus
    spec: RunSpec
    slice: DataSlice
    engine: int
    created_ns: int
    process: ProcessIdentity
    input_hash: str | None = None
    result_hash: str | None = None
    metrics: Metrics | None = None
    figures: Mapping[str, float | int] = field(default_factory=dict)
    progress: float = 0.0
    sealed_ns: int | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    error: str | None = None
    traceback: str | None = None
    warnings: tuple[str, ...] = ()
    open_positions: tuple[Mapping[str, Any], ...] = ()
    tags: tuple[str, ...] = field(default=())
    proof: Mapping[str, Any] | None = None

    @property
    def start(self) -> str:
        """Open time of the first bar, ISO 8601."""
        return iso(self.slice.start_ts)

    @property
    def end(self) -> str:
        """Open time of the last bar, ISO 8601."""
        return iso(self.slice.end_ts)

    @property
    def perfect(self) -> bool:
        """Whether its execution model has no costs."""
        return is_perfect(self.spec)

    @property
    def model(self) -> str:
        """Name of its execution model."""
        return str(self.spec.model.get("name", "custom" if self.spec.model else "default"))

    def measured(self) -> dict[str, float | int | None] | None:
        """Metrics, and what there is beside them; None until the run has completed."""
        return None if self.metrics is None else {**self.metrics.as_json(), **self.figures}

    def as_json(self) -> dict[str, Any]:
        """The document that `qt backtest --json` prints."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "strategy": self.spec.strategy,
            "symbols": list(self.spec.symbols),
            "interval": self.spec.interval,
            "start": self.start,
            "end": self.end,
            "bars": self.slice.bars,
            "seed": self.spec.seed,
            "git_commit": self.git_commit,
            "spec_hash": self.spec.hash,
            "data_hash": self.slice.hash,
            "parameter_hash": self.spec.parameter_hash,
            "input_hash": self.input_hash,
            "result_hash": self.result_hash,
            "parameters": dict(self.spec.parameters),
            "metrics": self.measured(),
            "open_positions": [dict(position) for position in self.open_positions],
            "warnings": list(self.warnings),
            **({} if self.proof is None else {"proof": dict(self.proof)}),
        }

    def details(self) -> dict[str, Any]:
        """`as_json` and everything else but the traceback: what `qt runs show --json` prints."""
        return {
            **self.as_json(),
            "created": iso(self.created_ns),
            "sealed": None if self.sealed_ns is None else iso(self.sealed_ns),
            "progress": self.progress,
            "git_dirty": self.git_dirty,
            "engine": self.engine,
            "execution": {
                **{name: getattr(self.spec, name) for name in ("cash", "fee_bps", "slippage_bps", "tick")},
                "name": self.model,
                "model": {name: value for name, value in self.spec.model.items() if name != "name"},
                "perfect": self.perfect,
            },
            "limits": dict(self.spec.limits),
            "sources": [{"symbol": symbol, "snapshot": snapshot} for symbol, snapshot in self.slice.sources],
            "asked": {"start": self.spec.start, "end": self.spec.end},
            "error": self.error,
            "tags": list(self.tags),
        }
