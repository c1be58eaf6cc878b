"""From the name of a feature to the graph of everything it reads, each computed once and after what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.hashing import hash_config
from qt_engine.core.text import nearest, plain
from qt_engine.features.binding import Binding, Column, bind
from qt_engine.features.feature import MARKET_COLUMNS, Feature, Use
from qt_engine.features.indicator import Indicator
from qt_engine.features.registration import features, find
from qt_engine.features.registry import INDICATORS

DEEPEST = 100
"""How many features may read one another in a row."""

Input: TypeAlias = "Node | str"


@dataclass(frozen=True, eq=False)
class Node:
    """One feature of certain inputs with certain parameters.

    Attributes
    ----------
    inputs
        Nodes, or names of market columns.
    fingerprint
        SHA-256 over name, version, definition, parameters and those of the inputs: equal where the values are.
    """

    definition: Feature | Indicator
    inputs: tuple[Input, ...]
    parameters: Mapping[str, float]
    fingerprint: str = field(repr=False)

    @property
    def across(self) -> bool:
        """Whether it looks across assets itself."""
        return isinstance(self.definition, Feature) and self.definition.across

    @property
    def warmup(self) -> int:
        """Leading values without number, where the market has none missing."""
        made: dict[str, int] = {}
        for node in ordered(self):
            before = max((made[i.fingerprint] for i in node.inputs if isinstance(i, Node)), default=0)
            definition = node.definition
            own = (
                definition.own_warmup(node.parameters)
                if isinstance(definition, Feature)
                else definition.warmup(**node.parameters)
            )
            made[node.fingerprint] = before + own
        return made[self.fingerprint]


def resolve(wanted: str | Use, parameters: Mapping[str, float | str | Use] | None = None) -> Node:
    """The graph of a feature.

    Parameters
    ----------
    wanted
        Its name, or a `Use`.
    parameters
        Numbers by name, and for an indicator also what its series are: names of columns or features.

    Raises
    ------
    InputError
        If something does not exist, does not take these parameters, is a label, or depends on itself.
    """
    given = wanted if isinstance(wanted, Use) else Use(wanted)
    if parameters:
        given = Use(given.name, given.series, tuple(sorted({**dict(given.arguments), **parameters}.items())))
    made = _Resolver().input(given, {}, ())
    if isinstance(made, str):
        raise InputError(f"{made} is a market column, not a feature; see qt data bars")
    return made


def ordered(*targets: Node) -> list[Node]:
    """The nodes that the targets need and they themselves, each once and after its inputs."""
    seen: set[str] = set()
    order: list[Node] = []

    def visit(node: Node) -> None:
        if node.fingerprint not in seen:
            seen.add(node.fingerprint)
            for given in node.inputs:
                if isinstance(given, Node):
                    visit(given)
            order.append(node)

    for target in targets:
        visit(target)
    return order


def columns_of(node: Node) -> tuple[str, ...]:
    """The market columns that a graph reads, in the market's order."""
    read = {given for part in ordered(node) for given in part.inputs if isinstance(given, str)}
    return tuple(column for column in MARKET_COLUMNS if column in read)


class _Resolver:
    """Makes each node once."""

    def __init__(self) -> None:
        self._made: dict[str, Node] = {}
        self._met: dict[object, Input] = {}

    def input(self, given: str | Use, outer: Mapping[str, float], path: tuple[str, ...]) -> Input:
        key = (given, tuple(outer.items()))
        if key not in self._met:
            self._met[key] = self._read(given if isinstance(given, Use) else Use(given), outer, path)
        return self._met[key]

    def _read(self, wanted: Use, outer: Mapping[str, float], path: tuple[str, ...]) -> Input:
        if wanted.name in MARKET_COLUMNS:
            if wanted.series or wanted.arguments:
                raise InputError(f"{wanted.name} is a market column and takes no arguments")
            return wanted.name
        definition = _find(wanted.name, path)
        if definition.name in path:
            circle = " → ".join((*path[path.index(definition.name) :], definition.name))
            raise InputError(f"feature {definition.name} depends on itself: {circle}")
        if len(path) >= DEEPEST:
            raise InputError(f"{path[0]}: more than {DEEPEST} features read one another in a row")
        if isinstance(definition, Indicator):
            return self._indicator(definition, wanted, outer, path)
        return self._feature(definition, wanted, outer, path)

    def _feature(self, one: Feature, wanted: Use, outer: Mapping[str, float], path: tuple[str, ...]) -> Node:
        if wanted.series:
            raise InputError(f"{one.name} takes no series: its inputs are {', '.join(one.inputs)}")
        parameters = one.complete({name: _number(one, name, value, outer) for name, value in wanted.arguments})
        inputs = tuple(self.input(given, parameters, (*path, one.name)) for given in one.depends)
        return self._node(one, inputs, parameters, f"{one.definition} {'across' if one.across else 'alone'}")

    def _indicator(self, one: Indicator, wanted: Use, outer: Mapping[str, float], path: tuple[str, ...]) -> Node:
        inside = (*path, one.name)
        series: list[Input | float] = [self.input(given, outer, inside) for given in wanted.series]
        arguments: dict[str, Input | float] = {}
        for name, value in wanted.arguments:
            if name in one.inputs and isinstance(value, (str, Use)):
                arguments[name] = self.input(value, outer, inside)
            else:
                arguments[name] = _number(one, name, value, outer)
        if len(one.series) == 1 and not series and one.series[0] not in arguments:
            series = ["close"]
        open_series = [name for name in one.series[len(series) :] if name not in arguments]
        if open_series:
            raise InputError(f"{one.name} reads {', '.join(one.series)}: name each, such as {open_series[0]}=close")
        bound: Binding[Input] = bind(one, series, arguments)
        inputs = tuple(given.name if isinstance(given, Column) else given for given in bound.inputs)
        return self._node(one, inputs, bound.parameters, _kernels(one.kernel))

    def _node(
        self, one: Feature | Indicator, inputs: tuple[Input, ...], parameters: Mapping[str, float], definition: str
    ) -> Node:
        read = [given.fingerprint if isinstance(given, Node) else given for given in inputs]
        named = {name: repr(value) for name, value in parameters.items()}
        fingerprint = hash_config([one.name, one.version, definition, named, read])
        return self._made.setdefault(fingerprint, Node(one, inputs, parameters, fingerprint))


def _find(name: str, path: tuple[str, ...]) -> Feature | Indicator:
    try:
        return find(name)
    except NotFoundError as error:
        guess = nearest(name, [*MARKET_COLUMNS, *INDICATORS, *features()])
        if not path:
            raise
        meant = f"; did you mean {guess!r}?" if guess else ""
        raise NotFoundError(f"feature {path[-1]} depends on {plain(name)!r}, which does not exist{meant}") from error
    except InputError as error:
        raise InputError(f"feature {path[-1]} depends on a label: {error.reason}" if path else error.reason) from None


def _number(one: Feature | Indicator, name: str, value: float | str | Use, outer: Mapping[str, float]) -> float:
    """A parameter: a number, a number as text, or the name of a parameter of the feature around."""
    if isinstance(value, Use) or all(parameter.name != name for parameter in one.parameters):
        raise InputError(f"{one.name} has no parameter {plain(name)!r}{one.meant(name)}; it is {one.signature}")
    if not isinstance(value, str):
        return value
    if value in outer:
        return outer[value]
    try:
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        raise InputError(f"{one.name}: {name} must be a number, not {plain(value)!r}") from None


@cache
def _kernels(place: str) -> str:
    """What stands behind an indicator: every compiled kernel, or TA-Lib."""
    if place.startswith("talib:"):
        from importlib.metadata import version

        return f"{place} {version('TA-Lib')}"
    from qt_engine.core.kernel_sources import kernel_sources

    return f"{place} {kernel_sources()}"
