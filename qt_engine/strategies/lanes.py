"""Many variants of a strategy at once: which columns and values each of them reads.

A *lane* is one choice of parameters; a single run has one lane. An indicator is computed once for every choice of the
parameters that it depends on, however many lanes share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.features.compute import settings_for
from qt_engine.strategies.assembler import Code
from qt_engine.strategies.constants import evaluate_columns, evaluate_constant
from qt_engine.strategies.graph import Indicator, parameters_of
from qt_engine.strategies.nodes import Expression, names

Choice: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Lanes:
    """`columns` holds an array `(lanes,)` for every parameter."""

    columns: Mapping[str, NDArray[Any]]
    count: int

    @classmethod
    def single(cls, parameters: Mapping[str, float]) -> Lanes:
        """One lane."""
        return cls({name: np.array([value]) for name, value in parameters.items()}, 1)

    def __len__(self) -> int:
        return self.count

    def distinct(self, wanted: frozenset[str]) -> tuple[list[Choice], NDArray[np.int64]]:
        """Every choice of the wanted parameters that occurs, and which of them each lane has."""
        keys = sorted(wanted & self.columns.keys())
        choices: list[Choice]
        if not keys or self.count == 1:
            return [{key: self.columns[key][0].item() for key in keys}], np.zeros(self.count, np.int64)
        if len(keys) == 1:
            values, inverse = np.unique(self.columns[keys[0]], return_inverse=True)
            choices = [{keys[0]: value} for value in values.tolist()]
            return choices, inverse.astype(np.int64)
        table = np.stack([self.columns[key].astype(np.float64) for key in keys], axis=1)
        _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
        choices = [{key: self.columns[key][lane].item() for key in keys} for lane in first]
        return choices, inverse.reshape(-1).astype(np.int64)

    def number(self, expression: Expression) -> NDArray[np.float64]:
        """An expression over parameters in every lane: float64 `(lanes,)`."""
        if not names(expression):
            return np.full(self.count, evaluate_columns(expression, {}))
        return np.broadcast_to(np.asarray(evaluate_columns(expression, self.columns), np.float64), (self.count,)).copy()


@dataclass(frozen=True)
class Group:
    """Choices of an indicator that share its input series.

    Attributes
    ----------
    positions
        Which of the choices they are.
    choice
        The first of them.
    settings
        What `compute_rows` is given for each.
    """

    positions: list[int]
    choice: Choice
    settings: list[tuple[float, ...]]


def groups_of(column: Indicator, choices: Sequence[Choice]) -> list[Group]:
    """The choices of an indicator, grouped.

    Raises
    ------
    InputError
        If the indicator does not take one of them, with the line and column of its call.
    """
    read: frozenset[str] = frozenset().union(*(parameters_of(source) for source in column.inputs))
    grouped: dict[tuple[float, ...], list[int]] = {}
    for position, choice in enumerate(choices):
        grouped.setdefault(tuple(choice[name] for name in sorted(read & choice.keys())), []).append(position)
    groups = []
    for _, positions in sorted(grouped.items()):
        numbers = [
            {name: evaluate_constant(number, choices[position]) for name, number in column.parameters}
            for position in positions
        ]
        try:
            settings = settings_for(column.name, numbers)
        except InputError as error:
            raise InputError(error.reason, line=column.line or None, column=column.column or None) from None
        groups.append(Group(positions, choices[positions[0]], settings))
    return groups


@dataclass(frozen=True)
class Layout:
    """Where the columns and values of some code stand, for some lanes, on any market.

    Attributes
    ----------
    choices
        For each column slot of the code: the choices of parameters it is computed for.
    slots
        int64 `(lanes, column slots)`: row of each column in the asset's columns.
    values
        float64 `(lanes, value slots)`.
    """

    code: Code
    choices: tuple[Sequence[Choice], ...]
    slots: NDArray[np.int64]
    values: NDArray[np.float64]

    @cached_property
    def groups(self) -> tuple[Sequence[Group], ...]:
        """For each column slot that is an indicator what `groups_of` gives; they are the same on every market."""
        return tuple(
            groups_of(column, choices) if isinstance(column, Indicator) else ()
            for column, choices in zip(self.code.columns, self.choices, strict=True)
        )

    @cached_property
    def rows(self) -> int:
        """How many columns an asset has."""
        return sum(len(choices) for choices in self.choices)


def layout_of(code: Code, lanes: Lanes) -> Layout:
    """Lay out the columns and values that the code reads in these lanes."""
    choices: list[Sequence[Choice]] = []
    slots = np.zeros((len(lanes), len(code.columns)), np.int64)
    row = 0
    for slot, column in enumerate(code.columns):
        wanted, inverse = lanes.distinct(parameters_of(column))
        choices.append(wanted)
        slots[:, slot] = inverse + row
        row += len(wanted)
    values = np.zeros((len(lanes), len(code.values)))
    for slot, expression in enumerate(code.values):
        values[:, slot] = lanes.number(expression)
    return Layout(code, tuple(choices), slots, values)
