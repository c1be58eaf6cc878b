"""The page of the command line is true: every command and option, and no other; every JSON key, and no other."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qt_engine import Workspace
from qt_engine.cli import main
from qt_engine.cli.groups import root
from qt_engine.core import clock
from qt_engine.simulation.presets import preset, presets

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = {
    heading.strip(): body
    for heading, body in re.findall(r"^### (qt [^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
}
Shape = dict[str, "Shape"] | list["Shape"] | None


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command of typer's tree that does something, by its words."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    for name in names:
        yield from commands(command.get_command(None, name), f"{path} {name}")
    if not names:
        yield path, command


COMMANDS = dict(commands(root(), "qt"))


def words_of(command: Any) -> set[str]:
    """What may be written after a command."""
    words: set[str] = set()
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            words.add(parameter.metavar or parameter.name.upper())
        elif parameter.name != "help":
            words.update(parameter.opts)
    return words


def documented_words(section: str) -> set[str]:
    """The words in the first column of a section's table."""
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def parse(text: str) -> Shape:
    """`{a, b: {c}, d: [{e}]}` as nested dicts and lists; None for what is not opened."""
    tokens = re.findall(r"[{}\[\]:,]|\w+", text)

    def value(at: int) -> tuple[Shape, int]:
        if tokens[at] == "[":
            inner, at = value(at + 1)
            assert tokens[at] == "]"
            return [inner], at + 1
        assert tokens[at] == "{", tokens[at]
        found: dict[str, Shape] = {}
        while tokens[at] != "}":
            name, at = tokens[at + 1], at + 2
            found[name] = None
            if tokens[at] == ":":
                found[name], at = value(at + 1)
        return found, at + 1

    return value(0)[0]


def assert_shape(document: Any, shape: Shape, place: str) -> None:
    """Exactly the documented keys, all the way down; a list needs at least one item, or nothing is shown."""
    if isinstance(shape, dict):
        assert isinstance(document, dict), place
        assert list(document) == list(shape), place
        for name, inner in shape.items():
            assert_shape(document[name], inner, f"{place}.{name}")
    elif isinstance(shape, list):
        assert isinstance(document, list), place
        for item in document:
            assert_shape(item, shape[0], f"{place}[]")


def shape_of(heading: str) -> Any:
    [text] = re.findall(r"```keys\n(.*?)```", SECTIONS[heading], re.DOTALL)
    return parse(text)


def test_the_page_has_every_command_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("heading", COMMANDS)
def test_the_page_has_every_argument_and_option_and_no_other(heading: str) -> None:
    assert documented_words(SECTIONS[heading]) == words_of(COMMANDS[heading])


def test_the_options_of_qt_itself_are_documented() -> None:
    intro = PAGE.partition("## What every command")[0]
    assert documented_words(intro) == words_of(root())


class Desk:
    """One workspace in which every command was once called with `--json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace.open(folder / "workspace")

    def __call__(self, *words: str) -> Any:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main(["--workspace", str(self.workspace.folder), *words, "--json"])
        assert code in (0, 2), words
        return json.loads(out.getvalue())

    def wait(self, session: str) -> None:
        """Until a session has seen all its bars."""
        deadline = clock.monotonic() + 120
        while self.workspace.sessions.status(session).state == "running":
            assert clock.monotonic() < deadline
            clock.sleep(0.05)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every command prints, by its heading."""
    folder = tmp_path_factory.mktemp("commands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QT_CONFIG", str(folder / "none.yaml"))
        return call_everything(folder)


def call_everything(folder: Path) -> dict[str, Any]:
    """Call every command once, on a few bars of its own and on the sample."""
    qt = Desk(folder)
    bars, wrong = folder / "bars.csv", folder / "wrong.yaml"
    rows = [f"2024-01-{day:02d},10,12,9,11,100" for day in (1, 2, 3, 4, 8, 9, 10)]
    bars.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    wrong.write_text("schema: 1\nname: a\nkind: rules\nentry:\n  long: clse > smaa(close, 3)\n")
    found = {"qt data import": qt("data", "import", str(bars), "--symbol", "FLAT", "--interval", "1d")}
    qt("data", "import", "sample")
    found["qt data list"] = qt("data", "list")
    found["qt data bars"] = qt("data", "bars", "AAPL", "--limit", "3")
    events = folder / "trades.csv"
    events.write_text("time,price,size\n2024-01-02T00:00:00Z,10,1\n")
    qt("data", "import", str(events), "--symbol", "FLAT", "--kind", "trades")
    found["qt data events"] = qt("data", "events", "FLAT")
    found["qt data quality"] = qt("data", "quality", "FLAT")
    found["qt features list"] = qt("features", "list", "--search", "momentum")
    found["qt features compute"] = qt("features", "compute", "rsi", "--symbol", "AAPL", "--limit", "2")
    found["qt strategies list"] = qt("strategies", "list")
    found["qt strategies show"] = qt("strategies", "show", "sma_cross")
    found["qt strategies check"] = qt("strategies", "check", str(wrong))
    found["qt strategies prove"] = qt("strategies", "prove", "sma_cross", "--symbols", "AAPL", "--end", "2002-12-31")
    found["qt backtest"] = qt("backtest", "sma_cross", "--symbols", "AAPL,IBM", "--end", "2012-09-01")
    run = found["qt backtest"]["run_id"]
    other = qt("backtest", "rsi_reversion", "--symbols", "MSFT")["run_id"]
    found["qt runs list"] = qt("runs", "list")
    found["qt runs show"] = qt("runs", "show", run)
    found["qt runs trades"] = qt("runs", "trades", run)
    found["qt runs compare"] = qt("runs", "compare", run, other)
    found["qt runs reproduce"] = qt("runs", "reproduce", run)
    found["qt runs export"] = qt("runs", "export", run, "-o", str(folder / "exported"))
    found["qt paper start"] = qt("paper", "start", "sma_cross", "--symbols", "AAPL", "--end", "2004-12-31")
    session = found["qt paper start"]["session_id"]
    qt.wait(session)
    found["qt paper list"] = qt("paper", "list")
    found["qt paper status"] = qt("paper", "status", session)
    found["qt paper parity"] = qt("paper", "parity", session)
    slow = qt("paper", "start", "sma_cross", "--symbols", "AAPL", "--speed", "0.01")["session_id"]
    found["qt jobs list"] = qt("jobs", "list")
    found["qt jobs show"] = qt("jobs", "show", session)
    found["qt paper stop"] = qt("paper", "stop", slow)
    found["qt paper resume"] = qt("paper", "resume", slow)
    found["qt jobs cancel"] = qt("jobs", "cancel", slow)
    return found


def test_every_command_was_called(documents: dict[str, Any]) -> None:
    assert sorted(documents) == sorted(set(COMMANDS) - {"qt demo"})
    # what has items in it is not shown by an empty list
    assert documents["qt backtest"]["open_positions"]
    assert documents["qt runs trades"]
    assert documents["qt strategies check"]["problems"]
    assert documents["qt paper status"]["orders"] and documents["qt paper status"]["fills"]
    assert documents["qt data quality"]["gaps"]["items"] and documents["qt data quality"]["stale"]["items"]


def test_every_documented_key_is_there_and_no_other(documents: dict[str, Any]) -> None:
    for heading, section in SECTIONS.items():
        if "```keys" not in section or heading in ("qt runs show", "qt jobs show"):
            continue
        assert_shape(documents[heading], shape_of(heading), heading)


def test_the_keys_of_one_command_that_are_said_to_be_those_of_another(documents: dict[str, Any]) -> None:
    def joined(first: str, then: str) -> dict[str, Shape]:
        shape = shape_of(first)
        return {**(shape[0] if isinstance(shape, list) else shape), **shape_of(then)}

    assert_shape(documents["qt runs show"], joined("qt backtest", "qt runs show"), "runs show")
    listed = {
        k: inner for k, inner in joined("qt backtest", "qt runs show").items() if k not in ("events", "fallbacks")
    }
    assert_shape(documents["qt runs list"], [listed], "runs list")
    assert_shape(documents["qt jobs show"], joined("qt jobs list", "qt jobs show"), "jobs show")
    assert_shape(documents["qt jobs cancel"], shape_of("qt jobs list")[0], "jobs cancel")
    session = {
        name: inner for name, inner in shape_of("qt paper status").items() if name not in ("orders", "fills", "events")
    }
    assert_shape(documents["qt paper list"], [session], "paper list")
    for row in documents["qt runs compare"]["metrics"].values():
        assert list(row) == ["values", "differences"]


def test_every_execution_model_stands_there_and_the_example_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = PAGE.partition("## Execution models")[2].partition("\n## ")[0]
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "config.yaml"))
    assert documented_words(section) == set(presets())
    [example] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (tmp_path / "execution").mkdir()
    (tmp_path / "execution" / "mine.yaml").write_text(example, encoding="utf-8")
    assert preset("mine").model().fees[0].minimum == 1.0


def test_the_shown_errors_are_the_real_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.csv").write_text("timestamp,open,high,low,close,volume\n2024-01-01,10,12,9,eleven,5\n")
    for command, line in re.findall(r"^\$ qt ([^\n]+)\n([^\n]+)$", PAGE, re.MULTILINE):
        with contextlib.chdir(tmp_path):
            code = main(["--workspace", str(tmp_path / "w"), *command.split()])
        assert (code, capsys.readouterr().err) == (2, f"{line}\n"), command
