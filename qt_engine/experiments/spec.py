"""`RunSpec`: what the user asked for, complete enough to be run again in a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_config
from qt_engine.core.intervals import interval_ns
from qt_engine.core.text import plain
from qt_engine.data.periods import end_ns, span_ns, start_ns

if TYPE_CHECKING:
    from qt_engine.data.market import Market
    from qt_engine.risk.limits import RiskLimits
    from qt_engine.simulation.execution import Execution
    from qt_engine.strategies.document import StrategyDocument

Number = int | float
ADDED = {"model", "limits"}
"""Fields that are left out where they are empty."""


@dataclass(frozen=True)
class RunSpec:
    """One run as it was asked for.

    Attributes
    ----------
    strategy
        Name of the strategy.
    document
        The strategy in its canonical form (see `StrategyDocument.canonical`), as JSON-serialisable data.
    source
        The strategy's text as the user wrote it, from which it is read again; not part of the hash.
    symbols, interval
        What to run on.
    start, end
        ISO 8601 dates or times, both inclusive; None: as far as the data goes.
    parameters
        Every parameter of the strategy by name.
    cash, fee_bps, slippage_bps, tick, seed
        See `SimInput` and `Execution`.
    model
        The rest of the execution model: fields of `Execution` that differ from their defaults, as JSON-serialisable data.
    limits
        Limits of the run: the fields of `RiskLimits` that are set.
    """

    strategy: str
    document: Mapping[str, Any]
    source: str
    symbols: tuple[str, ...]
    interval: str
    start: str | None = None
    end: str | None = None
    parameters: Mapping[str, Number] = field(default_factory=dict)
    cash: float = 100_000.0
    fee_bps: float = 5.0
    slippage_bps: float = 2.0
    tick: float = 1e-8
    seed: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def execution(self) -> Execution:
        """The execution model, composed."""
        from qt_engine.simulation.execution import Execution

        three = {"fee_bps": self.fee_bps, "slippage_bps": self.slippage_bps, "tick": self.tick}
        return Execution.model_validate({"name": "default", **self.model, **three})

    @cached_property
    def risk(self) -> RiskLimits:
        """The limits of the run."""
        from qt_engine.risk.limits import RiskLimits

        return RiskLimits(**self.limits)

    @cached_property
    def hash(self) -> str:
        """Names what was asked for; no path, no time, and neither comments nor white space of the strategy."""
        asked = self.as_json()
        del asked["source"]
        return hash_config(asked)

    @property
    def is_program(self) -> bool:
        """Whether the strategy is in Python."""
        return self.document.get("kind") == "python"

    @cached_property
    def parameter_hash(self) -> str:
        """Names the parameters alone."""
        return hash_config(dict(self.parameters))

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable, and read back by `from_json` to an equal spec."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        # Specs from before these fields existed keep their hashes.
        given |= {name: dict(given[name]) for name in ADDED}
        return {
            **{name: value for name, value in given.items() if value or name not in ADDED},
            "document": dict(self.document),
            "symbols": list(self.symbols),
            "parameters": dict(self.parameters),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> RunSpec:
        """The reverse of `as_json`.

        Raises
        ------
        InputError
            If a field is missing or unknown.
        """
        names = {item.name for item in fields(cls)}
        if wrong_names := (names ^ set(stored)) - (ADDED - set(stored)):
            wrong = ", ".join(sorted(wrong_names))
            raise InputError(f"a stored spec does not have the fields of this version: {plain(wrong)}")
        return cls(**{**stored, "symbols": tuple(stored["symbols"])})


@dataclass(frozen=True)
class DataSlice:
    """The rows that a run used: enough to load exactly them again, and the hash that proves it.

    Attributes
    ----------
    sources
        (symbol, snapshot hash) of each series.
    start_ts, end_ts
        Open times of the first and the last bar, UTC nanoseconds.
    """

    sources: tuple[tuple[str, str], ...]
    interval: str
    start_ts: int
    end_ts: int
    bars: int
    hash: str

    @classmethod
    def of(cls, market: Market) -> DataSlice:
        """The rows of a market."""
        return cls(market.sources, market.interval, int(market.ts[0]), int(market.ts[-1]), len(market), market.hash)

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable, and read back by `from_json`."""
        return {**vars(self), "sources": [list(source) for source in self.sources]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DataSlice:
        """The reverse of `as_json`."""
        return cls(**{**stored, "sources": tuple((symbol, snapshot) for symbol, snapshot in stored["sources"])})


def make_spec(
    document: StrategyDocument,
    source: str,
    parameters: Mapping[str, Number],
    *,
    symbols: Sequence[str] | None = None,
    interval: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    **execution: Any,
) -> RunSpec:
    """A spec from a strategy and what the user laid over it.

    Parameters
    ----------
    document, source
        The strategy, read and as text.
    parameters
        All of its parameters, checked.
    symbols, interval
        In place of the strategy's universe and interval.
    execution
        `cash`, `fee_bps`, `slippage_bps`, `tick`, `seed`, `model`, `limits`.

    Raises
    ------
    InputError
        If there are no symbols, a symbol is named twice, or a date is no date.
    """
    chosen = tuple(document.universe if symbols is None else symbols)
    if isinstance(symbols, str):
        chosen = tuple(symbols.split(","))
    if not all(isinstance(symbol, str) for symbol in chosen):
        raise InputError("symbols are texts, such as ['AAPL', 'IBM']")
    if not chosen or not all(chosen):
        raise InputError(
            f"strategy {plain(document.name)} names no universe; say which symbols to run it on (--symbols A,B)"
        )
    twice = sorted({symbol for symbol in chosen if chosen.count(symbol) > 1})
    if twice:
        raise InputError(f"symbol {plain(twice[0])} is named twice")
    interval = document.interval if interval is None else interval
    interval_ns(interval)
    first, last = _moment(start, "start"), _moment(end, "end")
    span_ns(first, last)
    return RunSpec(
        document.name,
        document.canonical(),
        source,
        chosen,
        interval,
        first,
        last,
        dict(parameters),
        **_numbers(execution),
    )


def _moment(value: str | date | None, name: Literal["start", "end"]) -> str | None:
    """A date as `YYYY-MM-DD`, a time as ISO 8601 in UTC: equal texts for equal moments."""
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, date) else str(value).strip()
    ns = start_ns(text) if name == "start" else end_ns(text)
    return iso(ns)[:10] if len(text) <= len("2010-01-31") else iso(ns)


def _numbers(execution: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"seed": int, "model": dict, "limits": dict}
    return {name: kinds.get(name, float)(value) for name, value in execution.items()}
