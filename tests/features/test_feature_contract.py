"""Every own indicator, signal and feature passes the contract of features, and every label that of labels.

TA-Lib's functions, hundreds of them, are held to the same promises in `test_indicator_promises.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

from qt_engine.core.errors import QtError
from qt_engine.features.feature import Feature, Use
from qt_engine.features.indicator import Indicator
from qt_engine.features.registration import feature, features, forget, label, labels
from qt_engine.features.registry import INDICATORS
from qt_engine.testing.features import FeatureContract, LabelContract

OWN = tuple(name for name in INDICATORS if not name.startswith("ta."))


def settings_of(one: Indicator | Feature) -> dict[str, float | str]:
    """A number for each parameter without default, and a column for each series that has to be named."""
    found: dict[str, float | str] = {
        p.name: {"int": 7, "float": 0.3}[p.kind] for p in one.parameters if p.default is None
    }
    if len(one.series) > 1:
        found |= dict(zip(one.series, ("close", "volume"), strict=True))
    return found


class TestIndicatorsAndSignals(FeatureContract):
    names = OWN
    parameters = {name: settings_of(INDICATORS[name]) for name in OWN}


class TestRegisteredFeatures(FeatureContract):
    names = tuple(features())


class TestShortRegisteredFeatures(FeatureContract):
    names = ("residual_momentum", "momentum_rank")
    parameters = {name: {"window": 30, "skip": 2} for name in names}


class TestLabels(LabelContract):
    names = tuple(labels())


class TestOtherLabels(LabelContract):
    names = ("forward_return", "triple_barrier")
    parameters = {
        "forward_return": {"bars": 5},
        "triple_barrier": {"profit": 1.0, "stop": 0.0, "bars": 3, "span": 10},
    }


def test_signals_declare_how_they_depend_on_the_unit_of_price() -> None:
    assert all(i.scale is not None for i in INDICATORS.values() if i.kind == "signal")
    assert all(f.scale is not None for f in features().values())


BROKEN = {
    "sees_tomorrow": (lambda x: np.append(x[1:], x[-1:]), "later_bars"),
    "centred": (lambda x: x - x.mean() if len(x) else x, "later_bars"),
    "forgets_the_warmup": (lambda x: np.append(np.full(min(2, len(x)), np.nan), x[2:]), "declared_warmup"),
    "rounds_with_the_length": (lambda x: x * (1 + 1e-12 * len(x)), "later_bars"),
    "grows_with_price": (lambda x: x + 0.0, "unit_of_price"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_contract_catches_what_breaks_it(name: str) -> None:
    function, promise = BROKEN[name]
    feature(name, depends=("close",), scale=0, description="wrong on purpose")(function)
    try:
        contract = FeatureContract()
        [test] = [one for one in dir(contract) if promise in one]
        with pytest.raises((AssertionError, QtError)):  # what sees tomorrow is caught wherever it is computed
            getattr(contract, test)(name)
    finally:
        forget(name)


def test_the_contract_catches_a_poisoned_table() -> None:
    def cumulative(table: np.ndarray) -> np.ndarray:
        return np.cumsum(table, axis=0)

    feature("poisoned", depends=(Use("close"),), across=True, description="wrong on purpose")(cumulative)
    try:
        with pytest.raises(AssertionError):
            FeatureContract().test_a_gap_poisons_nothing("poisoned")
    finally:
        forget("poisoned")


def test_the_contract_catches_a_guessing_label() -> None:
    def guess(close: np.ndarray) -> np.ndarray:
        return np.append(close[1:], close[-1:]) / close - 1

    label("guessing", horizon=lambda: 1, description="wrong on purpose")(guess)
    try:
        with pytest.raises(AssertionError):
            LabelContract().test_what_is_known_never_changes("guessing")
    finally:
        forget("guessing")
