"""The draws of `core/randomness.py`, compiled for the kernel: the same bits for the same arguments.

Every operand is cast: a 64-bit word with a sign and one without would meet in floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import part
from qt_engine.core.randomness import GAMMA, MIX_A, MIX_B, UNIT

_GAMMA, _MIX_A, _MIX_B, _UNIT = np.uint64(GAMMA), np.uint64(MIX_A), np.uint64(MIX_B), np.float64(UNIT)
_27, _30, _31, _11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)


@part
def _mix(word: Any) -> Any:
    word = (word ^ (word >> _30)) * _MIX_A
    word = (word ^ (word >> _27)) * _MIX_B
    return word ^ (word >> _31)


@part
def draw(seed: Any, key: Any, ts: Any, slot: Any, purpose: Any) -> Any:
    """64 random bits (uint64) of five whole numbers, with or without a sign; see `qt_engine.core.randomness.draw`."""
    bits = _mix(np.uint64(seed) + _GAMMA)
    bits = _mix((bits ^ np.uint64(key)) + _GAMMA)
    bits = _mix((bits ^ np.uint64(ts)) + _GAMMA)
    bits = _mix((bits ^ np.uint64(slot)) + _GAMMA)
    return _mix((bits ^ np.uint64(purpose)) + _GAMMA)


@part
def uniform(seed: Any, key: Any, ts: Any, slot: Any, purpose: Any) -> float:
    """The same bits as a float64 in [0, 1)."""
    return np.float64(draw(seed, key, ts, slot, purpose) >> _11) * _UNIT
