"""`FeatureService`: which features there are and their values on stored bars (`ws.features`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.features.feature import Label, refuse_label
from qt_engine.features.listing import FeatureInfo, listed
from qt_engine.features.registration import find_label, labels

if TYPE_CHECKING:
    from qt_engine.data.market import Market, Times
    from qt_engine.data.periods import Moment
    from qt_engine.data.service import DataService
    from qt_engine.features._arrays import Floats
    from qt_engine.features.store import FeatureStore


@dataclass(frozen=True)
class FeatureValues:
    """A feature or label of one symbol.

    Attributes
    ----------
    universe
        The symbols it was computed among; only its own unless it looks across assets.
    parameters
        Its numbers, defaults filled in; and for an indicator what its series were, where they were chosen.
    ts
        int64 `(T,)`, UTC nanoseconds of each bar's open.
    values
        float64 `(T,)`, read-only; NaN: none (yet).
    others
        Further outputs of a label by name: float64 `(T,)`.
    times
        Names of those that are numbers of bars.
    """

    feature: str
    version: int
    symbol: str
    interval: str
    universe: tuple[str, ...]
    parameters: dict[str, float | str]
    ts: Times
    values: Floats
    others: dict[str, Floats]
    times: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ts)

    def rows(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The last `limit` bars as `{time, value}`, with the further outputs of a label; NaN stays NaN."""
        first = 0 if limit is None else max(len(self) - limit, 0)
        found = []
        for bar in range(first, len(self)):
            row: dict[str, Any] = {"time": iso(int(self.ts[bar])), "value": float(self.values[bar])}
            for name, column in self.others.items():
                value = float(column[bar])
                named = name in self.times and value == value
                row[name] = iso(int(self.ts[int(value)])) if named else value
            found.append(row)
        return found

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """The document: what it is, its last `limit` rows, and how many rows there are."""
        among = {"universe": list(self.universe)} if len(self.universe) > 1 else {}
        return {
            "feature": self.feature,
            "version": self.version,
            "symbol": self.symbol,
            "interval": self.interval,
            **among,
            "parameters": dict(self.parameters),
            "rows": self.rows(limit),
            "total": len(self),
        }


class FeatureService:
    """Indicators, signals and labels of a workspace. May be shared by threads.

    Parameters
    ----------
    folder
        Of the workspace; values are kept in its `features/`, which may be deleted at any time.
    data
        Where bars come from.
    megabytes, minutes
        How much is kept, in memory and on disk, and for how long.
    """

    def __init__(self, folder: Path, data: DataService, megabytes: float = 256, minutes: float = 10.0) -> None:
        if not (0 <= megabytes < 1e9 and 0 <= minutes < 1e9):
            raise InputError("feature_cache_mb and feature_cache_minutes must be from 0 to 1e9")
        self.folder = Path(folder) / "features"
        self._data = data
        self._capacity = int(megabytes * 2**20)
        self._live_ns = int(minutes * 60e9)

    @cached_property
    def store(self) -> FeatureStore:
        """Values that were computed a moment ago."""
        from qt_engine.features.store import FeatureStore

        return FeatureStore(self.folder, self._capacity, self._live_ns)

    def list(self, kind: str | None = None, search: str = "") -> list[FeatureInfo]:
        """Every indicator and signal, then every label; see `qt_engine.features.listing.listed`."""
        return listed(kind, search)

    def compute(
        self,
        name: str,
        symbol: str,
        interval: str | None = None,
        *,
        start: Moment = None,
        end: Moment = None,
        params: Mapping[str, float | str] | None = None,
        universe: Sequence[str] | None = None,
    ) -> FeatureValues:
        """The values of an indicator, signal or other feature: what a strategy over the same dates would see.

        Parameters
        ----------
        name
            Of the feature; `name@2` is its version 2.
        symbol, interval, start, end
            As in `ws.data.load`. The warm-up begins at `start`.
        params
            Numbers by name. For an indicator also what its series are: `{"x": "open"}`, or the name of a feature. A
            single series is the close where nothing else is said.
        universe
            The assets that a feature which looks across assets is computed among; all that are stored at this interval
            where None.

        Raises
        ------
        InputError
            If the feature, the symbol or a parameter is wrong, or the feature is a label.
        QtError
            If the feature's own code fails.
        """
        from qt_engine.features.evaluation import evaluate
        from qt_engine.features.graph import ordered, resolve

        if name.partition("@")[0] in labels():
            raise InputError(f"{refuse_label(name)}; ws.features.label computes it, and --label on the command line")
        node = resolve(name, params)
        across = any(part.across for part in ordered(node))
        if universe is not None and not across:
            raise InputError(f"{node.definition.name} reads one asset; leave the universe out")
        market = self._market(symbol, interval, start, end, universe, across)
        column = market.symbols.index(symbol)
        values = evaluate(node, market, self.store)[:, column]
        own = ~_missing(market, column)
        chosen = {key: value for key, value in sorted((params or {}).items()) if key not in node.parameters}
        return FeatureValues(
            node.definition.name, node.definition.version, symbol, market.interval, market.symbols,
            {**node.parameters, **chosen}, market.ts[own], values[own], {},
        )  # fmt: skip

    def label(
        self,
        name: str,
        symbol: str,
        interval: str | None = None,
        *,
        start: Moment = None,
        end: Moment = None,
        params: Mapping[str, float | str] | None = None,
    ) -> FeatureValues:
        """What happened after each bar. It looks ahead: for the training and judging of forecasts only; as `compute`."""
        from qt_engine.features.labelling import compute_label

        one = find_label(name)
        parameters = one.complete(_numbers(one, params or {}))
        market = self._data.load(symbol, interval, start, end)
        made = {output: table[:, 0] for output, table in compute_label(name, market, parameters).items()}
        values = made.pop("value")
        return FeatureValues(
            one.name, one.version, symbol, market.interval, market.symbols, {**parameters}, market.ts, values, made,
            one.positions,
        )  # fmt: skip

    def _market(
        self,
        symbol: str,
        interval: str | None,
        start: Moment,
        end: Moment,
        universe: Sequence[str] | None,
        across: bool,
    ) -> Market:
        if not across:
            return self._data.load(symbol, interval, start, end)
        if universe is None:
            chosen = interval or self._data.load(symbol, None, start, end).interval
            stored = [one for one in self._data.series() if one.interval == chosen]
            from qt_engine.data.periods import span_ns

            low, high = span_ns(start, end)
            universe = [one.symbol for one in stored if one.end_ts >= low and one.start_ts <= high]
            interval = chosen
        repeated = sorted({one for one in universe if list(universe).count(one) > 1})
        if repeated:
            raise InputError(f"universe: {plain(repeated[0])} is named twice")
        return self._data.load([*universe] if symbol in universe else [*universe, symbol], interval, start, end)


def _missing(market: Market, column: int) -> Any:
    import numpy as np

    return np.isnan(market.close[:, column])


def _numbers(one: Label, given: Mapping[str, float | str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in given.items():
        try:
            numbers[name] = float(value) if isinstance(value, str) else value
        except ValueError:
            raise InputError(f"{one.name}: {plain(name)} must be a number, not {plain(value)!r}") from None
    return numbers
