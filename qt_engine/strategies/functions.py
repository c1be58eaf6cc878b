"""The language's own functions and series: their names, arguments and types. Indicators stand in `qt_engine.features`.

What each computes is written in `docs/strategy-language.md`; `qt_engine.strategies.compiler` computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ValueType = Literal["number", "condition"]
ArgumentKind = Literal["series", "condition", "bars"]

PRICE_SERIES = ("open", "high", "low", "close", "volume")
POSITION_SERIES = ("position", "bars_held")
SERIES = (*PRICE_SERIES, "bar_index", *POSITION_SERIES)
"""Every series that a strategy can read without defining it."""


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


_A, _B, _X = Argument("a", "series"), Argument("b", "series"), Argument("x", "series")
_N = Argument("n", "bars")
_IF = Argument("condition", "condition")

FUNCTIONS: Mapping[str, LanguageFunction] = {
    function.name: function
    for function in (
        LanguageFunction("abs", (_X,), "number", "the value without its sign"),
        LanguageFunction("bars_since", (_IF,), "number", "bars since the condition was last true; 0 where it is true, missing before it ever was", True),
        LanguageFunction("change", (_X, Argument("n", "bars", 1)), "number", "x - x[n]", True),
        LanguageFunction("count", (_IF, _N), "number", "in how many of the last n bars, this one included, the condition was true", True),
        LanguageFunction("crosses_above", (_A, _B), "condition", "a > b now and a ≤ b one bar ago", True),
        LanguageFunction("crosses_below", (_A, _B), "condition", "a < b now and a ≥ b one bar ago", True),
        LanguageFunction("exp", (_X,), "number", "e to the power of x"),
        LanguageFunction("falling", (_X, _N), "condition", "x fell in each of the last n bars: x < x[1] < … < x[n]", True),
        LanguageFunction("is_missing", (_X,), "condition", "whether x has no value in this bar; never unknown"),
        LanguageFunction("lag", (_X, Argument("n", "bars", low=0)), "number", "x[n]: the value n bars ago", True),
        LanguageFunction("log", (_X,), "number", "natural logarithm; missing where x ≤ 0"),
        LanguageFunction("max", (_A, _B), "number", "the larger of the two in each bar"),
        LanguageFunction("min", (_A, _B), "number", "the smaller of the two in each bar"),
        LanguageFunction("percent_change", (_X, Argument("n", "bars", 1)), "number", "x / x[n] - 1, a fraction", True),
        LanguageFunction("rank", (_X,), "number", "share of the assets of this bar at or below this one, in (0, 1]; ties share their average", True),
        LanguageFunction("rising", (_X, _N), "condition", "x rose in each of the last n bars: x > x[1] > … > x[n]", True),
        LanguageFunction("sign", (_X,), "number", "1, 0 or -1"),
        LanguageFunction("sqrt", (_X,), "number", "square root; missing where x < 0"),
        LanguageFunction("where", (_IF, _A, _B), "number", "a where the condition is true, b where it is false, missing where it is unknown"),
        LanguageFunction("zscore", (_X,), "number", "distance from the mean of the assets of this bar, in population standard deviations", True),
    )
}  # fmt: skip
"""Sorted by name."""
