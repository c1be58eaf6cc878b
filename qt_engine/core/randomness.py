"""The only source of chance in the engine: numbers that are a pure function of what they are for.

A draw depends on the seed, the symbol, the time of the decision, the slot and the purpose, and on nothing else: there is
no generator whose state moves on. So another asset, thread, trade or parameter changes no draw that was there before, and
any single draw can be computed again alone. `qt_engine/simulation/draws.py` is the same function, compiled.

Sources: Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014 (SplitMix64, with the
constants of Stafford's Mix13 as in Vigna's splitmix64.c); Salmon, Moraes, Dror, Shaw, *Parallel random numbers: as easy
as 1, 2, 3*, SC 2011 (Philox).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum

from qt_engine.core.hashing import canonical_json

GAMMA = 0x9E3779B97F4A7C15
MIX_A = 0xBF58476D1CE4E5B9
MIX_B = 0x94D049BB133111EB
UNIT = 2.0**-53
"""A draw's upper 53 bits times this lie in [0, 1)."""

_MASK_64 = 2**64 - 1
_MASK_32 = 2**32 - 1
_PHILOX_M0, _PHILOX_M1 = 0xD2511F53, 0xCD9E8D57
_PHILOX_W0, _PHILOX_W1 = 0x9E3779B9, 0xBB67AE85
_PHILOX_ROUNDS = 10


class Purpose(IntEnum):
    """What a draw decides. Two purposes never share a draw; numbers are never used again for something else."""

    FAILURE = 1
    LATENCY = 2


def mix64(word: int) -> int:
    """SplitMix64's finaliser: a bijection of 64-bit words in which every input bit reaches every output bit."""
    word = ((word ^ (word >> 30)) * MIX_A) & _MASK_64
    word = ((word ^ (word >> 27)) * MIX_B) & _MASK_64
    return word ^ (word >> 31)


def splitmix64(seed: int, n: int) -> list[int]:
    """The first `n` numbers of the SplitMix64 sequence of a seed, each of 64 bits."""
    return [mix64((seed + i * GAMMA) & _MASK_64) for i in range(1, n + 1)]


def philox4x32_10(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """One block of Philox 4x32 with ten rounds.

    Parameters
    ----------
    counter
        Four words of 32 bits.
    key
        Two words of 32 bits.

    Raises
    ------
    ValueError
        If the number of words or a word's size is another.
    """
    if len(counter) != 4 or len(key) != 2 or not all(0 <= word <= _MASK_32 for word in (*counter, *key)):
        raise ValueError("Philox 4x32 takes a counter of four and a key of two words of 32 bits")
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_PHILOX_ROUNDS):
        low, high = _PHILOX_M0 * c0, _PHILOX_M1 * c2
        c0, c1, c2, c3 = (high >> 32) ^ c1 ^ k0, high & _MASK_32, (low >> 32) ^ c3 ^ k1, low & _MASK_32
        k0, k1 = (k0 + _PHILOX_W0) & _MASK_32, (k1 + _PHILOX_W1) & _MASK_32
    return c0, c1, c2, c3


def symbol_key(symbol: str) -> int:
    """A 64-bit number that stands for a symbol in draws, whatever column of a market it has."""
    return int.from_bytes(hashlib.sha256(symbol.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def draw(seed: int, symbol_key: int, ts: int, slot: int, purpose: int) -> int:
    """64 random bits: a pure function of all five arguments, each taken modulo 2⁶⁴.

    Parameters
    ----------
    seed
        The run's seed.
    symbol_key
        What `symbol_key` gives for the symbol.
    ts
        Time of the decision, UTC nanoseconds.
    slot
        Tells draws of one symbol, time and purpose apart, such as the entry order's from the exit order's.
    purpose
        A `Purpose`.
    """
    bits = mix64((seed + GAMMA) & _MASK_64)
    for word in (symbol_key, ts, slot, purpose):
        bits = mix64(((bits ^ (word & _MASK_64)) + GAMMA) & _MASK_64)
    return bits


def uniform(seed: int, symbol_key: int, ts: int, slot: int, purpose: int) -> float:
    """A draw as a number in [0, 1), a multiple of 2⁻⁵³; parameters as `draw`."""
    return (draw(seed, symbol_key, ts, slot, purpose) >> 11) * UNIT


class SeedManager:
    """Seeds for the parts of one run, derived from its id and their names, so that no two parts share one.

    Parameters
    ----------
    run_id
        The run, study or job the seeds belong to.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    def seed(self, *names: str | int) -> int:
        """The seed of what these names name, such as `seed("trial", 7)`: from 0 to 2⁶³ − 1, the same in every process."""
        text = canonical_json([self.run_id, *names])
        return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1
