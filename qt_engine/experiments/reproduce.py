"""Run an old run again, from its stored spec and snapshot, and say whether the same bytes come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, QtError

if TYPE_CHECKING:
    from qt_engine.data.market import Market
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
    from qt_engine.experiments.artifacts import EQUITY
    from qt_engine.experiments.road import prepare, walk
    from qt_engine.simulation.contract import ENGINE_REVISION

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
        "equity": _equity(market, outcome.result.equity, EQUITY),
    }
    why = "" if record.engine == ENGINE_REVISION else f"engine revision {record.engine} ≠ {ENGINE_REVISION}; "
    for name, rows in now.items():
        try:
            stored = runs.rows_of(record, name)
        except QtError as error:
            return f"{name}: {error}"
        difference = first_row_difference(name, stored, rows)
        if difference:
            return why + difference
    if outcome.result.hash != record.result_hash:
        return f"{why}result hash {str(record.result_hash)[:12]} ≠ {outcome.result.hash[:12]}, though fills, orders and equity agree"
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


def _equity(market: Market, equity: Any, dtype: Any) -> Rows:
    import numpy as np

    rows = np.zeros(len(equity), dtype)
    rows["ts"], rows["equity"] = market.ts, equity
    return rows
