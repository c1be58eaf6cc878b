"""The curve beside the editor: the same road as a run, on markets kept in memory, and nothing is stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError, StrategyError
from qt_engine.data.overview import FILE_NAME as OVERVIEW
from qt_engine.strategies.problems import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qt_engine.data.market import Market
    from qt_engine.evaluation.metrics import Metrics
    from qt_engine.experiments.road import Progress
    from qt_engine.experiments.spec import RunSpec
    from qt_engine.strategies.document import StrategyDocument

KEPT = 4
"""Markets in memory: as many as a person switches between while editing."""


@dataclass(frozen=True)
class Preview:
    """What the text in the editor would give.

    Attributes
    ----------
    problems
        What is wrong with the text, or with running it; the other fields are None then.
    ts, equity
        int64 UTC nanoseconds of each bar, and float64 equity at its close.
    metrics
        The headline figures.
    kind
        `rules`, `portfolio` or `python`; empty where the text could not be read.
    warnings
        What a person should know before believing the figures, one line each.
    perfect
        Whether the execution model has no costs: such a result cannot be traded.
    """

    problems: tuple[Problem, ...] = ()
    ts: NDArray[Any] | None = None
    equity: NDArray[Any] | None = None
    metrics: Metrics | None = None
    symbols: tuple[str, ...] = ()
    kind: str = ""
    warnings: tuple[str, ...] = ()
    perfect: bool = False


class Previewer:
    """Runs strategy texts over and over on the same bars.

    Parameters
    ----------
    load
        Gives the market of a spec.
    folder
        The workspace's; its overview of series is another file after each import, so it tells when to load again.
    """

    def __init__(self, load: Callable[[RunSpec], Market], folder: Path) -> None:
        self._load = load
        self._overview = folder / OVERVIEW
        self._markets: OrderedDict[tuple[object, ...], Market] = OrderedDict()

    def preview(
        self,
        text: str,
        specify: Callable[[StrategyDocument, str, Mapping[str, Any]], RunSpec],
        parameters: Mapping[str, Any],
        progress: Progress | None = None,
    ) -> Preview:
        """Read, compile and simulate a text; never raises on what a user may type. A strategy in Python is run.

        Parameters
        ----------
        specify
            Makes the spec from the document, its text and all its parameters.
        parameters
            Overrides of the text's own defaults.
        progress
            Called with the share decided, where deciding takes time; may raise `CancelledError`, which ends the preview.
        """
        from qt_engine.experiments.caveats import warnings_of
        from qt_engine.experiments.road import prepare, walk
        from qt_engine.strategies.parameters import resolve_parameters

        document, problems = _read(text)
        if document is None:
            return Preview(tuple(problems))
        try:
            spec = specify(document, text, resolve_parameters(document, parameters))
            market = self._market(spec)
            outcome = walk(prepare(spec, market, progress))
        except StrategyError as error:
            return Preview(
                (*problems, Problem(error.line or 1, 1, f"{error.bar}: {error.reason}" if error.bar else error.reason))
            )
        except InputError as error:
            column = error.column if isinstance(error.column, int) else 1
            return Preview((*problems, Problem(error.line or 1, column, error.reason)))
        given, result = outcome.given, outcome.result
        return Preview(
            tuple(problems), market.ts, result.equity, outcome.metrics, spec.symbols, document.kind,
            tuple(warnings_of(spec, given, result)), given.execution.is_perfect,
        )  # fmt: skip

    def _market(self, spec: RunSpec) -> Market:
        try:
            state = self._overview.stat()
        except OSError:
            return self._load(spec)
        key = (state.st_ino, state.st_mtime_ns, spec.symbols, spec.interval, spec.start, spec.end)
        if key not in self._markets:
            self._markets[key] = self._load(spec)
            while len(self._markets) > KEPT:
                self._markets.popitem(last=False)
        self._markets.move_to_end(key)
        return self._markets[key]


def _read(text: str) -> tuple[StrategyDocument | None, list[Problem]]:
    from qt_engine.strategies.language import read_document
    from qt_engine.strategies.programs import is_python

    if not is_python(text):
        return read_document(text)
    from qt_engine.strategies.python_source import read_python

    return read_python(text, "the text")
