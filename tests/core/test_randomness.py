"""Draws: known answers, even, without memory, and each a function of its own arguments only."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.randomness import Purpose, SeedManager, draw, philox4x32_10, splitmix64, symbol_key, uniform

DAY = 86_400_000_000_000
WORDS = st.integers(-(2**63), 2**64 - 1)
ARGUMENTS = ("seed", "symbol", "ts", "slot", "purpose")


def test_splitmix64_known_answers() -> None:
    # the test vector of Vigna's splitmix64.c
    assert splitmix64(1234567, 4) == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
    ]  # fmt: skip
    assert splitmix64(0, 3) == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert splitmix64(5, 0) == []


PI_DIGITS = ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])
PHILOX = [
    # the known-answer vectors of the authors' Random123
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (*PI_DIGITS, [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]


@pytest.mark.parametrize(("counter", "key", "words"), PHILOX)
def test_philox_known_answers(counter: list[int], key: list[int], words: list[int]) -> None:
    assert list(philox4x32_10(counter, key)) == words


@pytest.mark.parametrize(
    ("counter", "key"), [([0] * 3, [0, 0]), ([0] * 4, [0]), ([2**32, 0, 0, 0], [0, 0]), ([0] * 4, [0, -1])]
)
def test_philox_refuses_other_words(counter: list[int], key: list[int]) -> None:
    with pytest.raises(ValueError, match="four and a key of two"):
        philox4x32_10(counter, key)


def test_the_draw_never_changes() -> None:
    """Stored runs are reproduced with these bits: whoever changes them must give the engine a new revision."""
    key = symbol_key("AAPL")
    assert key == 0x1EB44D625271A4EB
    assert [draw(42, key, 1_262_563_200_000_000_000, slot, purpose) for slot in (0, 1) for purpose in (1, 2)] == [
        8195132078685158092, 1020640493709363961, 4901579404416799012, 3432281524984175179,
    ]  # fmt: skip
    assert (Purpose.FAILURE, Purpose.LATENCY) == (1, 2)


def _sample(vary: str, count: int) -> list[float]:
    """Draws whose arguments differ in one way only."""
    key = symbol_key("AAPL")
    makers: dict[str, Callable[[int], float]] = {
        "seeds": lambda i: uniform(i, key, DAY, 0, 1),
        "symbols": lambda i: uniform(7, symbol_key(f"S{i}"), DAY, 0, 1),
        "raw keys": lambda i: uniform(7, i, DAY, 0, 1),
        "days": lambda i: uniform(7, key, i * DAY, 0, 1),
        "nanoseconds": lambda i: uniform(7, key, i - count // 2, 0, 1),
        "slots": lambda i: uniform(7, key, DAY, i, 1),
        "purposes": lambda i: uniform(7, key, DAY, 0, i),
        "symbols and times": lambda i: uniform(7, i % 50, i // 50 * DAY, 0, 1),
    }
    return [makers[vary](i) for i in range(count)]


WAYS = ["seeds", "symbols", "raw keys", "days", "nanoseconds", "slots", "purposes", "symbols and times"]


@pytest.mark.parametrize("vary", WAYS)
def test_draws_are_even(vary: str) -> None:
    """Chi-square over 256 bins and Kolmogorov-Smirnov, each at a level that chance would pass 9,999 times in 10,000."""
    count = 25_600
    values = np.sort(_sample(vary, count))
    assert values[0] >= 0.0
    assert values[-1] < 1.0
    found = np.bincount((values * 256).astype(int), minlength=256)
    chi_square = float(np.sum((found - count / 256) ** 2) / (count / 256))
    assert 176 < chi_square < 347  # 255 degrees of freedom
    grid = np.arange(count + 1) / count
    distance = max(float(np.max(grid[1:] - values)), float(np.max(values - grid[:-1])))
    assert distance * math.sqrt(count) < 2.23


@pytest.mark.parametrize("vary", WAYS)
def test_neighbours_do_not_follow_each_other(vary: str) -> None:
    values = np.array(_sample(vary, 20_000))
    for lag in (1, 2, 7, 50):
        assert abs(float(np.corrcoef(values[:-lag], values[lag:])[0, 1])) < 4 / math.sqrt(len(values))


@pytest.mark.parametrize("argument", range(5), ids=ARGUMENTS)
def test_each_bit_of_each_argument_flips_half_of_the_bits(argument: int) -> None:
    cases = [(42, symbol_key(f"S{i}"), i * DAY - 50 * DAY, i % 3, 1 + i % 2) for i in range(100)]
    flips = np.zeros((64, 64))
    for case in cases:
        before = draw(*case)
        for bit in range(64):
            changed = list(case)
            changed[argument] = (changed[argument] & (2**64 - 1)) ^ (1 << bit)
            difference = before ^ draw(*changed)
            flips[bit] += [difference >> place & 1 for place in range(64)]
    share = flips / len(cases)
    assert np.all(np.abs(share.mean(axis=1) - 0.5) < 0.03)  # every input bit, over all output bits
    assert np.all(np.abs(share.mean(axis=0) - 0.5) < 0.03)  # every output bit, over all input bits
    assert np.all(np.abs(share - 0.5) < 0.28)  # every pair


@given(WORDS, WORDS, WORDS, WORDS, WORDS)
def test_arguments_count_modulo_two_to_the_64(seed: int, key: int, ts: int, slot: int, purpose: int) -> None:
    bits = draw(seed, key, ts, slot, purpose)
    assert 0 <= bits < 2**64
    assert bits == draw(seed % 2**64, key % 2**64, ts % 2**64, slot % 2**64, purpose % 2**64)
    assert uniform(seed, key, ts, slot, purpose) == (bits >> 11) / 2**53


def test_arguments_are_not_interchangeable() -> None:
    """The same numbers in other places are other draws; none of many thousands meets another."""
    arguments = list(product(range(6), repeat=5))
    assert len({draw(*one) for one in arguments}) == len(arguments)


def _table(symbols: list[str], times: range, threads: int = 1) -> dict[tuple[str, int], int]:
    with ThreadPoolExecutor(threads) as pool:
        cells = [(symbol, ts) for symbol in symbols for ts in times]
        return dict(zip(cells, pool.map(lambda cell: draw(1, symbol_key(cell[0]), cell[1], 0, 1), cells), strict=True))


def test_an_asset_a_thread_or_a_trade_more_changes_no_other_draw() -> None:
    before = _table(["AAPL", "MSFT"], range(0, 40, 2))
    more = _table(["ZZZ", "MSFT", "AAA", "AAPL"], range(40), threads=4)
    assert {cell: more[cell] for cell in before} == before


def test_another_process_draws_the_same() -> None:
    code = (
        "from qt_engine.core.randomness import *; import sys;"
        "print(draw(3, symbol_key('AAPL'), -5, 2, 1), SeedManager('exp-1').seed('trial', 7), 'numpy' in sys.modules)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    expected = f"{draw(3, symbol_key('AAPL'), -5, 2, 1)} {SeedManager('exp-1').seed('trial', 7)} False\n"
    assert outputs == {expected}


def test_seeds_of_a_run() -> None:
    seeds = SeedManager("exp-20260101T000000000-12345678")
    assert seeds.seed("trial", 7) == SeedManager(seeds.run_id).seed("trial", 7)
    names: list[tuple[str | int, ...]] = [
        (),
        ("trial",),
        ("trial", 7),
        ("trial", "7"),
        ("trial7",),
        ("a", "b"),
        ("ab",),
        ("b", "a"),
    ]
    made = [seeds.seed(*name) for name in names] + [SeedManager("exp-2").seed(*name) for name in names]
    assert len(set(made)) == len(made)
    assert all(0 <= seed < 2**63 for seed in made)
    trials = np.array([seeds.seed("trial", i) for i in range(5000)], float) / 2**63
    assert abs(float(trials.mean()) - 0.5) < 0.02
    assert symbol_key("\udcff") != symbol_key("?")  # any text that Python can hold
