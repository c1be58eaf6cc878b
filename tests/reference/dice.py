"""Values of Hypothesis strategies rolled from a seed: independent of each other, so that rare meetings happen in their share.

Hypothesis mutates what it drew before, which finds and shrinks well but clusters; a thousand seeds look further than a
thousand of its examples. Only the kinds of strategies that the generators here are made of are known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy


class Dice:
    """In place of Hypothesis's `draw`."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def __call__(self, strategy: SearchStrategy[Any], label: object = None) -> Any:
        kind = getattr(strategy, "wrapped_strategy", strategy)
        match type(kind).__name__:
            case "SampledFromStrategy":
                return kind.elements[int(self.random.integers(len(kind.elements)))]
            case "IntegersStrategy":
                return int(self.random.integers(kind.start, kind.end, endpoint=True))
            case "BooleansStrategy":
                return bool(self.random.integers(2))
            case "BytesStrategy":
                return self.random.bytes(kind.min_size)
            case "CompositeStrategy":
                return kind.definition(self, *kind.args, **kind.kwargs)
        raise AssertionError(f"no die for {type(kind).__name__}")


def roll(strategy: SearchStrategy[Any], seed: int) -> Any:
    """The value of a strategy that belongs to a seed."""
    return Dice(seed)(strategy)
