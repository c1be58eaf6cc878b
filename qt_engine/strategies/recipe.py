"""`Recipe`: all that can be worked out of a document before its parameters and its market are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.strategies.assembler import Assembler, Code
from qt_engine.strategies.document import AtrLevel, FractionLevel, RulesDocument
from qt_engine.strategies.graph import Node, Operation, State, Value, reads_state
from qt_engine.strategies.instructions import (
    ENTRY,
    EXIT_LONG,
    EXIT_SHORT,
    OPERATIONS,
    PUSH_COLUMN,
    PUSH_HELD,
    PUSH_POSITION,
    PUSH_VALUE,
)  # fmt: skip
from qt_engine.strategies.lowering import Lowering
from qt_engine.strategies.nodes import Binary, Call, Expression, Name, Number
from qt_engine.strategies.plan import LONG, SHORT, STOP, TARGET, TRAIL, Protect

PERIODS = "@periods_per_year"
"""A value that comes from the market, named so that no parameter can have its name."""


@dataclass(frozen=True)
class Recipe:
    """A document, assembled.

    Attributes
    ----------
    document
        What it was made of.
    code
        Entries, exits and extras of an asset.
    extras
        How many series the kernel reads beside the flags.
    kinds
        int64 `(2, 3)` as `Plan.protect_kind`.
    levels
        Fraction of each protective setting by column, where it is one; else the extra that holds its distance.
    programs
        Exit programs for long and short, with columns that are extras and values that are value slots of `code`.
    volatility
        The extra that holds the annualised volatility, if sizing needs it.
    prices
        The extras that hold the rows of `Plan.order_prices`, None for a row that is not used.
    """

    document: RulesDocument
    code: Code
    extras: int
    kinds: NDArray[np.int64]
    levels: Mapping[int, Expression | int]
    programs: tuple[NDArray[np.int64], NDArray[np.int64]]
    volatility: int | None
    prices: tuple[int | None, ...]


def recipe_of(document: RulesDocument) -> Recipe:
    """Assemble a checked document.

    Raises
    ------
    InputError
        If an expression cannot be computed where it stands, with its line and column.
    """
    return _Cook(document).recipe()


class _Cook:
    def __init__(self, document: RulesDocument) -> None:
        self._document = document
        self._lowering = Lowering(document)
        self._assembler = Assembler()
        self._extras: dict[Node, int] = {}

    def recipe(self) -> Recipe:
        document, lower = self._document, self._lowering.lower
        entry = document.entry
        self._assembler.flags(
            ENTRY,
            None if entry.long is None else lower(entry.long, flat=True),
            None if entry.short is None else lower(entry.short, flat=True),
        )
        programs = (self._exit(EXIT_LONG, document.exit.long), self._exit(EXIT_SHORT, document.exit.short))
        kinds, levels = self._protection()
        volatility = self._volatility()
        prices = self._prices()
        return Recipe(
            document, self._assembler.finish(), len(self._extras), kinds, levels, programs, volatility, prices
        )  # fmt: skip

    def _extra(self, node: Node) -> int:
        if node not in self._extras:
            self._extras[node] = len(self._extras)
            self._assembler.extra(self._extras[node], node)
        return self._extras[node]

    def _exit(self, kind: int, expression: Expression | None) -> NDArray[np.int64]:
        rows: list[tuple[int, int, int]] = []
        if expression is not None:
            node = self._lowering.lower(expression)
            if reads_state(node):
                self._push(node, rows)
            else:
                self._assembler.flags(kind, node)
        return np.array(rows, np.int64).reshape(-1, 3)

    def _push(self, node: Node, rows: list[tuple[int, int, int]]) -> None:
        """Postfix order; whatever does not read the position is computed beforehand."""
        match node:
            case State(name=name):
                rows.append((PUSH_POSITION if name == "position" else PUSH_HELD, 0, 0))
            case Value(expression=expression):
                rows.append((PUSH_VALUE, self._assembler.value(expression), 0))
            case Operation(op=op, args=args) if reads_state(node):
                for argument in args:
                    self._push(argument, rows)
                rows.append((OPERATIONS[op], 0, 0))
            case _ if reads_state(node):
                raise InputError("position and bars_held cannot stand inside a function that looks back")
            case _:
                rows.append((PUSH_COLUMN, self._extra(node), 0))

    def _protection(self) -> tuple[NDArray[np.int64], dict[int, Expression | int]]:
        leave = self._document.exit
        kinds = np.zeros((2, 3), np.int64)
        levels: dict[int, Expression | int] = {}
        for column, level in ((STOP, leave.stop_loss), (TARGET, leave.take_profit), (TRAIL, leave.trailing_stop)):
            match level:
                case FractionLevel(fraction=fraction):
                    kinds[[LONG, SHORT], column] = Protect.FRACTION
                    levels[column] = fraction
                case AtrLevel(multiple=multiple, window=window):
                    kinds[[LONG, SHORT], column] = Protect.DISTANCE
                    distance = Binary("*", multiple, Call("atr", (window,)))
                    levels[column] = self._extra(self._lowering.lower(distance))
        return kinds, levels

    def _volatility(self) -> int | None:
        sizing = self._document.sizing
        if sizing.method != "volatility_target":
            return None
        window = sizing.window if sizing.window is not None else Number(20)
        returns = Call("percent_change", (Name("close"), Number(1)))
        deviation = self._lowering.lower(Call("rolling_std", (returns, window)))
        annual = Operation("*", (deviation, Operation("sqrt", (Value(Name(PERIODS)),))))
        return self._extra(annual)

    def _prices(self) -> tuple[int | None, ...]:
        orders = self._document.orders
        wanted = (orders.entry.limit, orders.entry.stop, orders.exit.limit, orders.exit.stop)
        return tuple(None if price is None else self._extra(self._lowering.lower(price)) for price in wanted)
