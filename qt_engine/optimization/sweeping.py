"""A sweep from what was asked for to a table with a row for every combination: the bad ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import nearest
from qt_engine.evaluation.metrics import Metrics, evaluate
from qt_engine.experiments.spec import RunSpec
from qt_engine.optimization.grids import combinations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qt_engine.data.market import Market

METRICS = tuple(field.name for field in fields(Metrics))
LESS_IS_BETTER = frozenset({"volatility", "turnover", "fees", "slippage", "ambiguous_bars"})


@dataclass(frozen=True)
class SweepTable:
    """The outcome of a sweep: arrays `(lanes,)` by parameter and by metric.

    Attributes
    ----------
    strategy, symbols, interval
        What was swept.
    parameters, metrics
        One array for every parameter of the strategy and every field of `Metrics`.
    """

    strategy: str
    symbols: tuple[str, ...]
    interval: str
    parameters: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.metrics["final_equity"])

    @property
    def varied(self) -> tuple[str, ...]:
        """The parameters that have more than one value."""
        return tuple(name for name, column in self.parameters.items() if len(column) and (column != column[0]).any())

    def row(self, lane: int) -> dict[str, dict[str, Any]]:
        """One combination: `parameters` and `metrics` by name."""
        return {
            "parameters": {name: column[lane].item() for name, column in self.parameters.items()},
            "metrics": {name: column[lane].item() for name, column in self.metrics.items()},
        }

    def order(self, by: str = "sharpe") -> NDArray[np.int64]:
        """Lanes from the best to the worst by a metric or a parameter; undefined figures last, ties as in the grid.

        Raises
        ------
        InputError
            If there is no such column.
        """
        import numpy as np

        column = self.metrics.get(by, self.parameters.get(by))
        if column is None:
            near = nearest(by, [*self.metrics, *self.parameters])
            raise InputError(f"there is no column {by!r}" + (f"; did you mean {near}?" if near else ""))
        key = column.astype(np.float64)
        if by not in LESS_IS_BETTER and by in self.metrics:
            key = -key
        return np.argsort(np.where(np.isnan(key), np.inf, key), kind="stable")

    def best(self, count: int = 10, by: str = "sharpe") -> list[dict[str, dict[str, Any]]]:
        """The first rows in that order."""
        return [self.row(int(lane)) for lane in self.order(by)[:count]]

    def write(self, path: Path) -> None:
        """Keep the table as a Parquet file; columns are `parameter_<name>` and `metric_<name>`."""
        from qt_engine.storage.lake import write_parquet

        columns = {f"parameter_{name}": column for name, column in self.parameters.items()}
        columns |= {f"metric_{name}": column for name, column in self.metrics.items()}
        write_parquet(path, columns)

    @classmethod
    def read(cls, path: Path, spec: RunSpec) -> SweepTable:
        """The reverse of `write`.

        Raises
        ------
        NotFoundError
            If the sweep has left no table.
        """
        from qt_engine.storage.lake import read_parquet

        if not path.exists():
            raise NotFoundError(f"{path.parent.name} has left no table; a sweep writes it when it is finished")
        columns = read_parquet([path])
        kinds: dict[str, dict[str, Any]] = {"parameter": {}, "metric": {}}
        for name, column in columns.items():
            kind, _, short = name.partition("_")
            kinds[kind][short] = column
        return cls(spec.strategy, spec.symbols, spec.interval, kinds["parameter"], kinds["metric"])


def run_sweep(
    spec: RunSpec,
    grid: Mapping[str, Iterable[Any]] | None,
    market: Market,
    *,
    fixed: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> SweepTable:
    """Run a strategy with every combination of a grid, its assets on shared cash.

    Parameters
    ----------
    spec
        What to run; of its parameters only those in `fixed` count.
    grid
        See `grids.combinations`.
    progress
        Called with the share done; may raise to cancel.

    Raises
    ------
    InputError
        If the grid does not fit the strategy, or there are no bars.
    """
    import numpy as np

    from qt_engine.simulation.contract import Execution
    from qt_engine.simulation.sweep import sweep
    from qt_engine.simulation.warm import warm_up
    from qt_engine.strategies.document import RulesDocument
    from qt_engine.strategies.loading import stored_strategy

    if not len(market):
        raise InputError(f"there are no {spec.interval} bars in this range")
    document = stored_strategy(spec.source, spec.document)
    parameters = combinations(document, fixed or {}, grid)
    if not isinstance(document, RulesDocument):
        rows = list(_one_by_one(spec, parameters, market, progress))
        metrics = {name: np.array([getattr(row, name) for row in rows]) for name in METRICS}
        return SweepTable(spec.strategy, spec.symbols, spec.interval, parameters, metrics)
    warm_up()
    execution = Execution(fee_bps=spec.fee_bps, slippage_bps=spec.slippage_bps, tick=spec.tick)
    result = sweep(document, parameters, [market], execution, spec.cash, threads=threads, progress=progress)
    rows = [evaluate(result.counters(lane), market.periods_per_year) for lane in range(result.final_equity.shape[1])]
    metrics = {name: np.array([getattr(row, name) for row in rows]) for name in METRICS}
    return SweepTable(spec.strategy, spec.symbols, spec.interval, parameters, metrics)


def _one_by_one(
    spec: RunSpec,
    parameters: Mapping[str, NDArray[Any]],
    market: Market,
    progress: Callable[[float], None] | None,
) -> Iterator[Metrics]:
    """Portfolios and programs decide in other ways than the compiled lanes: each combination walks the road of a run.

    That a program does not look ahead is seen with its first combination.
    """
    from qt_engine.experiments.road import prepare, prove_program, walk

    lanes = len(next(iter(parameters.values()))) if parameters else 1
    for lane in range(lanes):
        chosen = replace(spec, parameters={name: column[lane].item() for name, column in parameters.items()})
        given = prepare(chosen, market)
        if lane == 0 and spec.is_program:
            prove_program(chosen, given)
        yield walk(given).metrics
        if progress is not None:
            progress((lane + 1) / lanes)
