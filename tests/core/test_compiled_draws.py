"""The compiled draws give the very bits of the plain ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import bare
from qt_engine.core.randomness import draw, splitmix64, uniform
from qt_engine.simulation.draws import draw as compiled_draw
from qt_engine.simulation.draws import uniform as compiled_uniform


@bare
def _fill(seeds: Any, keys: Any, times: Any, slots: Any, purposes: Any, bits: Any, numbers: Any) -> None:
    for i in range(len(bits)):
        bits[i] = compiled_draw(seeds[i], keys[i], times[i], slots[i], purposes[i])
        numbers[i] = compiled_uniform(seeds[i], keys[i], times[i], slots[i], purposes[i])


EDGES = [0, 1, -1, 2**31, -(2**31), 2**63 - 1, -(2**63), 1_262_563_200_000_000_000]


def test_the_same_bits_for_thousands_of_cases() -> None:
    count = 5000
    signed = [[value - 2**63 for value in splitmix64(column, count)] for column in range(4)]
    signed = [EDGES * 2 + column for column in signed]
    signed[1] = list(reversed(signed[1]))
    seeds, times, slots, purposes = (np.array(column[:count], np.int64) for column in signed)
    keys = np.array(splitmix64(9, count), np.uint64)
    bits, numbers = np.empty(count, np.uint64), np.empty(count)
    _fill(seeds, keys, times, slots, purposes, bits, numbers)
    columns = [array.tolist() for array in (seeds, keys, times, slots, purposes)]
    assert bits.tolist() == [draw(*one) for one in zip(*columns, strict=True)]
    assert numbers.tolist() == [uniform(*one) for one in zip(*columns, strict=True)]


def test_small_types_and_unsigned_times_count_alike() -> None:
    arguments = ([3, 4], [5, 6], [7, 8], [0, 1], [1, 2])
    expected = [draw(*one) for one in zip(*arguments, strict=True)]
    for kind in (np.int64, np.uint64, np.int32):
        bits, numbers = np.empty(2, np.uint64), np.empty(2)
        _fill(*(np.array(column, kind) for column in arguments), bits, numbers)
        assert bits.tolist() == expected
