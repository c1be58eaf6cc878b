"""No decision knows the future: a plan of the first bars is the first part of the plan, whatever comes after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.random_strategies import choices, documents, leaving
from compiler.test_random_strategies import read
from qt_engine.core.resources import shipped
from qt_engine.data.market import FIELDS, Market
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Plan
from reference.generators import markets

SHIPPED = [
    path
    for path in sorted((shipped("configs") / "strategies").glob("*.yaml"))
    if load_document(path.read_text(encoding="utf-8")).kind == "rules"
]


def assert_same(found: Plan, expected: Plan) -> None:
    """Every array byte for byte, every setting equal."""
    for name in ("entry", "exit_long", "exit_short", "distances", "volatility", "program_columns", "program_values"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one.shape, one.dtype) == (other.shape, other.dtype), name
        assert one.tobytes() == other.tobytes(), name
    assert found.hash == expected.hash


def first_bars(plan: Plan, bars: int) -> Plan:
    """The decisions of the first bars."""
    flags = {name: getattr(plan, name)[:bars] for name in ("entry", "exit_long", "exit_short")}
    tables = {name: np.ascontiguousarray(getattr(plan, name)[:, :bars]) for name in ("distances", "program_columns")}
    volatility = plan.volatility[:bars] if plan.volatility.size else plan.volatility
    return replace(plan, **flags, **tables, volatility=volatility)


def other_future(market: Market, bars: int, seed: int) -> Market:
    """The first bars as they are, and other prices and gaps after them."""
    random = np.random.default_rng(seed)
    columns = {name: getattr(market, name).copy() for name in FIELDS}
    scale = random.uniform(0.2, 5.0, market.close[bars:].shape)
    gone = random.random(scale.shape) < 0.2
    for column in columns.values():
        column[bars:] = np.where(gone, np.nan, np.where(np.isnan(column[bars:]), 50.0, column[bars:]) * scale)
    return replace(market, **columns)


@given(
    documents(exits=leaving()), choices(), markets(max_assets=3, max_bars=40), st.integers(0, 40), st.integers(0, 2**32 - 1)
)  # fmt: skip
def test_drawn_strategies(text: str, chosen: dict[str, float], market: Market, bars: int, seed: int) -> None:
    document, bars = read(text), min(bars, len(market))
    parameters = resolve_parameters(document, chosen)
    expected = first_bars(compile_plan(document, parameters, market), bars)
    assert_same(compile_plan(document, parameters, market.head(bars)), expected)
    changed = compile_plan(document, parameters, other_future(market, bars, seed))
    assert_same(first_bars(changed, bars), expected)


def daily_panel(assets: int, bars: int, seed: int) -> Market:
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, (bars, assets)), axis=0))
    open_ = close * (1.0 + random.normal(0.0, 0.005, close.shape))
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    volume = random.integers(1, 1000, close.shape).astype(float)
    gone = random.random(close.shape) < 0.05
    for column in (open_, high, low, close, volume):
        column[gone] = np.nan
    ts = 86_400_000_000_000 * np.arange(1, bars + 1, dtype=np.int64)
    return Market(
        tuple("ABCDEFGH"[:assets]), "1d", ts, ts + 1, open_, high, low, close, volume,
        sample=np.ones(bars, np.uint8), periods_per_year=252.0,
    )  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@given(bars=st.integers(0, 700), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(settings.default.max_examples // 10, 1))
def test_shipped_strategies(path: object, bars: int, seed: int) -> None:
    document = load_document(path.read_text(encoding="utf-8"), str(path))  # type: ignore[attr-defined]
    parameters = resolve_parameters(document)
    market = daily_panel(2, 700, seed)
    whole = compile_plan(document, parameters, market)
    assert whole.entry.any(), "a strategy that never decides shows nothing"
    expected = first_bars(whole, bars)
    assert_same(compile_plan(document, parameters, market.head(bars)), expected)
    changed = compile_plan(document, parameters, other_future(market, bars, seed))
    assert_same(first_bars(changed, bars), expected)
