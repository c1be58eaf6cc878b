"""Asks a Python strategy at every bar, and writes its answers down as targets.

`Decider` does it in steps: a paper session asks it on as bars close. `targets_of` asks for all bars at once. Both give the
same targets as far as they have come, because a strategy sees nothing of the bars that follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, StrategyError, TargetError
from qt_engine.core.text import nearest, plain
from qt_engine.data.market import FIELDS, Market
from qt_engine.strategies.base import Strategy, TargetPositions, Weights
from qt_engine.strategies.compiler import risk_of
from qt_engine.strategies.constants import evaluate_constant
from qt_engine.strategies.context import PERIODS, Context, History, Prepared, Tape, period_end_flags
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.python_source import PythonStrategy, failure, load_python, warmup_of
from qt_engine.strategies.quantisation import quantise
from qt_engine.strategies.registration import source_of

Progress = Callable[[float], None]
Arrays = Mapping[str, NDArray[Any]]
SHOWN = ("ts", *FIELDS)
"""What a strategy sees of a market."""
REPORT_EVERY = 64
"""Bars between two reports of progress."""


def as_python_strategy(strategy: StrategyDocument | type[Strategy]) -> PythonStrategy:
    """A strategy as it is stored: a class is read again from the text of its module.

    Raises
    ------
    InputError
        If it is a document of another kind, or a class without a source file.
    """
    if isinstance(strategy, PythonStrategy):
        return strategy
    if isinstance(strategy, StrategyDocument):
        raise InputError(f"strategy {plain(strategy.name)} is of kind {strategy.kind} and not in Python")
    found = source_of(strategy)
    return load_python(found.text, str(found.path), package=found.package, name=getattr(strategy, "name", None))


def targets_of(
    strategy: PythonStrategy | type[Strategy],
    parameters: Mapping[str, int | float],
    market: Market,
    progress: Progress | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64], tuple[str, ...]]:
    """Every decision of a Python strategy over a market.

    Parameters
    ----------
    parameters
        A value for every parameter, as `resolve_parameters` gives them.
    progress
        Called now and then with the share done; may raise to cancel.

    Returns
    -------
    rebalance
        int64 `(R,)`: bars at whose close a target was decided, increasing.
    target
        float64 `(R, A)`: weights as signed fractions of equity, finite, cut to multiples of 1e-6.
    notes
        What a person should know of how they came about.

    Raises
    ------
    StrategyError
        If the strategy's own code raises; with file, line and bar.
    TargetError
        If it decides what cannot be a weight; with strategy, bar and symbol.
    """
    decider = Decider(as_python_strategy(strategy), parameters)
    decider.advance(market, progress=progress)
    return (*decider.targets(), decider.notes)


def plan_of(
    strategy: PythonStrategy, parameters: Mapping[str, int | float], market: Market, progress: Progress | None = None
) -> Plan:
    """`targets_of` with the strategy's drift band and limits, as a plan."""
    rebalance, target, _ = targets_of(strategy, parameters, market, progress)
    return plan_of_targets(strategy, parameters, rebalance, target)


def plan_of_targets(
    strategy: PythonStrategy,
    parameters: Mapping[str, int | float],
    rebalance: NDArray[np.int64],
    target: NDArray[np.float64],
) -> Plan:
    """The plan of targets that were decided by a strategy."""
    risk = risk_of(strategy.risk, lambda limit: evaluate_constant(limit, parameters))
    return Plan.of_targets(rebalance, target, drift_band=strategy.drift_band, risk=risk)


def prepared_arrays(
    strategy: PythonStrategy, parameters: Mapping[str, int | float], market: Market
) -> dict[str, NDArray[Any]]:
    """What `prepare` makes of a market: arrays `(T, …)`, from an object and a module of their own.

    Raises
    ------
    StrategyError
        If it raises, or returns something else than arrays with a row for every bar.
    """
    instance = strategy.instance()
    bars = f"with {len(market)} bars"
    try:
        instance.initialize(_empty_context(market, parameters))
        with np.errstate(all="ignore"):
            given: object = instance.prepare(History(market, parameters))
    except (Exception, SystemExit) as error:
        raise failure(error, strategy.file, f"prepare {bars}") from error
    if not isinstance(given, Mapping):
        raise StrategyError(f"prepare returns arrays by name, not {type(given).__name__}", file=strategy.file)
    found = {}
    for name, value in given.items():
        array = np.asarray(value)
        if not isinstance(name, str) or array.ndim == 0 or len(array) != len(market) or array.dtype.hasobject:
            raise StrategyError(
                f"prepare {bars}: {plain(name, 60)!r} must be an array with a row for every bar, "
                f"not {type(value).__name__} of {array.dtype} {array.shape}", file=strategy.file,
            )  # fmt: skip
        found[name] = array
    return found


def prepares(strategy: PythonStrategy) -> bool:
    """Whether it has a `prepare` of its own."""
    return strategy.fresh().prepare is not Strategy.prepare


class Decider:
    """One run of a Python strategy, asked on bar by bar.

    Attributes
    ----------
    notes
        What a person should know of how the decisions came about.
    prepared
        What `prepare` gave for the bars seen last; empty where the strategy has none.

    Parameters
    ----------
    decoy
        For proofs: a market of made-up prices that is prepared after the real one, so that whatever a strategy smuggles
        from `prepare` to `on_data`, by whatever way, is about that one.
    """

    def __init__(
        self, strategy: PythonStrategy, parameters: Mapping[str, int | float], decoy: Market | None = None
    ) -> None:
        self.strategy = strategy
        self.parameters = dict(parameters)
        self.prepared: Arrays = {}
        self.notes: tuple[str, ...] = ()
        self._decoy = decoy
        self._prepares = prepares(strategy)
        self._instance = strategy.instance()
        self._warmup = warmup_of(self._instance, self.parameters)
        self._tapes: dict[str, Tape] = {}
        self._context: Context | None = None
        self._bars: list[int] = []
        self._rows: list[NDArray[np.float64]] = []
        self._asked = 0

    @property
    def warmup(self) -> int:
        """Bars before the first at which the strategy is asked."""
        return self._warmup

    def advance(self, market: Market, until: int | None = None, progress: Progress | None = None) -> None:
        """Ask on up to bar `until` (exclusive; default all) of a market that begins with the bars seen so far."""
        until = len(market) if until is None else until
        context = self._begin(market)
        first = max(self._asked, self._warmup)
        if first >= until:
            return
        if self._prepares:
            self.prepared = prepared_arrays(self.strategy, self.parameters, market)
            if self._decoy is not None:
                with suppress(StrategyError):
                    prepared_arrays(self.strategy, self.parameters, self._decoy)
        tapes = {name: Tape(array) for name, array in self.prepared.items()}
        feeds = [(tape, array) for tape, array in zip(tapes.values(), self.prepared.values(), strict=True)]
        for tape, array in feeds:
            tape.extend(array[:first])
        shown = {name: getattr(market, name) for name in SHOWN} | period_end_flags(market)
        feeds += [(self._tapes[name], array) for name, array in shown.items()]
        for tape, array in feeds[len(tapes) :]:
            tape.extend(array[len(tape.known()) : first])
        see = object.__setattr__
        see(context, "prepared", Prepared(tapes))
        for bar in range(first, until):
            see(context, "bar", bar)
            for tape, array in feeds:
                tape.extend(array[bar : bar + 1])
            answer = self._ask(context, market, bar)
            if answer is not None:
                row = quantise(self._row(answer, market, bar))
                self._bars.append(bar)
                self._rows.append(row)
                see(context, "previous", Weights(market.symbols, row))
            if progress is not None and bar % REPORT_EVERY == 0:
                progress((bar + 1) / until)
        self._asked = until

    def _ask(self, context: Context, market: Market, bar: int) -> object:
        try:
            with np.errstate(all="ignore"):
                return self._instance.on_data(context)
        except (Exception, SystemExit) as error:
            raise failure(error, self.strategy.file, self._place(market, bar)) from error

    def targets(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The bars decided at so far, `(R,)`, and the weights, `(R, A)`."""
        assets = len(self._context.symbols) if self._context is not None else 0
        target = np.array(self._rows).reshape(len(self._rows), assets)
        return np.array(self._bars, np.int64), target

    def _begin(self, market: Market) -> Context:
        if self._context is None:
            self._tapes = _empty_tapes(market)
            self._context = Context(self._tapes, market.symbols, market.interval, self.parameters)
            try:
                self._instance.initialize(self._context)
            except (Exception, SystemExit) as error:
                raise failure(error, self.strategy.file, "initialize") from error
        return self._context

    def _row(self, answer: object, market: Market, bar: int) -> NDArray[np.float64]:
        """The weights of an answer, `(A,)`, or a sentence that says what is wrong with it."""
        if not isinstance(answer, TargetPositions):
            raise self._wrong(
                market, bar, f"on_data returns TargetPositions or None, not {plain(type(answer).__name__)}"
            )
        symbols = market.symbols
        if answer.array is not None:
            if answer.array.shape != (len(symbols),) or answer.array.dtype.kind not in "fiu":
                given = f"{answer.array.dtype} {answer.array.shape}"
                raise self._wrong(market, bar, f"weights are an array of {len(symbols)} numbers, not {given}")
            row = answer.array.astype(np.float64)
            bad = np.flatnonzero(~np.isfinite(row))
            if len(bad):
                raise self._wrong(
                    market, bar, f"the weight of {plain(symbols[bad[0]])} is {row[bad[0]]}, not a finite number"
                )
            return row
        row = np.zeros(len(symbols))
        if not isinstance(answer.weights, Mapping):
            raise self._wrong(market, bar, f"weights are numbers by symbol, not {plain(type(answer.weights).__name__)}")
        for symbol, weight in answer.weights.items():
            try:
                column = self._context.column(symbol) if self._context is not None else 0
            except (KeyError, TypeError):
                near = nearest(str(symbol), symbols)
                advice = f"did you mean {plain(near)}?" if near else f"it has {plain(', '.join(symbols))}"
                raise self._wrong(market, bar, f"the run has no symbol {plain(symbol, 60)!r}; {advice}") from None
            if isinstance(weight, bool | np.bool_) or not isinstance(weight, int | float | np.integer | np.floating):
                kind = plain(type(weight).__name__)
                raise self._wrong(market, bar, f"the weight of {plain(symbol)} is a number, not {kind}")
            if not _is_finite(weight):
                raise self._wrong(
                    market, bar, f"the weight of {plain(symbol)} is {plain(weight, 40)}, not a finite number"
                )
            row[column] = weight
        return row

    def _wrong(self, market: Market, bar: int, reason: str) -> TargetError:
        return TargetError(
            f"strategy {self.strategy.name}, {self._place(market, bar)}: {reason}", file=self.strategy.file
        )

    @staticmethod
    def _place(market: Market, bar: int) -> str:
        return f"bar {bar} ({iso(int(market.ts[bar])).removesuffix('T00:00:00Z')})"


def _is_finite(weight: Any) -> bool:
    try:
        return math.isfinite(weight)
    except OverflowError:  # a whole number may be larger than any float
        return False


def _empty_context(market: Market, parameters: Mapping[str, int | float]) -> Context:
    return Context(_empty_tapes(market), market.symbols, market.interval, parameters)


def _empty_tapes(market: Market) -> dict[str, Tape]:
    flags = {f"ends_{period}": np.empty(0, np.bool_) for period in PERIODS}
    return {name: Tape(array) for name, array in ({name: getattr(market, name) for name in SHOWN} | flags).items()}
