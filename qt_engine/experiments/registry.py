"""The run registry: a run has its row before its first step, and keeps it whatever becomes of it.

Life of a run: `register` claims a folder and writes the row as *running*; `seal_completed`, `seal_failed` or
`seal_cancelled` writes the outcome. A run whose process is gone without having sealed it is sealed as *interrupted*
by whoever looks next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core import clock, process
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.hashing import canonical_json
from qt_engine.core.text import nearest, plain
from qt_engine.evaluation.metrics import Metrics
from qt_engine.experiments import rows
from qt_engine.experiments.provenance import Provenance
from qt_engine.experiments.record import STATUSES, RunRecord, RunStatus
from qt_engine.experiments.spec import DataSlice, RunSpec

if TYPE_CHECKING:
    from qt_engine.evaluation.trades import Trade
    from qt_engine.experiments.artifacts import Rows
    from qt_engine.simulation.contract import SimResult
    from qt_engine.storage.catalog import Catalog

    Trades = list[Trade]
    Documents = list[dict[str, Any]]


Records = list[RunRecord]


class RunRegistry:
    """The runs of the workspace in `folder`; safe to use from many processes and threads at once."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._runs = folder / "runs"
        self._catalog = catalog

    def register(
        self,
        spec: RunSpec,
        data: DataSlice,
        *,
        engine: int,
        input_hash: str | None,
        provenance: Provenance | None = None,
    ) -> RunRecord:
        """Give a run its id, its folder and its row, as *running* in this process.

        Must have returned before the first step is made.
        """
        from qt_engine.experiments.artifacts import write_spec

        created = clock.now_ns()
        run_id = self._claim(f"exp-{clock.compact(created)}-{spec.hash[:8]}")
        provenance = provenance or Provenance()
        record = RunRecord(
            run_id, "running", spec, data, engine, created, process.current(), input_hash,
            git_commit=provenance.git_commit, git_dirty=provenance.git_dirty,
        )  # fmt: skip
        write_spec(self.folder(run_id), rows.spec_document(record))
        with self._catalog.write() as con:
            con.execute(*rows.insert(record))
        return record

    def seal_completed(
        self,
        record: RunRecord,
        result: SimResult,
        metrics: Metrics,
        *,
        trades: Rows,
        ts: Any,
        warnings: Sequence[str] = (),
        open_positions: Sequence[Mapping[str, Any]] = (),
        fallbacks: Sequence[Mapping[str, Any]] = (),
    ) -> RunRecord:
        """Write the files of a run, then its row as *completed*.

        A strategy in Python decides after its run was registered: then `input_hash` and `proof` of the record come to be
        known, and are written now.

        Parameters
        ----------
        trades
            Closed round trips, dtype `TRADE`.
        ts
            int64, UTC nanoseconds: the bar of each value of the equity curve.
        fallbacks
            Portfolio problems that had no solution, each as `time, method, reason, used`.
        """
        from qt_engine.experiments.artifacts import write_fallbacks, write_result

        write_result(self.folder(record.run_id), result, trades, ts)
        write_fallbacks(self.folder(record.run_id), fallbacks)
        changes = {
            "result_hash": result.hash, "progress": 1.0, "warnings": canonical_json(list(warnings)),
            "open_positions": json.dumps([dict(position) for position in open_positions]),
        }  # fmt: skip
        if record.proof is not None:
            changes |= {"input_hash": record.input_hash, "spec": canonical_json(rows.spec_document(record))}
        return self._seal(record, "completed", changes, metrics, rows.figures_beside(result))

    def seal_failed(self, record: RunRecord, error: str, traceback: str) -> RunRecord:
        """A failure is a result: keep the run with its error and traceback."""
        return self._seal(record, "failed", {"error": plain(error, 2000), "traceback": traceback})

    def seal_cancelled(self, record: RunRecord) -> RunRecord:
        """The user stopped it."""
        return self._seal(record, "cancelled", {"error": "cancelled by the user"})

    def note_progress(self, run_id: str, share: float) -> None:
        """Tell watchers how far a run is; lost when the machine goes down, and no harm done."""
        path = self.folder(run_id) / "progress"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(f"{share:.4f}")
        temporary.replace(path)

    def list(
        self, status: RunStatus | str | None = None, *, strategy: str | None = None, limit: int | None = None
    ) -> Records:
        """Runs, the newest first.

        Raises
        ------
        InputError
            If there is no such status.
        """
        if status is not None and status not in STATUSES:
            raise InputError(f"status {plain(status)!r} is not one of {', '.join(STATUSES)}")
        if limit is not None and limit < 0:
            raise InputError(f"limit must not be negative, not {limit}")
        where = "(? IS NULL OR status = ?) AND (? IS NULL OR strategy = ?)"
        return self._select(where, [status, status, strategy, strategy], limit, status)

    def get(self, run_id: str) -> RunRecord:
        """The run of this id, or of the only id that begins so.

        Raises
        ------
        NotFoundError
            If there is none; the message names the nearest.
        InputError
            If the beginning fits several.
        """
        found = self._select("starts_with(run_id, ?)", [run_id], None, None) if run_id else []
        exact = [record for record in found if record.run_id == run_id]
        if exact or len(found) == 1:
            return (exact or found)[0]
        if found:
            some = ", ".join(record.run_id for record in found[:3])
            raise InputError(f"{plain(run_id)!r} is the beginning of {len(found)} runs ({some}…); give more of the id")
        with self._catalog.read() as con:
            known = [row[0] for row in con.execute("SELECT run_id FROM runs").fetchall()]
        hint = nearest(run_id, known)
        advice = f"; did you mean {hint}?" if hint else "; see qt runs list" if known else "; there are no runs yet"
        raise NotFoundError(f"run {plain(run_id)!r} does not exist{advice}")

    def folder(self, run_id: str) -> Path:
        """Where the files of a run are."""
        return self._runs / run_id

    def table(self, run_id: str, name: str) -> Rows:
        """`fills`, `orders`, `trades`, `equity` or `events` of a completed run (see `artifacts.TABLES`).

        Raises
        ------
        InputError
            If the run has not completed.
        StoreError
            If its file is missing or damaged.
        """
        return self.rows_of(self.get(run_id), name)

    def rows_of(self, record: RunRecord, name: str) -> Rows:
        """`table` for a record at hand, without a look at the catalog."""
        from qt_engine.experiments.artifacts import read_table

        if record.status != "completed":
            raise InputError(f"run {record.run_id} is {record.status}; only a completed run has {name}")
        return read_table(self.folder(record.run_id), name)

    def fills(self, run_id: str) -> Rows:
        """The fills of a completed run, dtype `FILL`."""
        return self.table(run_id, "fills")

    def equity(self, run_id: str) -> Rows:
        """The equity curve of a completed run, dtype `EQUITY`: `ts` (UTC ns of each bar) and `equity` at its close."""
        return self.table(run_id, "equity")

    def events(self, run_id: str) -> Rows:
        """Limits that a completed run reached, and corporate actions, dtype `EVENT`."""
        return self.table(run_id, "events")

    def events_of(self, record: RunRecord) -> Documents:
        """The events of a run for people and programs: `time, kind, symbol, value, bound`; none until it has completed."""
        from qt_engine.experiments.wording import event_rows

        if record.status != "completed":
            return []
        return event_rows(self.rows_of(record, "events").tolist(), record.spec.symbols)

    def fallbacks_of(self, record: RunRecord) -> Documents:
        """Portfolio problems that had no solution: `time, method, reason, used`; none until the run has completed.

        Raises
        ------
        StoreError
            If their file is damaged.
        """
        from qt_engine.experiments.artifacts import read_fallbacks

        return read_fallbacks(self.folder(record.run_id)) if record.status == "completed" else []

    def trades(self, run_id: str) -> Trades:
        """The closed round trips of a completed run, in the order of their exits."""
        return self.trades_of(self.get(run_id))

    def trades_of(self, record: RunRecord) -> Trades:
        """`trades` for a record at hand."""
        from qt_engine.evaluation.trades import trades_of

        return trades_of(self.rows_of(record, "trades"), record.spec.symbols)

    def _claim(self, wanted: str) -> str:
        """Making the folder is what decides between two processes that want the same id."""
        self._runs.mkdir(parents=True, exist_ok=True)
        number, run_id = 1, wanted
        while True:
            try:
                self.folder(run_id).mkdir()
            except FileExistsError:
                number += 1
                run_id = f"{wanted}-{number}"
            else:
                return run_id

    def _seal(
        self,
        record: RunRecord,
        status: RunStatus,
        changes: Mapping[str, Any],
        metrics: Metrics | None = None,
        figures: Mapping[str, float] | None = None,
    ) -> RunRecord:
        changes = {**changes, "status": status, "sealed_ns": clock.now_ns()}
        with self._catalog.write() as con:
            con.execute(*rows.update(record.run_id, changes))
            if metrics is not None:
                con.execute(*rows.insert_metrics(record.run_id, metrics, figures or {}))
        (self.folder(record.run_id) / "progress").unlink(missing_ok=True)
        return rows.changed(record, changes, metrics, figures)

    def _select(self, where: str, values: Sequence[Any], limit: int | None, status: str | None) -> Records:
        found = self._read(where, values, limit)
        dead = [r for r in found if r.status == "running" and not process.is_alive(r.process)]
        if status == "interrupted":  # those that died since have the status *running* still
            dead += [r for r in self._read("status = 'running'", [], None) if not process.is_alive(r.process)]
        if dead:
            with self._catalog.write() as con:
                for record in dead:
                    changes = {
                        "status": "interrupted",
                        "sealed_ns": clock.now_ns(),
                        "error": "its process ended before the run did",
                    }
                    con.execute(*rows.update(record.run_id, changes, only_if="running"))
            found = self._read(where, values, limit)
        return [rows.with_progress(r, self._progress(r.run_id)) if r.status == "running" else r for r in found]

    def _read(self, where: str, values: Sequence[Any], limit: int | None) -> Records:
        with self._catalog.read() as con:
            return rows.select(con, where, values, limit)

    def _progress(self, run_id: str) -> float:
        try:
            return float((self.folder(run_id) / "progress").read_text())
        except (OSError, ValueError):
            return 0.0
