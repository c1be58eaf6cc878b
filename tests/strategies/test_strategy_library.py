"""Strategies are found by name or path, the user's before those that ship, and are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.strategies.language import read_document
from qt_engine.strategies.library import StrategyLibrary
from qt_engine.strategies.parameters import grid, resolve_parameters

SHIPPED = [
    "bollinger_reversion",
    "donchian_breakout",
    "macd_trend",
    "min_variance",
    "rsi_reversion",
    "sma_cross",
    "volatility_target_trend",
    "xmom_crosssec",
]
MINE = "schema: 1\nname: mine\ndescription: My own\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 1}\n"


def test_each_that_ships_is_right(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    assert [info.name for info in library.list()] == SHIPPED
    for info in library.list():
        source = library.resolve(info.name)
        document, problems = read_document(source.text)
        assert problems == []
        assert document is not None
        assert document.name == info.name
        assert document.description == info.description != ""
        assert source.text.count("#") >= 4
        assert resolve_parameters(document)
        for parameter in document.params.values():
            assert None not in (parameter.low, parameter.high, parameter.step)
            low, high = parameter.low, parameter.high
            try:
                grid(document, {parameter.name: [low, parameter.default, high]})
            except InputError as error:
                pytest.fail(f"{info.name}, {parameter.name}: {error}")


def test_the_users_own_hides_a_shipped_one_until_it_is_deleted(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    path = library.save("sma_cross", MINE)
    assert library.resolve("sma_cross").text == MINE
    assert [(i.source, i.path, i.description) for i in library.list() if i.name == "sma_cross"] == [
        ("workspace", path, "My own")
    ]
    library.delete("sma_cross")
    assert library.resolve("sma_cross").source == "shipped"
    assert len(library.list()) == len(SHIPPED)


def test_a_file_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "other place.yml"
    file.write_text(MINE)
    source = StrategyLibrary(tmp_path).resolve(str(file))
    assert (source.name, source.source, source.text) == ("other place", "file", MINE)
    assert StrategyLibrary(tmp_path).resolve(file).path == file


def test_saving_replaces_the_whole_text_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    for text in (MINE, "half a strat", MINE * 3):
        path = library.save("mine", text)
        assert path.read_text() == text
    assert os.listdir(path.parent) == ["mine.yaml"]


@pytest.mark.parametrize(
    "name", ["", "../evil", "a/b", "UPPER", "with space", "a.yaml", "\x1b[31m", "x" * 65, "ä", ".hidden", "a\n"]
)
def test_names_that_are_no_names(tmp_path: Path, name: str) -> None:
    library = StrategyLibrary(tmp_path)
    for attempt in (lambda: library.save(name, MINE), lambda: library.delete(name)):
        with pytest.raises(InputError) as refusal:
            attempt()
        assert str(refusal.value).isprintable()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("sma_cros", "did you mean sma_cross?"),
        ("SMA-Cross", "did you mean sma_cross?"),
        ("zzz", "there are bollinger_reversion"),
        ("missing.yaml", "no strategy file"),
        ("../sma_cross", "no strategy file"),
        ("a\0b", "no strategy"),
        ("", "no strategy"),
        ("x" * 5000, "no strategy"),
        ("~nobody/x.yaml", "no strategy file"),
    ],
    ids=range(9),
)
def test_unknown(tmp_path: Path, reference: str, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        StrategyLibrary(tmp_path).resolve(reference)


def test_a_shipped_one_cannot_be_deleted(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ships with qt"):
        StrategyLibrary(tmp_path).delete("sma_cross")


def test_too_large_and_no_text(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    with pytest.raises(InputError, match="100 kB"):
        library.save("mine", "x" * 100_001)
    with pytest.raises(InputError, match="UTF-8"):
        library.save("mine", "\ud800")
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_bytes(b"x" * 100_001)
    binary.write_bytes(b"ok\nno \xff\n")
    with pytest.raises(InputError, match="100 kB"):
        library.resolve(str(large))
    with pytest.raises(InputError, match="binary.yaml, line 2, column 4: this is not UTF-8"):
        library.resolve(str(binary))


def test_a_broken_strategy_is_still_listed(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    library.save("broken", "description: [\n")
    library.save("odd", "description: {a: 1}\n")
    (tmp_path / "strategies" / "binary.yaml").write_bytes(b"\xff")
    (tmp_path / "strategies" / "Not A Name.yaml").write_text(MINE)
    assert {i.name: i.description for i in library.list() if i.source == "workspace"} == {
        "binary": "",
        "broken": "",
        "odd": "",
    }


def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "strategies").write_text("a file where a folder is due")
    with pytest.raises(StoreError):
        StrategyLibrary(tmp_path).save("mine", MINE)


def test_a_program_is_saved_beside_documents_and_not_under_the_name_of_one(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    assert library.save("mine", "class Mine: ...\n", "python") == tmp_path / "strategies" / "mine.py"
    assert library.resolve("mine").language == "python"
    with pytest.raises(InputError, match=r"there is a strategy mine already.*mine\.py"):
        library.save("mine", MINE)
    library.delete("mine", "python")
    library.save("mine", MINE)
    with pytest.raises(NotFoundError):
        library.delete("mine", "python")
    with pytest.raises(NotFoundError, match="ships with qt"):
        library.delete("mr_pairs", "python")
