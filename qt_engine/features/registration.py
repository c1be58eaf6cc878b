"""`@feature` and `@label`: how a function becomes known by a name, here and in installed packages.

A package offers its own under the entry point group `qt.features`: each entry point names a module (or anything in one),
and importing it registers what stands there. A feature may exist in several versions; the highest is meant unless
`name@version` says otherwise. Nothing here imports numpy, and packages are looked at only when a name is not known yet.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import nearest, plain
from qt_engine.features.arguments import first_line, parameters_of
from qt_engine.features.definition import definition_of
from qt_engine.features.feature import MARKET_COLUMNS, Feature, Label, Use, refuse_label
from qt_engine.features.indicator import Indicator, Kind, Parameter
from qt_engine.features.registry import INDICATORS

GROUP = "qt.features"
SHIPPED = ("qt_engine.features.cross_sections", "qt_engine.features.labels")
NAME = re.compile(r"[a-z][a-z0-9_]*")

F = TypeVar("F", bound=Callable[..., Any])
N = TypeVar("N", Feature, Label)

_FEATURES: dict[str, dict[int, Feature]] = {}
_LABELS: dict[str, dict[int, Label]] = {}
_OWNERS: dict[tuple[str, int], str] = {}
_GUARD = threading.Lock()
_LOADING = threading.RLock()  # another one: whoever holds it imports modules that register
_loaded: list[str] = []
FAILED: dict[str, str] = {}
"""Entry points that could not be imported, and why."""


def feature(
    name: str,
    version: int = 1,
    *,
    depends: Sequence[str | Use] = (),
    inputs: Sequence[str] = (),
    parameters: Sequence[Parameter] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    warmup: int | Callable[..., int] = 0,
    across: bool = False,
    scale: int | None = None,
    kind: Kind = "signal",
    description: str | None = None,
    source: str = "",
    refuse: Callable[..., str | None] | None = None,
) -> Callable[[F], F]:
    """Register a function as a feature; the function itself stays as it is.

    Parameters
    ----------
    name, version
        What it is called; lower-case letters, digits and underscores.
    inputs, depends
        What the function takes, first `inputs` (market columns), then `depends` (columns, indicators, other features, or
        `use(...)` where parameters or series are passed on). What it depends on may be registered later.
    parameters
        Its numbers. Where left out: the function's keyword-only arguments, whole ones from 1 to 100,000 by default.
    bounds
        Lowest and highest value of such a parameter, by name.
    warmup, across, scale, kind, source, refuse
        As in `Feature`.
    description
        One line; the first one of the docstring where left out.

    Raises
    ------
    InputError
        If the name is taken or not allowed, or something does not fit the function.
    """

    module = _caller()

    def register(function: F) -> F:
        needed = (*inputs, *depends)
        if not needed:
            raise InputError(f"feature {name!r} depends on nothing; name market columns or features")
        _check_name(name, version, "feature")
        made = Feature(
            name, version, needed, parameters_of(function, parameters, bounds, len(needed), name),
            description or first_line(function), source, function, warmup, across, scale, kind, refuse, definition_of(function),
        )  # fmt: skip
        _keep(_FEATURES, _LABELS, made, module)
        return function

    return register


def label(
    name: str,
    version: int = 1,
    *,
    inputs: Sequence[str] = ("close",),
    horizon: Callable[..., int],
    outputs: Sequence[str] = ("value",),
    positions: Sequence[str] = (),
    parameters: Sequence[Parameter] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    warmup: int | Callable[..., int] = 0,
    description: str | None = None,
    source: str = "",
    refuse: Callable[..., str | None] | None = None,
) -> Callable[[F], F]:
    """Register a function as a label, which looks ahead and which nothing but research may read; as `feature`."""
    module = _caller()

    def register(function: F) -> F:
        _check_name(name, version, "label")
        unknown = [column for column in inputs if column not in MARKET_COLUMNS]
        if unknown or not inputs:
            raise InputError(f"label {name!r} reads market columns ({', '.join(MARKET_COLUMNS)}), not {unknown}")
        if tuple(outputs)[:1] != ("value",) or not {*positions} <= {*outputs}:
            raise InputError(f"label {name!r}: the first output is 'value', and positions are outputs")
        made = Label(
            name, version, tuple(inputs), parameters_of(function, parameters, bounds, len(inputs), name), tuple(outputs),
            description or first_line(function), source, function, warmup, horizon, tuple(positions), refuse,
            definition_of(function),
        )  # fmt: skip
        _keep(_LABELS, _FEATURES, made, module)
        return function

    return register


def features() -> dict[str, Feature]:
    """Every registered feature in its highest version, by name, sorted."""
    load()
    return {name: _FEATURES[name][max(_FEATURES[name])] for name in sorted(_FEATURES)}


def labels() -> dict[str, Label]:
    """Every label in its highest version, by name, sorted."""
    load()
    return {name: _LABELS[name][max(_LABELS[name])] for name in sorted(_LABELS)}


def find(name: str) -> Feature | Indicator:
    """The indicator or feature of this name, `name@version` for a certain version.

    Raises
    ------
    InputError
        If it is a label.
    NotFoundError
        If there is none; the reason names the nearest.
    """
    if name in INDICATORS:
        return INDICATORS[name]
    load()
    base, version = _split(name)
    if base in _FEATURES:
        return _version(_FEATURES[base], base, version)
    if base in _LABELS:
        raise InputError(refuse_label(base))
    if base in INDICATORS:
        if version not in (None, INDICATORS[base].version):
            raise NotFoundError(f"{base} has version {INDICATORS[base].version}, not {version}")
        return INDICATORS[base]
    raise _not_found("feature", base, [*INDICATORS, *_FEATURES])


def find_label(name: str) -> Label:
    """The label of this name; raises as `find`."""
    load()
    base, version = _split(name)
    if base in _LABELS:
        return _version(_LABELS[base], base, version)
    if base in INDICATORS or base in _FEATURES:
        raise InputError(f"{base} is a feature, not a label")
    raise _not_found("label", base, [*_LABELS])


def forget(name: str) -> None:
    """Take a feature or label out of the registry, in every version; for notebooks and tests."""
    with _GUARD:
        for version in {**_FEATURES.pop(name, {}), **_LABELS.pop(name, {})}:
            del _OWNERS[name, version]


def load() -> None:
    """Import what ships and what installed packages offer; once."""
    with _LOADING:
        if _loaded:
            return
        _loaded.append(GROUP)
        for module in SHIPPED:
            import_module(module)
        from importlib.metadata import entry_points

        for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
            try:
                point.load()
            except Exception as error:  # noqa: BLE001 - someone else's code; what works must go on working
                FAILED[point.name] = plain(f"{type(error).__name__}: {error}")


def _keep(mine: dict[str, dict[int, N]], others: Mapping[str, object], made: N, module: str) -> None:
    with _GUARD:
        if made.name in others:
            raise InputError(f"{made.name!r} is already the name of a {'label' if others is _LABELS else 'feature'}")
        owner = _OWNERS.get((made.name, made.version), module)
        if owner != module:  # the same module may say it again: a notebook's cell, a reload
            raise InputError(
                f"{made.name!r} version {made.version} is registered already by {owner}; choose another name or version"
            )
        _OWNERS[made.name, made.version] = module
        mine.setdefault(made.name, {})[made.version] = made


def _caller() -> str:
    """The module that registers: a function does not always tell where it is from."""
    frame = inspect.currentframe()
    outside = frame.f_back.f_back if frame is not None and frame.f_back is not None else None
    return str(outside.f_globals.get("__name__", "")) if outside is not None else ""


def _check_name(name: str, version: int, what: str) -> None:
    if not NAME.fullmatch(name):
        raise InputError(f"{what} {plain(name)!r}: a name is made of lower-case letters, digits and underscores")
    if name in MARKET_COLUMNS or name in INDICATORS:
        taken = "a market column" if name in MARKET_COLUMNS else "an indicator"
        raise InputError(f"{what} {name!r}: this is the name of {taken} already")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"{what} {name!r}: the version is a whole number from 1 up, not {version!r}")


def _split(name: str) -> tuple[str, int | None]:
    base, at, version = name.partition("@")
    if not at:
        return base, None
    if not version.isdecimal():
        raise InputError(f"{plain(name)!r}: after @ stands a version, such as {plain(base)}@1")
    return base, int(version)


def _version(versions: Mapping[int, N], name: str, version: int | None) -> N:
    chosen = max(versions) if version is None else version
    if chosen not in versions:
        raise NotFoundError(f"{name} has version {', '.join(map(str, sorted(versions)))}, not {version}")
    return versions[chosen]


def _not_found(what: str, name: str, known: Sequence[str]) -> NotFoundError:
    guess = nearest(name, known)
    advice = f"; did you mean {guess!r}?" if guess else "; see qt features list"
    broken = "".join(f" ({point} could not be imported: {reason})" for point, reason in sorted(FAILED.items()))
    return NotFoundError(f"there is no {what} {plain(name)!r}{advice}{broken}")
