"""Markets and plans from the few numbers that a test names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.market import Market
from qt_engine.strategies.plan import LONG, SHORT, STOP, TARGET, TRAIL, UNLIMITED, Plan, Protect, Risk

Bars = Sequence[Sequence[float] | None]

START = 1_577_836_800_000_000_000  # 2020-01-01
COLUMNS = {"stop_loss": STOP, "take_profit": TARGET, "trailing_stop": TRAIL}


def market_of(bars: Bars | Mapping[str, Bars], *, sample: Sequence[int] | None = None) -> Market:
    """A market of daily bars `[open, high, low, close]`; None where the asset does not trade."""
    assets = bars if isinstance(bars, Mapping) else {"A": bars}
    length = len(next(iter(assets.values())))
    prices = np.full((4, length, len(assets)), math.nan)
    for a, rows in enumerate(assets.values()):
        for t, row in enumerate(rows):
            if row is not None:
                prices[:, t, a] = row
    ts = START + DAY_NS * np.arange(length, dtype=np.int64)
    return Market(
        tuple(assets), "1d", ts, ts + DAY_NS, *prices, volume=np.where(np.isnan(prices[0]), math.nan, 1000.0),
        sample=np.ones(length, np.uint8) if sample is None else np.array(sample, np.uint8), periods_per_year=252.0,
    )  # fmt: skip


def plan_of(case: Mapping[str, Any], market: Market) -> Plan:
    """The plan that a case of `tests/conformance/combined.yaml` describes."""
    shape = market.close.shape
    column = {symbol: a for a, symbol in enumerate(market.symbols)}
    entry = np.zeros(shape, np.int8)
    exits = np.zeros((2, *shape), np.uint8)
    for t, symbol, direction in case.get("enter", ()):
        entry[t, column[symbol]] = {"long": 1, "short": -1}[direction]
    for name, sides in (("leave", (LONG, SHORT)), ("leave_long", (LONG,)), ("leave_short", (SHORT,))):
        for t, symbol in case.get(name, ()):
            exits[list(sides), t, column[symbol]] = 1

    kind, value = np.zeros((2, 3), np.int64), np.zeros((2, 3))
    time_stop = np.full(2, UNLIMITED, np.int64)
    distances: list[np.ndarray] = []
    for side, name in ((LONG, "long"), (SHORT, "short")):
        for setting, given in {**case.get("protect", {}), **case.get(name, {})}.items():
            if setting == "time_stop":
                time_stop[side] = given
            elif isinstance(given, list):
                kind[side, COLUMNS[setting]], value[side, COLUMNS[setting]] = Protect.DISTANCE, len(distances)
                distances.append(np.repeat(np.array(given, float)[:, None], shape[1], axis=1))
            else:
                kind[side, COLUMNS[setting]], value[side, COLUMNS[setting]] = Protect.FRACTION, given

    method, amount = case["sizing"]
    volatility = case.get("volatility")
    return Plan(
        entry, exits[LONG], exits[SHORT], kind, value, time_stop, method, float(amount),
        distances=np.stack(distances) if distances else np.empty((0, 0, 0)),
        volatility=np.empty((0, 0)) if volatility is None else np.repeat(np.array([volatility]).T, shape[1], axis=1),
        cooldown=case.get("cooldown", 0), max_entries=case.get("max_entries", UNLIMITED),
        risk=Risk(case.get("max_positions"), float(case.get("max_gross", 1.0)), case.get("max_drawdown")),
    )  # fmt: skip
