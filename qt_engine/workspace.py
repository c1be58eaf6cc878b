"""The front door: a folder with data, strategies, runs, jobs and sessions, and the verbs used all day.

This is the only place that wires the parts together. Every part is made on first use, because the terminal app
and `qt --help` pay for each import on the way to their first line.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from qt_engine.core.settings import Settings
    from qt_engine.data.market import Market
    from qt_engine.data.service import DataService
    from qt_engine.experiments.compare import Comparison
    from qt_engine.experiments.preview import Preview, Previewer
    from qt_engine.experiments.proving import Proofs
    from qt_engine.experiments.registry import RunRegistry
    from qt_engine.experiments.reproduce import Reproduction
    from qt_engine.experiments.road import Progress
    from qt_engine.experiments.run import Run
    from qt_engine.experiments.spec import DataSlice, RunSpec
    from qt_engine.features.service import FeatureService
    from qt_engine.jobs.service import JobService
    from qt_engine.live.service import SessionService
    from qt_engine.optimization.service import SweepService
    from qt_engine.optimization.sweeping import SweepTable
    from qt_engine.risk.limits import RiskLimits
    from qt_engine.simulation.execution import Execution
    from qt_engine.simulation.presets import Preset
    from qt_engine.storage.catalog import Catalog
    from qt_engine.strategies.base import Strategy
    from qt_engine.strategies.library import StrategyLibrary

__all__ = ["Workspace"]

DEFAULT_NAME = "default"


class Workspace:
    """One folder of research.

    Attributes
    ----------
    folder
        Where everything of it is stored.
    data, features, strategies, runs, jobs, sessions
        The services of the floors below.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, path_or_name: str | os.PathLike[str] | None = None) -> Workspace:
        """Open a workspace and make its folder where there is none.

        Parameters
        ----------
        path_or_name
            A path (anything with a separator, or a `Path`), or the name of a workspace in the user's data folder.
            None: what `QT_WORKSPACE` says, else the workspace `default`.

        Raises
        ------
        InputError
            If the place is a file or cannot be made.
        """
        folder = locate(path_or_name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise InputError(f"workspace {plain(folder)} is a file; name a folder") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"workspace {plain(folder)} cannot be made: {reason}") from None
        return cls(folder)

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r})"

    @cached_property
    def settings(self) -> Settings:
        """The defaults of runs and screens."""
        from qt_engine.core import settings

        return settings.load()

    @cached_property
    def catalog(self) -> Catalog:
        """The DuckDB catalog behind its lock."""
        from qt_engine.storage.catalog import Catalog

        return Catalog(self.folder)

    @cached_property
    def data(self) -> DataService:
        """Market data: import, look, load."""
        from qt_engine.data.service import DataService

        return DataService(self.folder, self.catalog)

    @cached_property
    def features(self) -> FeatureService:
        """Indicators, signals and labels: which there are, and their values on stored bars."""
        from qt_engine.features.service import FeatureService

        return FeatureService(
            self.folder, self.data, self.settings.feature_cache_mb, self.settings.feature_cache_minutes
        )

    @cached_property
    def strategies(self) -> StrategyLibrary:
        """The shipped strategies and those of this workspace."""
        from qt_engine.strategies.library import StrategyLibrary

        return StrategyLibrary(self.folder)

    @cached_property
    def runs(self) -> RunRegistry:
        """Every run there was, whatever became of it."""
        from qt_engine.experiments.registry import RunRegistry

        return RunRegistry(self.folder, self.catalog)

    @cached_property
    def jobs(self) -> JobService:
        """What runs in processes of its own."""
        from qt_engine.jobs.service import JobService

        return JobService(self.folder)

    @cached_property
    def sessions(self) -> SessionService:
        """Paper-trading sessions."""
        from qt_engine.live.service import SessionService

        return SessionService(self)

    @cached_property
    def sweeps(self) -> SweepService:
        """Every combination of a strategy's parameters, now or as a job."""
        from qt_engine.optimization.service import SweepService

        return SweepService(self)

    @staticmethod
    def warm_up(*, sweeps: bool = True, complete: bool = True) -> None:
        """Compile the kernels in processes of their own, where they were not yet; see `qt_engine.simulation.warm`."""
        from qt_engine.simulation.warm import warm_up

        warm_up(sweeps=sweeps, complete=complete)

    def sweep(
        self,
        strategy: str | os.PathLike[str],
        symbols: Sequence[str] | None = None,
        grid: Mapping[str, Iterable[Any]] | None = None,
        **wanted: Any,
    ) -> SweepTable:
        """Run every combination of a grid of parameters; see `SweepService.run`."""
        return self.sweeps.run(strategy, symbols, grid, **wanted)

    def backtest(
        self,
        strategy: str | os.PathLike[str] | type[Strategy],
        symbols: Sequence[str] | None = None,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        cash: float | None = None,
        fee_bps: float | None = None,
        slippage_bps: float | None = None,
        tick: float | None = None,
        seed: int | None = None,
        execution: str | Execution | None = None,
        risk: Mapping[str, Any] | RiskLimits | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Run a strategy over stored bars, and keep the run.

        Parameters
        ----------
        strategy
            A shipped name, a name in this workspace, a file, or a class that inherits from `Strategy`. A strategy in Python
            is a program: it is trusted, and run.
        symbols, interval
            In place of the strategy's own universe and interval.
        start, end
            ISO 8601; both days inclusive.
        params
            Parameters in place of the strategy's defaults: numbers or their texts.
        cash, fee_bps, slippage_bps, tick, seed
            In place of the settings; see `qt_engine.core.settings.Settings`.
        execution
            A named execution model (see `execution_models`) or one of your own; the three above are laid over it.
        risk
            Limits of the run beside the strategy's own; the stricter holds. See `RiskLimits`.
        progress
            Called now and then with the share done, 0 to 1.

        Raises
        ------
        InputError
            If anything that was asked for is wrong; nothing is stored then.
        """
        from qt_engine.experiments.provenance import ProvenanceProbe
        from qt_engine.experiments.road import backtest
        from qt_engine.experiments.run import Run

        spec = self.specify(
            strategy, symbols, interval, start, end, params, cash=cash, fee_bps=fee_bps, slippage_bps=slippage_bps, tick=tick,
            seed=seed, execution=execution, risk=risk,
        )  # fmt: skip
        probe = ProvenanceProbe(self.folder, Path.cwd())
        return Run(backtest(spec, self._load, self.runs, probe=probe, progress=progress), self.runs)

    def specify(
        self,
        strategy: str | os.PathLike[str] | type[Strategy],
        symbols: Sequence[str] | None = None,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        **execution: Any,
    ) -> RunSpec:
        """What `backtest` would run, complete and checked, without running it."""
        from qt_engine.experiments.spec import make_spec
        from qt_engine.experiments.terms import chosen_terms
        from qt_engine.strategies.loading import load_strategy
        from qt_engine.strategies.parameters import resolve_parameters

        source = self.strategies.resolve(strategy if isinstance(strategy, type) else os.fspath(strategy))
        document = load_strategy(source)
        parameters = resolve_parameters(document, dict(params or {}))
        return make_spec(
            document, source.text, parameters, symbols=symbols, interval=interval, start=start, end=end,
            **chosen_terms(self.settings, execution),
        )  # fmt: skip

    def prove(
        self,
        strategy: str | os.PathLike[str] | type[Strategy],
        symbols: Sequence[str] | None = None,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        thorough: bool = False,
        progress: Progress | None = None,
    ) -> Proofs:
        """Prove on stored bars that a strategy does not look ahead, and that its warm-up is long enough.

        Parameters are those of `backtest`; `thorough` takes the future away at every bar and not only at some.
        """
        from qt_engine.experiments.proving import prove

        spec = self.specify(strategy, symbols, interval, start, end, params)
        return prove(spec, self._load(spec), thorough=thorough, progress=progress)

    def run(self, run_id: str) -> Run:
        """A run of the registry, by its id or the beginning of it."""
        from qt_engine.experiments.run import Run

        return Run(self.runs.get(run_id), self.runs)

    def compare(self, *runs: Run | str, baseline: int = 0) -> Comparison:
        """Runs side by side; each is a `Run` or an id, `baseline` the index of the one to measure against."""
        from qt_engine.experiments.compare import compare

        return compare([self.runs.get(run) if isinstance(run, str) else run.record for run in runs], baseline)

    def reproduce(self, run: Run | str) -> Reproduction:
        """Run a completed run again on exactly its rows and say whether the same bytes come out."""
        from qt_engine.experiments.reproduce import reproduce

        record = self.runs.get(run) if isinstance(run, str) else run.record
        return reproduce(record, self.runs, self._load_snapshot)

    def export(self, run: Run | str, folder: Path | None = None, format: str = "csv") -> list[Path]:
        """Write a run as CSV, JSON or Parquet files, to `exports/<run id>` of the workspace by default."""
        from qt_engine.experiments.export import export

        record = self.runs.get(run) if isinstance(run, str) else run.record
        return export(record, self.runs, folder or self.folder / "exports" / record.run_id, format)

    def preview(
        self,
        text: str,
        symbols: Sequence[str] | None = None,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        progress: Progress | None = None,
        **execution: Any,
    ) -> Preview:
        """What a strategy's text would give; nothing is stored, and wrong text is answered with problems, not errors.

        `progress` is called with the share decided, where deciding takes time; what it raises ends the preview.
        """
        from qt_engine.experiments.spec import make_spec
        from qt_engine.experiments.terms import chosen_terms

        chosen = chosen_terms(self.settings, execution)
        return self._previewer.preview(
            text,
            lambda document, source, parameters: make_spec(
                document, source, parameters, symbols=symbols, interval=interval, start=start, end=end, **chosen
            ),
            params or {},
            progress,
        )

    @cached_property
    def _previewer(self) -> Previewer:
        from qt_engine.experiments.preview import Previewer

        return Previewer(self._load, self.folder)

    def execution_models(self) -> Mapping[str, Preset]:
        """The named execution models, by name."""
        from qt_engine.simulation.presets import presets

        return presets()

    def _load(self, spec: RunSpec) -> Market:
        return self.data.load(spec.symbols, spec.interval, spec.start, spec.end)

    def _load_snapshot(self, data: DataSlice) -> Market:
        return self.data.load_snapshot(data.sources, data.interval, data.start_ts, data.end_ts)


def locate(path_or_name: str | os.PathLike[str] | None = None) -> Path:
    """The folder that `Workspace.open` means, whether it exists or not."""
    if path_or_name is None:
        path_or_name = os.environ.get("QT_WORKSPACE") or DEFAULT_NAME
    if not isinstance(path_or_name, str):
        return Path(path_or_name).expanduser().absolute()
    if not path_or_name.strip() or "\0" in path_or_name:
        raise InputError("the name of a workspace must not be empty; give a folder or a name")
    if path_or_name in (".", "..", "~") or "/" in path_or_name or os.sep in path_or_name:
        return Path(path_or_name).expanduser().absolute()
    from qt_engine.core.settings import user_data_folder

    return user_data_folder() / "workspaces" / path_or_name
