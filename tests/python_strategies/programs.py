"""Small strategies in Python as text, and a market for them."""

from __future__ import annotations

import textwrap

import numpy as np

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.strategies.python_source import PythonStrategy, load_python

HEAD = """\
import numpy as np
from qt_engine import Strategy, TargetPositions, decimal, register_strategy, whole

"""
DAY = 86_400_000_000_000


def program(body: str, name: str = "example.py") -> PythonStrategy:
    """A strategy from the body of its file."""
    return load_python(HEAD + textwrap.dedent(body), name)


def deciding(expression: str, **declared: str) -> PythonStrategy:
    """A strategy that answers with an expression over `context` in every bar."""
    lines = "".join(f"    {name} = {value}\n" for name, value in declared.items())
    return program(
        f'class Example(Strategy):\n    name = "example"\n{lines}    def on_data(self, context):\n'
        f"        return {expression}\n"
    )


def walk(bars: int = 120, symbols: tuple[str, ...] = ("A", "B"), seed: int = 3) -> Market:
    """Daily bars of weekdays with prices that wander."""
    days = np.arange(bars, dtype=np.int64)
    ts = 1_262_563_200_000_000_000 + (days // 5 * 7 + days % 5) * DAY
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, (bars, len(symbols))), axis=0))
    return market_from_arrays(symbols, "1d", ts, close, close * 1.01, close * 0.99, close, np.full(close.shape, 100.0))
