"""Scenario files: the shipped ones are complete and true to their dates, a user's own lie over them, bad ones are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.risk.scenarios import FactorShock, HistoricalWindow, scenario, scenarios

SHIPPED = scenarios()
WINDOWS = {name: one for name, one in SHIPPED.items() if isinstance(one, HistoricalWindow)}


def test_the_crises_that_everybody_asks_for_are_there() -> None:
    expected = {
        "dot_com_crash": (date(2000, 3, 27), date(2002, 10, 9)),
        "financial_crisis_2008": (date(2008, 9, 15), date(2009, 3, 9)),
        "flash_crash_2010": (date(2010, 5, 6), date(2010, 5, 6)),
        "euro_crisis_2011": (date(2011, 7, 25), date(2011, 10, 3)),
        "covid_2020": (date(2020, 2, 20), date(2020, 3, 23)),
    }
    assert {name: (WINDOWS[name].start, WINDOWS[name].end) for name in expected} == expected
    assert any(isinstance(one, FactorShock) for one in SHIPPED.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_scenario_names_its_source(name: str) -> None:
    one = SHIPPED[name]
    assert one.name == name and one.label and one.description
    assert "hypothetical" in one.source if isinstance(one, FactorShock) else len(one.source) > 40


# declines as they are usually quoted
@pytest.mark.parametrize(
    ("name", "decline"),
    [
        ("dot_com_crash", 0.491),
        ("financial_crisis_2008", 0.460),
        ("flash_crash_2010", 0.032),
        ("covid_2020", 0.339),
        ("rate_shock_2022", 0.254),
        ("fourth_quarter_2018", 0.198),
        ("tariffs_2025", 0.121),
    ],
)
def test_the_benchmark_fell_as_history_says(name: str, decline: float) -> None:
    benchmark = WINDOWS[name].benchmark
    assert benchmark is not None
    assert -benchmark.change == pytest.approx(decline, abs=6e-4)


def test_windows_begin_and_end_on_weekdays() -> None:
    assert [name for name, one in WINDOWS.items() if one.start.weekday() > 4 or one.end.weekday() > 4] == []


GOOD = "schema: 1\nkind: history\nlabel: Mine\nstart: 2019-01-02\nend: 2019-01-31\nsource: memory\n"


def test_own_files_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "covid_2020.yaml").write_text(GOOD)
    assert [*scenarios(tmp_path)] == sorted([*SHIPPED, "mine"])
    assert scenario("covid_2020", tmp_path).label == "Mine"
    assert scenario("covid_2020").label == "Covid-19"
    assert scenarios(tmp_path / "none") == SHIPPED


def test_an_unknown_name_is_told_with_the_nearest_one() -> None:
    with pytest.raises(NotFoundError, match="did you mean covid_2020"):
        scenario("covid_202")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name: value"),
        ("- 1", "name: value"),
        ("a: [", "is not YAML"),
        ("a: " + "[" * 5_000, "is not YAML"),
        (GOOD.replace("schema: 1\n", ""), "schema: is missing"),
        (GOOD.replace("schema: 1", "schema: 2"), "schema"),
        (GOOD.replace("kind: history", "kind: rumour"), "kind: must be history or factors"),
        (GOOD.replace("kind: history", "kind: [1]"), "kind: must be"),
        (GOOD.replace("2019-01-31", "2018-01-31"), "end 2018-01-31 is before start 2019-01-02"),
        (GOOD.replace("2019-01-31", "2019-02-31"), "is not YAML"),
        (GOOD.replace("2019-01-31", "soon"), "end"),
        (GOOD.replace("source: memory\n", ""), "source is missing"),
        (GOOD + "colour: red\n", "colour"),
        (GOOD + "name: other\n", "name: is that of the file"),
        (GOOD + "benchmark: {name: X, before: 0, after: 1}\n", "before"),
        ("schema: 1\nkind: factors\nlabel: x\nsource: y\nfactors: {}\n", "factors"),
        ("schema: 1\nkind: factors\nlabel: x\nsource: y\nfactors: {market: -1}\n", "market must move"),
        ("schema: 1\nkind: factors\nlabel: x\nsource: y\nfactors: {market: .nan}\n", "market"),
        ("schema: 1\nkind: factors\nlabel: x\nsource: y\nfactors: {market: -0.1}\nover: 0\n", "over"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        scenario("mine", tmp_path)
    assert "mine.yaml" in str(caught.value) and said in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"mine\.yaml"):
        scenario("mine", tmp_path)
