"""Between `RunRecord` and the tables `runs` and `metrics` of the catalog; values are always bound, never formatted in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qt_engine.core.hashing import canonical_json
from qt_engine.core.process import ProcessIdentity
from qt_engine.evaluation.metrics import METRICS, Metrics
from qt_engine.experiments.record import RunRecord, RunStatus
from qt_engine.experiments.spec import DataSlice, RunSpec

if TYPE_CHECKING:
    import duckdb

    from qt_engine.simulation.contract import SimResult

Statement = tuple[str, list[Any]]
COUNTED = ("failed_orders", "limit_events")
"""Figures beside the metrics that count something; the others are in units of currency."""

_READ = (
    "run_id", "status", "spec", "created_ns", "pid", "pid_started", "boot_id", "input_hash", "result_hash", "progress",
    "sealed_ns", "git_commit", "git_dirty", "error", "traceback", "warnings", "open_positions", "tags",
)  # fmt: skip


def spec_document(record: RunRecord) -> dict[str, Any]:
    """What `spec.json` and the column `spec` hold: all that a run needs to be run again."""
    given = {"spec": record.spec.as_json(), "data": record.slice.as_json(), "engine": record.engine}
    return given if record.proof is None else {**given, "proof": dict(record.proof)}


def insert(record: RunRecord) -> Statement:
    """The row of a run that was just registered."""
    spec, data = record.spec, record.slice
    values = {
        "run_id": record.run_id, "status": record.status, "strategy": spec.strategy, "kind": spec.document.get("kind"),
        "symbols": canonical_json(list(spec.symbols)), "interval": spec.interval, "start_ts": data.start_ts,
        "end_ts": data.end_ts, "bars": data.bars, "seed": spec.seed, "spec_hash": spec.hash, "data_hash": data.hash,
        "parameter_hash": spec.parameter_hash, "input_hash": record.input_hash,
        "parameters": canonical_json(dict(spec.parameters)), "spec": canonical_json(spec_document(record)),
        "git_commit": record.git_commit, "git_dirty": record.git_dirty, "created_ns": record.created_ns,
        "pid": record.process.pid, "pid_started": record.process.started, "boot_id": record.process.boot_id,
        "progress": record.progress, "warnings": "[]", "open_positions": "[]", "tags": "[]",
    }  # fmt: skip
    marks = ", ".join("?" for _ in values)
    return f"INSERT INTO runs ({', '.join(values)}) VALUES ({marks})", list(values.values())


def update(run_id: str, changes: Mapping[str, Any], only_if: RunStatus | None = None) -> Statement:
    """Change columns of a run; with `only_if`, nothing unless it still has that status."""
    columns = ", ".join(f"{column} = ?" for column in changes)
    statement = f"UPDATE runs SET {columns} WHERE run_id = ? AND (? IS NULL OR status = ?)"
    return statement, [*changes.values(), run_id, only_if, only_if]


def insert_metrics(run_id: str, metrics: Metrics, more: Mapping[str, float]) -> Statement:
    """All metrics of a run, and the figures beside them; NULL where one is not defined."""
    figures = {**metrics.as_json(), **more}
    marks = ", ".join("(?, ?, ?)" for _ in figures)
    return f"INSERT INTO metrics VALUES {marks}", [part for item in figures.items() for part in (run_id, *item)]


def select(con: duckdb.DuckDBPyConnection, where: str, values: Sequence[Any], limit: int | None) -> list[RunRecord]:
    """Runs that fit, with their metrics, the newest first. `where` comes from this package, never from a user."""
    found = con.execute(
        f"SELECT {', '.join(_READ)} FROM runs WHERE {where} ORDER BY created_ns DESC, run_id DESC LIMIT ?",
        [*values, limit],
    ).fetchall()
    named = [dict(zip(_READ, row, strict=True)) for row in found]
    figures: dict[str, dict[str, float | None]] = {}
    wanted = [row["run_id"] for row in named] or [""]
    query = "SELECT run_id, name, value FROM metrics WHERE run_id IN (SELECT unnest(?))"
    for run_id, name, value in con.execute(query, [wanted]).fetchall():
        figures.setdefault(run_id, {})[name] = value
    return [_record(row, figures.get(row["run_id"])) for row in named]


def figures_beside(result: SimResult) -> dict[str, float | int]:
    """What was counted beside the metrics, where it is not zero; see `RunRecord.figures`."""
    from qt_engine.simulation.contract import Counters, Event

    counted = {name: getattr(result.counters, name) for name in Counters.LATER}
    counted["limit_events"] = int((result.events["kind"] <= Event.KILL_SWITCH).sum())
    return {name: value for name, value in counted.items() if value}


def changed(
    record: RunRecord, changes: Mapping[str, Any], metrics: Metrics | None, figures: Mapping[str, float] | None = None
) -> RunRecord:
    """The record after an update of its columns, without asking the catalog again."""
    given: dict[str, Any] = {
        name: tuple(json.loads(value)) if name in ("warnings", "open_positions") else value
        for name, value in changes.items()
        if name != "spec"
    }
    return replace(record, metrics=metrics, figures=figures or {}, **given)


def with_progress(record: RunRecord, share: float) -> RunRecord:
    """The record with another progress."""
    return replace(record, progress=share)


def _record(row: Mapping[str, Any], figures: Mapping[str, float | None] | None) -> RunRecord:
    stored = json.loads(row["spec"])
    same = (
        "run_id",
        "status",
        "created_ns",
        "input_hash",
        "result_hash",
        "sealed_ns",
        "git_commit",
        "git_dirty",
        "error",
        "traceback",
    )
    return RunRecord(
        spec=RunSpec.from_json(stored["spec"]),
        slice=DataSlice.from_json(stored["data"]),
        engine=stored["engine"],
        proof=stored.get("proof"),
        process=ProcessIdentity(row["pid"], row["pid_started"], row["boot_id"]),
        metrics=None if figures is None else Metrics.from_json(figures),
        figures={} if figures is None else _beside(figures),
        progress=row["progress"] or 0.0,
        warnings=tuple(json.loads(row["warnings"] or "[]")),
        open_positions=tuple(json.loads(row["open_positions"] or "[]")),
        tags=tuple(json.loads(row["tags"] or "[]")),
        **{name: row[name] for name in same},
    )


def _beside(figures: Mapping[str, float | None]) -> dict[str, float | int]:
    """The figures that are no metrics, in a fixed order."""
    found = {name: value for name, value in sorted(figures.items()) if name not in METRICS and value is not None}
    return {name: int(value) if name in COUNTED else value for name, value in found.items()}
