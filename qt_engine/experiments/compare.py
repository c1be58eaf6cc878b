"""Two or more runs side by side: every metric with its difference to a baseline, and only what else differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qt_engine.core.errors import InputError
from qt_engine.evaluation.metrics import METRICS
from qt_engine.experiments.record import RunRecord

Figure = float | int | None


@dataclass(frozen=True)
class MetricRow:
    """One metric of all runs, and what each has more than the baseline; None where one is not defined."""

    name: str
    values: tuple[Figure, ...]
    differences: tuple[Figure, ...]


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in all runs; None where a run does not have it."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, in the order given; `baseline` is the index of the one that the others are measured against."""

    runs: tuple[RunRecord, ...]
    baseline: int
    metrics: tuple[MetricRow, ...]
    parameters: tuple[Difference, ...]
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of `qt runs compare --json`: lists stand in the order of `runs`."""
        return {
            "baseline": self.runs[self.baseline].run_id,
            "runs": [
                {"run_id": r.run_id, "strategy": r.spec.strategy, "status": r.status, "perfect": r.perfect}
                for r in self.runs
            ],
            "metrics": {
                row.name: {"values": list(row.values), "differences": list(row.differences)} for row in self.metrics
            },
            "parameters": {row.name: list(row.values) for row in self.parameters},
            "differences": {row.name: list(row.values) for row in self.differences},
        }


def compare(records: Sequence[RunRecord], baseline: int = 0) -> Comparison:
    """Put runs side by side.

    Parameters
    ----------
    baseline
        Index of the run that the others are measured against.

    Raises
    ------
    InputError
        If there are fewer than two runs, or the baseline is not among them.
    """
    if len(records) < 2:
        raise InputError("a comparison needs at least two runs")
    if not 0 <= baseline < len(records):
        raise InputError(f"the baseline is one of the runs 0 to {len(records) - 1}, not {baseline}")
    names = sorted({name for record in records for name in record.spec.parameters})
    beside = sorted({name for record in records for name in record.figures})
    parameters = _differing([(name, [record.spec.parameters.get(name) for record in records]) for name in names])
    return Comparison(
        tuple(records),
        baseline,
        tuple(_metric(name, records, baseline) for name in (*METRICS, *beside)),
        parameters,
        _differing(_facts(records)),
    )


def _metric(name: str, records: Sequence[RunRecord], baseline: int) -> MetricRow:
    measured = [record.measured() for record in records]
    # A figure beside the metrics is left out where it is zero.
    values = tuple(None if figures is None else figures.get(name, 0) for figures in measured)
    base = values[baseline]
    return MetricRow(name, values, tuple(None if base is None or value is None else value - base for value in values))


def _facts(records: Sequence[RunRecord]) -> list[tuple[str, list[Any]]]:
    """What may explain a difference, in the order in which a person would ask."""
    return [
        ("status", [record.status for record in records]),
        ("strategy", [record.spec.strategy for record in records]),
        ("strategy_document", [_document_name(record) for record in records]),
        ("symbols", [list(record.spec.symbols) for record in records]),
        ("interval", [record.spec.interval for record in records]),
        ("start", [record.start for record in records]),
        ("end", [record.end for record in records]),
        ("bars", [record.slice.bars for record in records]),
        ("data_hash", [record.slice.hash for record in records]),
        *(
            (name, [getattr(record.spec, name) for record in records])
            for name in ("cash", "fee_bps", "slippage_bps", "tick", "seed")
        ),
        ("execution", [record.model for record in records]),
        ("model", [{k: v for k, v in record.spec.model.items() if k != "name"} for record in records]),
        ("limits", [dict(record.spec.limits) for record in records]),
        ("engine", [record.engine for record in records]),
        ("git_commit", [record.git_commit for record in records]),
    ]


def _document_name(record: RunRecord) -> str:
    from qt_engine.core.hashing import hash_config

    return hash_config(dict(record.spec.document))


def _differing(rows: Sequence[tuple[str, Sequence[Any]]]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, tuple(values)) for name, values in rows if any(value != values[0] for value in values)
    )
