"""Bars that the indicator tests share."""

from __future__ import annotations

import numpy as np

Columns = dict[str, np.ndarray]


def bars(kind: str, count: int, seed: int = 0) -> Columns:
    """`walk`, `constant`, `halted` (moves, then stands still), `steps` (whole numbers, many ties), `huge` or `tiny`."""
    draw = np.random.default_rng(seed)
    close = np.abs(100 + np.cumsum(draw.normal(0, 0.5, count))) + 1
    spread = 1.0
    if kind == "constant":
        close, spread = np.full(count, 100.1), 0.0
    elif kind == "halted":
        close, spread = np.concatenate([close[: count // 3], np.full(count - count // 3, close[count // 3])]), 0.0
    elif kind == "steps":
        close = np.round(close)
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) + spread * draw.random(count)
    low = np.minimum(open_, close) - spread * draw.random(count) / 2
    if kind == "steps":
        high, low = np.round(high), np.round(low)
    scale = {"huge": 1e60, "tiny": 1e-9}.get(kind, 1.0)
    prices = {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "x": close,
        "y": close / 2 + draw.normal(0, 1, count),
    }
    columns = {name: np.ascontiguousarray(column * scale) for name, column in prices.items()}
    columns["volume"] = np.round(draw.random(count) * 1e5)
    columns |= {"real": columns["close"], "real0": columns["high"], "real1": columns["low"]}
    columns["periods"] = np.round(draw.random(count) * 20 + 5)
    return columns
