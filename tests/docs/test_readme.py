"""The README is true: its two commands, every command of its tour, its strategies and its Python program are run as they stand."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from qt_engine import Workspace
from qt_engine.cli import main
from qt_engine.cli.groups import GROUPS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
TOUR = [line for kind, text in BLOCKS if not kind for line in text.splitlines() if line.startswith("qt ")]


def block(kind: str, having: str) -> str:
    """The only block of a kind that has these words."""
    texts: list[str] = [text for found, text in BLOCKS if found == kind and having in text]
    assert len(texts) == 1
    return texts[0]


@pytest.mark.parametrize("command", [
    "python3 -m venv .venv && .venv/bin/pip install -e '.[all]' && .venv/bin/qt demo",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[all,dev]' && .venv/bin/pytest",
])  # fmt: skip
def test_the_two_commands_stand_there_exactly(command: str) -> None:
    assert f"```\n{command}\n```" in README


def run(line: str, names: dict[str, str]) -> None:
    """One line of the tour, as a shell would run it."""
    words = [names.get(word, word) for word in shlex.split(line)][1:]
    target = words.index(">") if ">" in words else None
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(words if target is None else words[:target]) == 0, line
    assert output.getvalue().strip(), line
    if target is not None:
        Path(words[target + 1]).write_text(output.getvalue(), encoding="utf-8")


def test_every_command_of_the_tour_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QT_WORKSPACE", "research")
    rows = [f"2024-01-{day:02d},10,12,9,11,11,100" for day in (2, 3, 4, 5)]
    Path("prices.csv").write_text("Date,Open,High,Low,Close,Adj Close,Volume\n" + "\n".join(rows) + "\n")
    Path("rising.py").write_text(block("python", "(Strategy)"), encoding="utf-8")
    ws = Workspace.open("research")
    assert len(TOUR) > 20
    for line in TOUR:
        names: dict[str, str] = {}
        if "RUN" in line:
            names = dict(zip(("OTHER", "RUN"), (record.run_id for record in ws.runs.list()), strict=False))
        if "SESSION" in line:
            names = {"SESSION": ws.sessions.list()[0].session_id}
        run(line, names)
        if line.endswith("> trend.yaml"):
            assert main(["strategies", "check", "trend.yaml"]) == 0
            Path("trend.yaml").write_text(block("yaml", "name: trend"), encoding="utf-8")
    runs = ws.runs.list()
    assert [run.spec.strategy for run in runs] == ["rising", "min_variance", "xmom_crosssec", "trend", "trend"]
    assert [run.model for run in runs[:2]] == ["conservative", "us_stocks"]
    assert all(run.measured()["trades"] > 0 for run in runs)
    for run_again in runs:
        capsys.readouterr()
        assert main(["runs", "reproduce", run_again.run_id, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert found["verdict"] == "identical"


def test_the_python_program_runs(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = block("python", "import Workspace").replace('"research"', repr(f"{ws.folder}/"))
    exec(compile(program, "README.md", "exec"), {})
    assert "80 combinations; the best:" in capsys.readouterr().out


def test_commands_that_are_said_to_be_missing_are_missing() -> None:
    [sentence] = re.findall(r"a sweep on the command line; ([^;]*?)\.\n", README)
    missing = [word.removeprefix("qt ") for word in re.findall(r"`([^`]+)`", sentence)]
    assert missing
    assert not {*missing} & {*GROUPS}


def test_every_key_of_the_table_is_a_key_of_the_app() -> None:
    from qt_tui import keymap

    shown = {"colon": ":", "question_mark": "?", "slash": "/", "plus": "+", "minus": "-"}
    known = {shown.get(key, key) for keys in keymap.defaults().values() for key in keys.split(",")}
    section = README.partition("**The app**")[2].partition("![")[0]
    for word in re.findall(r"`([^`]+)`", section):
        assert word in known or word in ("qt", "sharpe>1 dd<20%"), word


def test_every_variable_that_is_read_is_listed_and_no_other() -> None:
    from dataclasses import fields

    from qt_engine.core.settings import PREFIX, Settings

    listed = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    read = {PREFIX + field.name.upper() for field in fields(Settings)}
    for package in ("qt_engine", "qt_tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            read.update(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", path.read_text(encoding="utf-8")))
    assert listed == {name for name in read if name.startswith(PREFIX)} | {"EDITOR"}
