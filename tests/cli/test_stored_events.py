"""What is stored beside bars can be found: in the list of data, and as a list of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qt_engine.cli import main


@pytest.fixture
def room(tmp_path: Path) -> tuple[str, str]:
    """A workspace with trades of one symbol and splits of another, and no bars."""
    words = ("-w", f"{tmp_path}/w")
    (tmp_path / "trades.csv").write_text("time,price,size\n2024-01-02T10:00:00Z,10,1\n2024-01-03T10:00:00Z,11,1\n")
    (tmp_path / "actions.csv").write_text("date,kind,value\n2024-01-02,split,2\n")
    for symbol, kind in (("B", "trades"), ("A", "actions")):
        assert main([*words, "data", "import", f"{tmp_path}/{kind}.csv", "--symbol", symbol, "--kind", kind]) == 0
    return words


def test_the_list_of_data_has_them(room: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([*room, "data", "list"]) == 0
    said = capsys.readouterr().out
    assert "trades" in said and "actions" in said and "Nothing is stored" not in said


def test_they_are_listed_where_no_symbol_is_named(room: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([*room, "data", "events", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["symbol"], one["kind"], one["rows"]) for one in found] == [("A", "actions", 1), ("B", "trades", 2)]
    assert list(found[0]) == ["symbol", "kind", "venue", "rows", "start", "end", "snapshot"]
    assert main([*room, "data", "events", "--kind", "trades", "--json"]) == 0
    assert [one["symbol"] for one in json.loads(capsys.readouterr().out)] == ["B"]
    assert main([*room, "data", "events", "--kind", "trade"]) == 2
    assert main([*room, "data", "events"]) == 0
    assert "2024-01-03" in capsys.readouterr().out


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-w", f"{tmp_path}/w", "data", "events"]) == 0
    assert "qt data import FILE" in capsys.readouterr().out
