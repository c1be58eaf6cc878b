"""A registered feature as an indicator, so that the strategy language reads it like one.

Only features of a single asset: `rank` and `zscore` are the language's way to look across assets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qt_engine.core.errors import InputError
from qt_engine.features.feature import Feature, Use, refuse_label
from qt_engine.features.graph import columns_of, ordered, resolve
from qt_engine.features.indicator import Indicator
from qt_engine.features.registration import features, labels

if TYPE_CHECKING:
    from qt_engine.features._arrays import Floats


def registered(name: str) -> Indicator | None:
    """The feature of this name as an indicator; None where `refusal` says why not."""
    feature = features().get(name)
    if feature is None or refusal(name) is not None:
        return None
    node = resolve(Use(name, (), _some(feature)))
    return Indicator(
        name, (), columns_of(node), feature.parameters, feature.description, feature.source, f"feature:{node.fingerprint}:{name}",
        partial(_warmup, name), kind=feature.kind, version=feature.version, scale=feature.scale, refuse=feature.refuse,
    )  # fmt: skip


def refusal(name: str) -> str | None:
    """Why a strategy cannot call what is registered under a name; None where it can, or where nothing is."""
    if name in labels():
        return refuse_label(name)
    feature = features().get(name)
    if feature is None:
        return None
    try:
        node = resolve(Use(name, (), _some(feature)))
    except InputError as error:  # what it depends on does not exist, or it depends on itself
        return error.reason
    if any(part.across for part in ordered(node)):
        return f"{name} looks across assets, and a strategy reads one asset: use rank(…) or zscore(…) of a series"
    return None


def kernel(name: str) -> Callable[..., None]:
    """A function like the compiled kernels, `kernel(*inputs, *parameters, out)`."""
    one = features()[name]

    def fill(*arguments: Floats) -> None:
        from qt_engine.features.evaluation import evaluate_columns

        split = len(arguments) - 1 - len(one.parameters)
        values = {p.name: float(v) for p, v in zip(one.parameters, arguments[split:-1], strict=True)}
        whole = {p.name: int(values[p.name]) if p.kind == "int" else values[p.name] for p in one.parameters}
        node = resolve(Use(name, (), tuple(sorted(whole.items()))))
        columns = dict(zip(columns_of(node), (column[:, None] for column in arguments[:split]), strict=True))
        arguments[-1][:] = evaluate_columns(node, columns)[:, 0]

    return fill


def _some(feature: Feature) -> tuple[tuple[str, float], ...]:
    """Any allowed parameters, to see the shape of the graph, which does not depend on them."""
    chosen = {p.name: p.low if p.default is None else p.default for p in feature.parameters}
    return tuple(sorted(chosen.items()))


def _warmup(name: str, **parameters: float) -> int:
    return resolve(Use(name, (), tuple(sorted(parameters.items())))).warmup
