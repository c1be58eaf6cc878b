"""What `/` understands: words, and comparisons such as `sharpe>1 dd<20%`, all of which must hold."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_COMPARISON = re.compile(r"([a-z_]+)(<=|>=|=|<|>)([-+]?\d*\.?\d+)(%?)", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": math.isclose,
}  # fmt: skip
ALIASES = {
    "dd": "max_drawdown",
    "drawdown": "max_drawdown",
    "return": "total_return",
    "ret": "total_return",
    "vol": "volatility",
}


@dataclass(frozen=True)
class Filter:
    """A parsed filter. `words` must all occur in a row's text, `comparisons` all hold for its figures."""

    words: tuple[str, ...] = ()
    comparisons: tuple[tuple[str, str, float], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return not self.words and not self.comparisons

    def accepts(self, text: str, figures: Mapping[str, float | None]) -> bool:
        """Whether a row passes; a figure that is missing fails every comparison. Drawdowns compare by size."""
        lowered = text.lower()
        if not all(word in lowered for word in self.words):
            return False
        for name, sign, wanted in self.comparisons:
            value = figures.get(ALIASES.get(name, name))
            if value is None or not math.isfinite(value):
                return False
            if ALIASES.get(name, name) == "max_drawdown" and wanted >= 0:
                value = abs(value)
            if not _OPERATORS[sign](value, wanted):
                return False
        return True


def parse_filter(text: str) -> Filter:
    """Split at spaces; what is no comparison is a word."""
    words, comparisons = [], []
    for part in text.lower().split():
        match = _COMPARISON.fullmatch(part)
        if match:
            scale = 0.01 if match[4] else 1.0
            comparisons.append((match[1], match[2], float(match[3]) * scale))
        else:
            words.append(part)
    return Filter(tuple(words), tuple(comparisons))
