"""`SweepService`: sweeps in this process, or as jobs that outlive it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import NotFoundError
from qt_engine.experiments.spec import DataSlice, RunSpec

if TYPE_CHECKING:
    from qt_engine.jobs.house import House
    from qt_engine.jobs.job import Job
    from qt_engine.optimization.sweeping import SweepTable

KIND = "sweep"
TABLE = "results.parquet"


class SweepService:
    """The sweeps of a workspace."""

    def __init__(self, house: House) -> None:
        self._house = house

    def run(
        self,
        strategy: str | os.PathLike[str],
        symbols: Sequence[str] | None = None,
        grid: Mapping[str, Iterable[Any]] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        progress: Callable[[float], None] | None = None,
        **wanted: Any,
    ) -> SweepTable:
        """Run every combination now.

        Parameters
        ----------
        strategy, symbols, wanted
            As for `Workspace.backtest` (interval, start, end, cash, …).
        grid
            Values for each parameter that varies; None: all parameters with bounds, over their whole ranges.
        params
            Parameters that do not vary, in place of their defaults.

        Raises
        ------
        InputError
            If anything is wrong with what was asked for.
        """
        from qt_engine.optimization.sweeping import run_sweep

        spec = self._house.specify(strategy, symbols, **wanted)
        market = self._house.data.load(spec.symbols, spec.interval, spec.start, spec.end)
        return run_sweep(spec, grid, market, fixed=params, progress=progress)

    def start(
        self,
        strategy: str | os.PathLike[str],
        symbols: Sequence[str] | None = None,
        grid: Mapping[str, Iterable[Any]] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> Job:
        """The same as a job; a wrong grid is refused here, before there is one."""
        from qt_engine.optimization.grids import combinations
        from qt_engine.strategies.loading import stored_strategy
        from qt_engine.strategies.parameters import convert

        spec = self._house.specify(strategy, symbols, **wanted)
        document = stored_strategy(spec.source, spec.document)
        # Once: the values may be those of a generator.
        lists = None if grid is None else {name: _listed(values) for name, values in grid.items()}
        columns = combinations(document, params or {}, lists)
        if lists is not None:
            lists = {name: [convert(document.params[name], value) for value in lists[name]] for name in lists}
        fixed = {name: convert(document.params[name], value) for name, value in (params or {}).items()}
        lanes = len(next(iter(columns.values()))) if columns else 1
        market = self._house.data.load(spec.symbols, spec.interval, spec.start, spec.end)
        return self._house.jobs.start(
            KIND,
            "qt_engine.optimization.worker",
            {
                "run": spec.as_json(), "slice": DataSlice.of(market).as_json(), "grid": lists, "fixed": fixed, "lanes": lanes,
            },
        )  # fmt: skip

    def table(self, job_id: str) -> SweepTable:
        """What a finished sweep found.

        Raises
        ------
        NotFoundError
            If there is no such sweep, or it has not finished.
        """
        from qt_engine.optimization.sweeping import SweepTable

        job = self._house.jobs.get(job_id)
        if job.kind != KIND:
            raise NotFoundError(f"{job.job_id} is no sweep but a {job.kind}")
        return SweepTable.read(job.folder / TABLE, RunSpec.from_json(job.spec["run"]))


def _listed(values: Any) -> Any:
    """The values as a list; what is none is left for the check of the grid to refuse."""
    return values if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
