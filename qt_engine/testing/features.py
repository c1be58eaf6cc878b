"""The contracts of features and of labels.

A test module subclasses them and names what it registered; pytest then runs every promise for each name::

    class TestMyFeatures(FeatureContract):
        names = ("my_signal", "my_other_signal")

Parameters stand in `parameters`, by the name of the feature: numbers that have no default, or others than those.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import canonical_json
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import FIELDS, PRICES, Market
from qt_engine.features._arrays import Floats
from qt_engine.features.evaluation import evaluate
from qt_engine.features.feature import Label
from qt_engine.features.graph import Node, ordered, resolve
from qt_engine.features.indicator import Indicator
from qt_engine.features.labelling import compute_label
from qt_engine.features.listing import info
from qt_engine.features.registration import find_label

CUTS = (0, 1, 2, 3, 7, 14, 15, 33, 64, 127, 128, 129, 200, 253)
"""After how many bars the future is cut off, beside the end of the warm-up and the last bar."""


def example_market(bars: int, assets: int = 3) -> Market:
    """Prices that wander, trend and come back, and volumes; the same each time and, bar by bar, for every length."""
    place = np.arange(bars * assets, dtype=np.float64).reshape(bars, assets)
    noise = [np.modf(np.abs(np.sin(place * a + b)) * 43758.5453)[0] - 0.5 for a, b in ((12.9898, 1.0), (78.233, 2.0))]
    wave = np.sin(np.arange(bars)[:, None] / np.array([37.0, 11.0, 71.0, 23.0])[np.arange(assets) % 4])
    close = 100.0 * np.exp(np.cumsum(0.02 * noise[0] + 0.0004, axis=0) + 0.05 * wave)
    before = np.vstack([close[:1], close[:-1]])
    open_ = before * (1.0 + 0.004 * noise[1])
    high = np.maximum(open_, close) * (1.0 + 0.01 * np.abs(noise[1]))
    low = np.minimum(open_, close) * (1.0 - 0.01 * np.abs(noise[0]))
    volume = np.round(1e5 * (1.0 + noise[1]))
    symbols = tuple(f"A{asset}" for asset in range(assets))
    return market_from_arrays(symbols, "1d", np.arange(bars) * DAY_NS, open_, high, low, close, volume)


def without(market: Market, absent: np.ndarray[Any, Any]) -> Market:
    """The market with nothing known where `absent` `(T, A)` is set."""
    cut: dict[str, Any] = {name: np.where(absent, np.nan, getattr(market, name)) for name in FIELDS}
    return replace(market, **cut)


def only(market: Market, bars: np.ndarray[Any, Any]) -> Market:
    """The market of some bars."""
    names = ("ts", "close_ts", "sample", *FIELDS)
    cut: dict[str, Any] = {name: np.ascontiguousarray(getattr(market, name)[bars]) for name in names}
    return replace(market, **cut)


class _Contract:
    names: Sequence[str] = ()
    """What is tested; a class without names tests nothing."""
    parameters: Mapping[str, Mapping[str, float | str]] = {}

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """One test for each promise and name."""
        if "name" in inspect.signature(metafunc.function).parameters:
            metafunc.parametrize("name", self.names)

    def given(self, name: str) -> dict[str, float | str]:
        """The parameters of a name."""
        return dict(self.parameters.get(name, {}))


class FeatureContract(_Contract):
    """What every feature promises."""

    def node(self, name: str) -> Node:
        """The feature with its parameters."""
        return resolve(name, self.given(name))

    def market(self, name: str) -> Market:
        """Bars enough to leave the warm-up far behind."""
        return example_market(max(280, 3 * self.node(name).warmup // 2 + 60))

    def test_it_can_be_described(self, name: str) -> None:
        entry = info(self.node(name).definition).as_json()
        assert canonical_json(entry)
        assert entry["description"]
        assert "\n" not in entry["description"]
        assert entry["version"] >= 1

    def test_leading_values_without_number_are_the_declared_warmup(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        for column in np.isnan(evaluate(node, market)).T:
            assert np.flatnonzero(column).tolist() == list(range(node.warmup))

    def test_later_bars_change_no_byte(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        whole = evaluate(node, market)
        for bars in sorted({*CUTS, node.warmup, node.warmup + 1, node.warmup + 2, len(market) - 1}):
            if bars < len(market):
                assert evaluate(node, market.head(bars)).tobytes() == whole[:bars].tobytes(), f"after {bars} bars"

    def test_a_changed_future_changes_no_byte(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        cut = len(market) - 20
        copies: dict[str, Any] = {column: getattr(market, column).copy() for column in FIELDS}
        other = replace(market, **copies)
        for column in FIELDS:
            getattr(other, column)[cut:] *= 3.0
        assert evaluate(node, other)[:cut].tobytes() == evaluate(node, market)[:cut].tobytes()

    def test_a_gap_poisons_nothing(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        absent = np.zeros(market.close.shape, bool)
        absent[[5, 6, 40, 41, 42, 150], 1] = True
        absent[[40, 77], 0] = True
        values = evaluate(node, without(market, absent))
        assert np.isnan(values[absent]).all()
        assert not np.isnan(values[-20:]).any()
        if any(part.across for part in ordered(node)):
            return
        for asset in range(market.close.shape[1]):
            present = ~absent[:, asset]
            dense = evaluate(node, only(market.asset(asset), present))[:, 0]
            if isinstance(node.definition, Indicator) and node.definition.positions:
                known = ~np.isnan(dense)
                dense = dense.copy()
                dense[known] = np.flatnonzero(present)[dense[known].astype(int)]
            assert values[present, asset].tobytes() == dense.tobytes()

    def test_an_asset_that_begins_later_begins_its_warmup_later(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        absent = np.zeros(market.close.shape, bool)
        absent[:9, 2] = True
        values = evaluate(node, without(market, absent))
        known = np.flatnonzero(~np.isnan(values[:, 2]))
        assert known[0] == node.warmup + 9
        assert len(known) == len(market) - node.warmup - 9

    def test_other_assets_change_nothing_unless_it_looks_across_them(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        if any(part.across for part in ordered(node)):
            pytest.skip("it looks across assets")
        whole = evaluate(node, market)
        for asset in range(len(market.symbols)):
            assert evaluate(node, market.asset(asset))[:, 0].tobytes() == whole[:, asset].tobytes()

    def test_the_unit_of_price_counts_as_declared(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        scale = node.definition.scale
        if scale is None:
            pytest.skip("not declared")
        # A power of two, so that the arithmetic itself is exact.
        dearer: dict[str, Any] = {column: getattr(market, column) * 4.0 for column in PRICES}
        other = replace(market, **dearer)
        np.testing.assert_allclose(evaluate(node, other), evaluate(node, market) * 4.0**scale, rtol=1e-9, atol=1e-12)

    def test_the_same_bytes_each_time_and_inputs_stay(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        before = market.hash
        first = evaluate(node, market)
        assert first.dtype == np.float64
        assert first.shape == market.close.shape
        assert evaluate(self.node(name), self.market(name)).tobytes() == first.tobytes()
        assert replace(market).hash == before  # hashed anew
        assert not any(np.shares_memory(first, getattr(market, column)) for column in FIELDS)

    def test_nothing_known_gives_nothing(self, name: str) -> None:
        node, market = self.node(name), self.market(name)
        blank = without(market, np.ones(market.close.shape, bool))
        assert np.isnan(evaluate(node, blank)).all()


class LabelContract(_Contract):
    """What every label promises: it looks ahead, but never guesses."""

    def label(self, name: str) -> tuple[Label, dict[str, float]]:
        """The label and its parameters."""
        one = find_label(name)
        return one, one.complete({key: float(value) for key, value in self.given(name).items()})

    def market(self, name: str) -> Market:
        """Bars enough for warm-up and horizon."""
        one, values = self.label(name)
        return example_market(2 * (one.own_warmup(values) + one.horizon(**values)) + 120)

    def outputs(self, name: str, market: Market) -> dict[str, Floats]:
        """Its values on a market."""
        return compute_label(name, market, self.label(name)[1])

    def test_what_is_known_never_changes(self, name: str) -> None:
        market = self.market(name)
        whole = self.outputs(name, market)
        for bars in (*range(0, len(market), 17), len(market) - 1):
            for output, part in self.outputs(name, market.head(bars)).items():
                known = ~np.isnan(part)
                assert part[known].tobytes() == whole[output][:bars][known].tobytes(), (output, bars)

    def test_the_last_bar_is_unknown_and_all_is_known_when_the_horizon_has_passed(self, name: str) -> None:
        one, values = self.label(name)
        market = self.market(name)
        first, last = one.own_warmup(values), len(market) - one.horizon(**values)
        for column in self.outputs(name, market).values():
            assert np.isnan(column[-1]).all()
            assert np.isnan(column[:first]).all()
            assert not np.isnan(column[first:last]).any()

    def test_outputs_are_known_together(self, name: str) -> None:
        unknown = [np.isnan(column) for column in self.outputs(name, self.market(name)).values()]
        assert all((one == unknown[0]).all() for one in unknown)

    def test_a_gap_is_as_if_the_bars_were_not_there(self, name: str) -> None:
        one, _ = self.label(name)
        market = self.market(name)
        absent = np.zeros(market.close.shape, bool)
        absent[[3, 50, 51, 110], 1] = True
        found = self.outputs(name, without(market, absent))
        present = ~absent[:, 1]
        for output, dense in self.outputs(name, only(market.asset(1), present)).items():
            expected = dense[:, 0].copy()
            if output in one.positions:
                known = ~np.isnan(expected)
                expected[known] = np.flatnonzero(present)[expected[known].astype(int)]
            assert np.isnan(found[output][~present, 1]).all()
            assert found[output][present, 1].tobytes() == expected.tobytes()

    def test_the_same_bytes_each_time(self, name: str) -> None:
        market = self.market(name)
        first, second = self.outputs(name, market), self.outputs(name, market)
        assert [a.tobytes() for a in first.values()] == [b.tobytes() for b in second.values()]

    def test_it_is_no_feature(self, name: str) -> None:
        with pytest.raises(InputError, match="looks ahead"):
            resolve(name)
