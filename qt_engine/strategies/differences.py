"""The first decision in which two plans of one strategy differ, of the bars that both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.strategies.plan import Plan

TABLES = ("entry", "exit_long", "exit_short", "volatility", "distances", "order_prices", "program_columns")
"""Decisions of a rules plan, those first that a person would ask for first: arrays `(…, T, A)`."""


@dataclass(frozen=True)
class Difference:
    """Where two plans part: bar of the longer one, asset (None: a decision in one of them only), and both values."""

    bar: int
    asset: int | None
    what: str
    whole: str
    cut: str


def first_difference(whole: Plan, cut: Plan, until: int, *, start: int = 0, after: int = 0) -> Difference | None:
    """The earliest difference between two plans, in bars from `after` to `until` (exclusive) of the first.

    Parameters
    ----------
    start
        Which bar of the first plan's market is bar 0 of the second's.
    """
    if whole.kind == "portfolio" or cut.kind == "portfolio":
        return _first_target(whole, cut, until, start, after)
    found = [
        difference
        for name in TABLES
        if (difference := _first_cell(name, getattr(whole, name), getattr(cut, name), until, start, after)) is not None
    ]
    return min(found, key=lambda difference: difference.bar, default=None)


def first_settled(whole: Plan, later: Plan, start: int) -> int | None:
    """How many bars after `start` all decisions are the same; None where the last ones still differ.

    `later` is the plan for the market from bar `start` on.
    """
    bar = _last_different(whole, later, start)
    if bar is None:
        return 0
    end = max(len(whole.entry), int(whole.rebalance[-1]) + 1 if len(whole.rebalance) else 0)
    last_decision = _last_decision(whole, end)
    return None if bar >= last_decision else bar + 1 - start


def first_array_difference(
    whole: Mapping[str, NDArray[Any]], cut: Mapping[str, NDArray[Any]], bars: int, rounding: float
) -> tuple[bool, Difference] | None:
    """The earliest of the first `bars` rows in which prepared arrays differ, and whether by rounding alone."""
    names = sorted({*whole} | {*cut})
    found: list[tuple[bool, Difference]] = []
    for name in names:
        if name not in whole or name not in cut:
            there = ("there", "missing") if name in whole else ("missing", "there")
            found.append((False, Difference(bars - 1, None, f"prepared {name}", *there)))
            continue
        a, b = whole[name][:bars], cut[name][:bars]
        if a.shape != b.shape or a.dtype != b.dtype:
            shapes = f"{a.dtype} {a.shape}", f"{b.dtype} {b.shape}"
            found.append((False, Difference(bars - 1, None, f"prepared {name}", *shapes)))
            continue
        unequal = _unequal(a, b)
        if not unequal.any():
            continue
        only_rounding = a.dtype.kind == "f" and np.allclose(
            a, b, rtol=rounding, atol=rounding * _scale(a), equal_nan=True
        )
        if a.dtype.kind == "f" and not only_rounding:  # show a difference that is one
            unequal = ~np.isclose(a, b, rtol=rounding, atol=rounding * _scale(a), equal_nan=True)
        place = tuple(int(index) for index in np.argwhere(unequal)[0])
        asset = place[1] if len(place) == 2 else None
        found.append(
            (only_rounding, Difference(place[0], asset, f"prepared {name}", _shown(a[place]), _shown(b[place])))
        )
    return min(found, key=lambda item: (item[0], item[1].bar), default=None)


def _first_target(whole: Plan, cut: Plan, until: int, start: int, after: int) -> Difference | None:
    first = {int(bar): row for bar, row in zip(whole.rebalance, whole.target, strict=True) if after <= bar < until}
    second = {int(bar) + start: row for bar, row in zip(cut.rebalance, cut.target, strict=True)}
    second = {bar: row for bar, row in second.items() if after <= bar < until}
    for bar in sorted({*first} | {*second}):
        a, b = first.get(bar), second.get(bar)
        if a is None or b is None:
            return Difference(bar, None, "target", _decision(a), _decision(b))
        unequal = np.flatnonzero(_unequal(a, b))
        if len(unequal):
            asset = int(unequal[0])
            return Difference(bar, asset, "target", _shown(a[asset]), _shown(b[asset]))
    return None


def _first_cell(
    name: str, whole: NDArray[Any], cut: NDArray[Any], until: int, start: int, after: int
) -> Difference | None:
    if not whole.size and not cut.size:
        return None
    a = whole[..., after:until, :]
    b = cut[..., after - start : until - start, :]
    if a.shape != b.shape:
        return Difference(after, None, name, f"of shape {a.shape}", f"of shape {b.shape}")
    unequal = _unequal(a, b)
    if not unequal.any():
        return None
    by_bar = unequal.reshape(-1, *unequal.shape[-2:]).any(axis=0)
    bar, asset = (int(index) for index in np.argwhere(by_bar)[0])
    layer = int(np.argwhere(unequal.reshape(-1, *unequal.shape[-2:])[:, bar, asset])[0, 0])
    values = (array.reshape(-1, *array.shape[-2:])[layer, bar, asset] for array in (a, b))
    return Difference(after + bar, asset, name, *map(_shown, values))


def _last_different(whole: Plan, later: Plan, start: int) -> int | None:
    """The last bar of the whole at which the two plans differ."""
    if whole.kind == "portfolio":
        first = {int(bar): row for bar, row in zip(whole.rebalance, whole.target, strict=True) if bar >= start}
        second = {int(bar) + start: row for bar, row in zip(later.rebalance, later.target, strict=True)}
        bars = [
            bar for bar in {*first} | {*second}
            if bar not in first or bar not in second or _unequal(first[bar], second[bar]).any()
        ]  # fmt: skip
        return max(bars, default=None)
    last = -1
    for name in TABLES:
        a, b = getattr(whole, name), getattr(later, name)
        if a.size:
            unequal = _unequal(a[..., start:, :], b)
            rows = np.flatnonzero(unequal.reshape(-1, *unequal.shape[-2:]).any(axis=(0, 2)))
            last = max(last, start + int(rows[-1])) if len(rows) else last
    return None if last < 0 else last


def _last_decision(plan: Plan, bars: int) -> int:
    """The last bar that a difference may stand at: beyond it nothing more is decided that could show agreement."""
    return int(plan.rebalance[-1]) if plan.kind == "portfolio" and len(plan.rebalance) else bars - 1


def _unequal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two arrays of one shape do not hold the same value; missing is the same as missing."""
    different = a != b
    if a.dtype.kind == "f":
        different &= ~(np.isnan(a) & np.isnan(b))
    return np.asarray(different)


def _scale(array: NDArray[Any]) -> float:
    known = np.abs(array[np.isfinite(array)])
    return float(known.max()) if known.size else 0.0


def _decision(row: NDArray[Any] | None) -> str:
    if row is None:
        return "no decision"
    return "a decision to hold nothing" if not row.any() else "a decision"


def _shown(value: Any) -> str:
    return f"{value:.17g}" if isinstance(value, float | np.floating) else str(value)
