"""The values of a feature on a market, looked up in a store where there is one.

Every node is a `(T, A)` table. A feature of one asset is computed over the bars at which all its inputs are present, as
indicators are, and is NaN at the others, so that a gap poisons nothing. One that looks across assets is given the whole
tables and has to do this itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qt_engine.core.errors import QtError
from qt_engine.core.hashing import hash_config
from qt_engine.core.text import plain
from qt_engine.features._arrays import Floats
from qt_engine.features.compute import compute
from qt_engine.features.feature import MARKET_COLUMNS, Feature
from qt_engine.features.graph import Node, ordered

if TYPE_CHECKING:
    from qt_engine.data.market import Market


_PROVED: set[str] = set()
"""Fingerprints of features that were seen not to look ahead, in this process."""


class Store(Protocol):
    """Where values may be kept; `qt_engine.features.store.FeatureStore` is one."""

    def get(self, key: str) -> Floats | None:
        """The values kept under a key, or None."""

    def put(self, key: str, values: Floats) -> None:
        """Keep values."""


def evaluate(node: Node, market: Market, store: Store | None = None) -> Floats:
    """The values of a feature.

    Returns
    -------
    ndarray of shape (T, A)
        float64, read-only: it may be shared with the store. The values of a bar depend on it and earlier bars only.

    Raises
    ------
    QtError
        If the function of a feature fails or returns something else than it must.
    """
    columns = {name: getattr(market, name) for name in MARKET_COLUMNS}
    return evaluate_columns(node, columns, store, market.hash if store is not None else "")


def evaluate_columns(
    node: Node, columns: Mapping[str, Floats], store: Store | None = None, data_hash: str = ""
) -> Floats:
    """`evaluate` on columns `(T, A)` by name, which `data_hash` names in the store."""
    known: dict[str, Floats] = {}
    for part in _missing(node, known, store, data_hash):
        inputs = [known[given.fingerprint] if isinstance(given, Node) else columns[given] for given in part.inputs]
        values = _table(part, inputs)
        values.flags.writeable = False
        known[part.fingerprint] = values
        if store is not None:
            store.put(_key(part, data_hash), values)
    return known[node.fingerprint]


def _missing(target: Node, known: dict[str, Floats], store: Store | None, data_hash: str) -> list[Node]:
    """The nodes that have to be computed, in order; what the store has is put into `known`."""
    if store is None:
        return ordered(target)
    wanted = {target.fingerprint}
    needed = []
    for part in reversed(ordered(target)):
        if part.fingerprint in wanted:
            values = store.get(_key(part, data_hash))
            if values is not None:
                known[part.fingerprint] = values
            else:
                needed.append(part)
                wanted |= {given.fingerprint for given in part.inputs if isinstance(given, Node)}
    return needed[::-1]


def _key(node: Node, data_hash: str) -> str:
    return hash_config([node.fingerprint, data_hash])


def _table(node: Node, inputs: Sequence[Floats]) -> Floats:
    if isinstance(node.definition, Feature) and node.definition.across:
        return _proved(node, node.definition, inputs)
    made: Floats = np.empty(inputs[0].shape)
    for asset in range(made.shape[1]):
        made[:, asset] = _series(node, [table[:, asset] for table in inputs])
    return made


def _series(node: Node, inputs: Sequence[Floats]) -> Floats:
    """One asset."""
    if not isinstance(node.definition, Feature):
        return compute(node.definition.name, inputs, node.parameters)
    present = np.flatnonzero(~np.logical_or.reduce([np.isnan(column) for column in inputs]))
    made: Floats = np.full(len(inputs[0]), np.nan)
    if len(present):
        made[present] = _proved(node, node.definition, [column[present] for column in inputs])
    return made


def _proved(node: Node, one: Feature, inputs: Sequence[Floats]) -> Floats:
    """What the function returns; the first time in this process also a look whether it knows the future.

    The future is cut off twice. Rounding may differ, because numpy adds in another order when there is less to add; the
    contract, which a feature's author runs, is stricter and looks at many more bars.
    """
    values = _call(node, one, inputs)
    if node.fingerprint in _PROVED or len(values) < 2:
        return values
    for bars in sorted({len(values) // 2, len(values) - 1}):
        part = _call(node, one, [column[:bars] for column in inputs])
        same = np.isclose(part, values[:bars], rtol=1e-6, atol=1e-9, equal_nan=True)
        if not same.all():
            bar = np.argwhere(~same)[0]
            raise QtError(
                f"feature {one.name} looks ahead: bar {bar[0]} is {part[tuple(bar)]:.6g} while {bars} bars are known, and "
                f"{values[tuple(bar)]:.6g} when {len(values)} are; register it as a label if it is meant to"
            )
    _PROVED.add(node.fingerprint)
    return values


def _call(node: Node, one: Feature, inputs: Sequence[Floats]) -> Floats:
    given = [np.ascontiguousarray(table).view() for table in inputs]
    for table in given:
        table.flags.writeable = False
    try:
        answer = one.function(*given, **node.parameters)
    except QtError:
        raise
    except Exception as error:  # the function is someone else's, and may raise anything
        raise QtError(f"feature {one.name} failed: {plain(f'{type(error).__name__}: {error}')}") from error
    try:
        values = np.array(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise QtError(f"feature {one.name} returned {type(answer).__name__}, not an array of numbers") from None
    if values.shape != given[0].shape:
        raise QtError(f"feature {one.name} returned values of shape {values.shape}, not {given[0].shape}")
    return values
