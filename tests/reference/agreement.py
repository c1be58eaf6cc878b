"""When the kernel and the complete reference say the same: rows byte for byte, sums to 1e-12."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np

from qt_engine.simulation.contract import SimResult
from reference.book import CompleteReference

ROWS = ("events", "orders", "fills")
SIGNED_SUMS = {"gross_profit", "gross_loss", "sum_equity", "borrow", "funding", "interest", "dividends", "fees"}
"""Sums of terms of either sign or of the size of the equity: exact to 1e-12 of that size."""


def assert_agrees(result: SimResult, expected: CompleteReference) -> None:
    """Fills, orders and events as bytes, all else to 1e-12."""
    for name in ROWS:
        told, wanted = getattr(result, name), getattr(expected, name)
        if told.tobytes() != wanted.tobytes():
            for one, other in zip(told.tolist(), wanted.tolist(), strict=False):
                assert repr(one) == repr(other), name
            assert told.tolist() == wanted.tolist(), name
            raise AssertionError(f"{name} are equal as numbers, not as bytes")
    scale = max((abs(e) for e in expected.equity), default=1.0)
    np.testing.assert_allclose(result.equity, expected.equity, rtol=1e-12, atol=1e-12 * scale)
    assert math.isclose(result.cash, expected.cash, rel_tol=1e-12, abs_tol=1e-12 * scale)
    assert result.open_positions == expected.open_positions

    told, wanted = asdict(result.counters), asdict(expected.counters)
    if min(expected.equity, default=1.0) <= 0:  # no returns to speak of
        for name in ("sum_returns", "sum_squares", "sum_downside_squares"):
            told.pop(name), wanted.pop(name)
    for name, value in wanted.items():
        if isinstance(value, float):
            size = scale * len(expected.equity) if name in SIGNED_SUMS else max(abs(value), 1.0)
            same = told[name] == value or (math.isnan(told[name]) and math.isnan(value))
            assert same or math.isclose(told[name], value, rel_tol=1e-12, abs_tol=1e-12 * size), name
        else:
            assert told[name] == value, name
