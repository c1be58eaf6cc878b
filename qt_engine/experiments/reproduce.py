"""Run an old run again, from its stored spec and snapshot, and say whether the same bytes come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, QtError

if TYPE_CHECKING:
    from qt_engine.data.market import Market
    from qt_engine.evaluation.metrics import Metrics
    from qt_engine.experiments.artifacts import Rows
    from qt_engine.experiments.record import RunRecord
    from qt_engine.experiments.registry import RunRegistry
    from qt_engine.experiments.spec import DataSlice

LoadSnapshot = Callable[["DataSlice"], "Market"]


@dataclass(frozen=True)
class Reproduction:
    """Whether a run came out as before; `first_difference` names the first thing that did not, in the order of the road."""

    run_id: str
    verdict: Literal["identical", "drifted"]
    first_difference: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def reproduce(record: RunRecord, runs: RunRegistry, load: LoadSnapshot) -> Reproduction:
    """Compare a completed run with a new one on the same rows.

    Parameters
    ----------
    load
        Gives exactly the rows that a run used.

    Raises
    ------
    InputError
        If the run has not completed: there is nothing to compare with.
    """
    if record.status != "completed":
        raise InputError(f"run {record.run_id} is {record.status}; only a completed run can be reproduced")
    difference = _first_difference(record, runs, load)
    return Reproduction(record.run_id, "drifted" if difference else "identical", difference)


def _first_difference(record: RunRecord, runs: RunRegistry, load: LoadSnapshot) -> str | None:
    from qt_engine.evaluation.trades import trade_rows
    from qt_engine.experiments.artifacts import EQUITY
    from qt_engine.experiments.road import prepare, walk
    from qt_engine.simulation.contract import ENGINE_REVISION, Event

    if difference := _spec_difference(record, runs):
        return difference
    try:
        market = load(record.slice)
    except QtError as error:
        return f"data: {error}"
    if market.hash != record.slice.hash:
        return f"data: hash {record.slice.hash[:12]} ≠ {market.hash[:12]}"
    try:
        given = prepare(record.spec, market)
    except InputError as error:
        return f"strategy: {error}"
    outcome = walk(given)
    now = {
        "fills": outcome.result.fills,
        "orders": outcome.result.orders,
        "events": outcome.result.events,
        "equity": _equity(market, outcome.result.equity, EQUITY),
        "trades": trade_rows(outcome.result.fills, market),
    }
    why = "" if record.engine == ENGINE_REVISION else f"engine revision {record.engine} ≠ {ENGINE_REVISION}; "
    for name, rows in now.items():
        try:
            stored = runs.rows_of(record, name)
        except QtError as error:
            return f"{name}: {error}"
        if name == "events" and not len(stored) and set(rows["kind"].tolist()) <= {Event.MAX_DRAWDOWN}:
            continue  # runs from before there were events
        difference = first_row_difference(name, stored, rows)
        if difference:
            return why + difference
    if record.metrics is not None and (difference := _metric_difference(record.metrics, outcome.metrics)):
        return why + difference
    if outcome.result.hash != record.result_hash:
        hashes = f"{str(record.result_hash)[:12]} ≠ {outcome.result.hash[:12]}"
        return f"{why}result hash {hashes}, though fills, orders and equity agree"
    if not why and given.hash != record.input_hash:
        return f"input hash {str(record.input_hash)[:12]} ≠ {given.hash[:12]}, though fills, orders and equity agree"
    return None


def first_row_difference(name: str, stored: Rows, now: Rows) -> str | None:
    """The first row and field in which two tables of one dtype are not the same bytes; None where they are."""
    import numpy as np

    fields = [(field, stored[field].view(np.int64), now[field].view(np.int64)) for field in stored.dtype.names or ()]
    length = min(len(stored), len(now))
    unequal = [np.flatnonzero(before[:length] != after[:length]) for _, before, after in fields]
    first = min((int(places[0]) for places in unequal if len(places)), default=None)
    if first is None:
        return None if len(stored) == len(now) else f"{name}: {len(stored)} stored ≠ {len(now)} now"
    field = next(field for (field, before, after) in fields if before[first] != after[first])
    before, after = stored[field][first].item(), now[field][first].item()
    if name == "equity":
        return f"equity at bar {first} ({iso(int(stored['ts'][first]))}): {field} {before!r} ≠ {after!r}"
    return f"{name.removesuffix('s')} {first}: {field} {before!r} ≠ {after!r}"


def _spec_difference(record: RunRecord, runs: RunRegistry) -> str | None:
    """The first field in which `spec.json` is not what was registered; the catalog is the one that is believed."""
    from qt_engine.experiments.artifacts import read_spec
    from qt_engine.experiments.rows import spec_document

    try:
        stored = read_spec(runs.folder(record.run_id))
    except QtError as error:
        return f"spec: {error}"
    registered = json.loads(json.dumps(spec_document(record)))
    for part in ("spec", "data"):
        written = stored.get(part) if isinstance(stored, dict) else None
        if not isinstance(written, dict):
            return f"spec: spec.json has no {part}"
        for name, value in registered[part].items():
            if written.get(name) != value:
                return f"spec: {name} in spec.json is not what was registered"
    return None


def _metric_difference(stored: Metrics, now: Metrics) -> str | None:
    before, after = stored.as_json(), now.as_json()
    name = next((name for name in before if before[name] != after[name]), None)
    return None if name is None else f"metric {name}: {before[name]!r} ≠ {after[name]!r}"


def _equity(market: Market, equity: Any, dtype: Any) -> Rows:
    import numpy as np

    rows = np.zeros(len(equity), dtype)
    rows["ts"], rows["equity"] = market.ts, equity
    return rows
