"""Named execution models: what ships, what a user lays over it, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.simulation.execution import Execution, Latency
from qt_engine.simulation.presets import preset, presets


def test_all_that_ship_are_models() -> None:
    models = {name: shipped.model() for name, shipped in presets().items()}
    assert {"default", "perfect", "us_stocks", "crypto_spot", "crypto_perpetual", "conservative"} <= set(models)
    assert [name for name, model in models.items() if model.is_perfect] == ["perfect"]
    assert all(model.name == name for name, model in models.items())
    assert all(shipped.description for shipped in presets().values())


def test_the_default_costs_something() -> None:
    """A run that names nothing has the figures of the preset `default`."""
    assert preset("default").model().canonical() == Execution().canonical()
    assert not Execution().is_perfect


def test_a_changed_model_says_so() -> None:
    assert preset("us_stocks").model(fee_bps=1.0).name == "us_stocks, changed"
    assert preset("default").model(fee_bps=5.0).name == "default"


def test_a_user_lays_files_over_those_that_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "config.yaml"))
    (tmp_path / "execution").mkdir()
    (tmp_path / "execution" / "perfect.yaml").write_text("fee_bps: 1.0\n")
    (tmp_path / "execution" / "mine.yaml").write_text("latency: {distribution: fixed, ms: 5}\ndescription: own\n")
    assert preset("perfect").model().fee_bps == 1.0
    assert preset("mine").model().latency == Latency(distribution="fixed", ms=5)
    assert preset("mine").source == "user"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fee_bps: -1", "fee_bps must be between 0 and 1000, not -1"),
        ("fee_bsp: 1", "there is no field 'fee_bsp'; did you mean fee_bps?"),
        ("participation: 0", "participation must be above 0 and at most 1, not 0"),
        ("latency: {distribution: uniform, low: 5, high: 1}", "low 5 is above high 1"),
        ("latency: {distribution: lognormal, ms: 5}", "distribution lognormal has no ms"),
        ("fees: [{tiers: [{above: 5}]}]", "the first tier counts from a notional of 0"),
        ("fees: [{since: 2020-01-01}, {since: 2019-01-01}]", "in the order of their dates"),
        ("path: optimistic", "path: input should be 'pessimistic' or 'ohlc'"),
        ("- 1", "must hold `name: value` lines"),
        ("fee_bps: [", "is not YAML"),
    ],
)
def test_a_wrong_file_is_named(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "config.yaml"))
    (tmp_path / "execution").mkdir()
    (tmp_path / "execution" / "wrong.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        preset("wrong").model()
    assert said in str(refused.value)
    assert "wrong.yaml" in str(refused.value)


def test_every_violation_is_named_at_once() -> None:
    with pytest.raises(InputError) as refused:
        Execution.model_validate({"fee_bps": -1, "slippage_bps": "much", "failure_probability": 1.0, "colour": "red"})
    assert all(name in str(refused.value) for name in ("fee_bps", "slippage_bps", "failure_probability", "colour"))


def test_an_unknown_name_has_a_suggestion() -> None:
    with pytest.raises(NotFoundError, match="did you mean us_stocks"):
        preset("us_stoks")


@pytest.mark.parametrize(
    ("latency", "table"),
    [
        (Latency(distribution="fixed", ms=2.5), (2_500_000, 2_500_000)),
        (Latency(distribution="uniform", low=1, high=3), (1_000_000, 3_000_000)),
        (Latency(distribution="empirical", samples=(3.0, 1.0, 2.0)), (1_000_000, 2_000_000, 3_000_000)),
        (Latency(distribution="empirical", samples=(4.0,)), (4_000_000, 4_000_000)),
    ],
)
def test_latencies_are_tables_of_quantiles(latency: Latency, table: tuple[int, ...]) -> None:
    assert latency.table == table


def test_the_median_of_a_lognormal_latency_is_in_the_middle() -> None:
    table = Latency(distribution="lognormal", median=20.0, sigma=0.5).table
    assert table[len(table) // 2] == 20_000_000
    assert list(table) == sorted(table)
