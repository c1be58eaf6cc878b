"""The language's own functions and series: their names, arguments and types. Indicators stand in `qt_engine.features`.

What each computes is written in `docs/strategy-language.md`; `qt_engine.strategies.compiler` computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest
from qt_engine.strategies.nodes import Call, Expression

ValueType = Literal["number", "condition"]
ArgumentKind = Literal["series", "condition", "bars"]

PRICE_SERIES = ("open", "high", "low", "close", "volume")
POSITION_SERIES = ("position", "bars_held")
SERIES = (*PRICE_SERIES, "bar_index", *POSITION_SERIES)
"""Every series that a strategy can read without defining it, beside events."""
EVENTS = ("dividend", "funding", "split")
"""Kinds of events, as `qt_engine.data.market.ACTION_KINDS` has them."""


def event_series(kind: str) -> str:
    """The name of the series of one kind of event: it is written like a call, and read like any other series."""
    return f"event({kind})"


EVENT_SERIES = {event_series(kind): kind for kind in EVENTS}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument.

    Attributes
    ----------
    kind
        `series`: numbers; `condition`: true, false or unknown in each bar; `bars`: a whole number that does not change
        from bar to bar (a number, a parameter, or an expression over them).
    default, low
        For `bars`: what stands where it is left out (None: it cannot be), and the least it may be.
    """

    name: str
    kind: ArgumentKind
    default: int | None = None
    low: int = 1


@dataclass(frozen=True, slots=True)
class LanguageFunction:
    """A function of the language; `memory` tells whether it reads earlier bars or other assets."""

    name: str
    arguments: tuple[Argument, ...]
    returns: ValueType
    description: str
    memory: bool = False

    @property
    def signature(self) -> str:
        """How it is called, such as `change(x, n=1)`."""
        words = [a.name if a.default is None else f"{a.name}={a.default}" for a in self.arguments]
        return f"{self.name}({', '.join(words)})"


_A, _B, _X = Argument("a", "series"), Argument("b", "series"), Argument("x", "series")
_N = Argument("n", "bars")
_IF = Argument("condition", "condition")

FUNCTIONS: Mapping[str, LanguageFunction] = {
    function.name: function
    for function in (
        LanguageFunction("abs", (_X,), "number", "the value without its sign"),
        LanguageFunction("bars_since", (_IF,), "number", "bars since it was last true; missing before", True),
        LanguageFunction("change", (_X, Argument("n", "bars", 1)), "number", "x - x[n]", True),
        LanguageFunction("count", (_IF, _N), "number", "how many of the last n bars it was true in", True),
        LanguageFunction("crosses_above", (_A, _B), "condition", "a > b now and a ≤ b one bar ago", True),
        LanguageFunction("crosses_below", (_A, _B), "condition", "a < b now and a ≥ b one bar ago", True),
        LanguageFunction("exp", (_X,), "number", "e to the power of x"),
        LanguageFunction("falling", (_X, _N), "condition", "x fell in each of the last n bars", True),
        LanguageFunction("is_missing", (_X,), "condition", "whether x has no value in this bar; never unknown"),
        LanguageFunction("lag", (_X, Argument("n", "bars", low=0)), "number", "x[n]: the value n bars ago", True),
        LanguageFunction("log", (_X,), "number", "natural logarithm; missing where x ≤ 0"),
        LanguageFunction("max", (_A, _B), "number", "the larger of the two in each bar"),
        LanguageFunction("min", (_A, _B), "number", "the smaller of the two in each bar"),
        LanguageFunction("percent_change", (_X, Argument("n", "bars", 1)), "number", "x / x[n] - 1, a fraction", True),
        LanguageFunction("rank", (_X,), "number", "share of the bar's assets at or below, in (0, 1]", True),
        LanguageFunction("rising", (_X, _N), "condition", "x rose in each of the last n bars", True),
        LanguageFunction("sign", (_X,), "number", "1, 0 or -1"),
        LanguageFunction("sqrt", (_X,), "number", "square root; missing where x < 0"),
        LanguageFunction("where", (_IF, _A, _B), "number", "a where it is true, b where it is false"),
        LanguageFunction("zscore", (_X,), "number", "deviations from the mean of the bar's assets", True),
    )
}  # fmt: skip
"""Sorted by name."""


def bind_function(call: Call) -> dict[str, Expression | None]:
    """The arguments of a call of a language function by name, in order; None where a default stands.

    Raises
    ------
    InputError
        If there are too many, too few, or wrongly named ones.
    """
    function = FUNCTIONS[call.name]
    known = [argument.name for argument in function.arguments]
    if len(call.args) > len(known):
        raise InputError(
            f"{call.name} takes {_amount(len(known))}: {function.signature}", line=call.line, column=call.column
        )
    bound: dict[str, Expression | None] = dict(zip(known, call.args, strict=False))
    for name, value in call.keywords:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"it is {function.signature}"
            raise InputError(f"{call.name} has no argument {name}; {hint}", line=value.line, column=value.column)
        if name in bound:
            raise InputError(f"{call.name}: {name} is given twice", line=value.line, column=value.column)
        bound[name] = value
    for argument in function.arguments:
        if argument.name not in bound and argument.default is None:
            raise InputError(
                f"{call.name} needs {argument.name}: {function.signature}", line=call.line, column=call.column
            )
    return {name: bound.get(name) for name in known}


def _amount(count: int) -> str:
    return "one argument" if count == 1 else f"{count} arguments"
