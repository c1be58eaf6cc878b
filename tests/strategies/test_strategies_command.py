"""`qt strategies`: every mistake of a file with its place; exit code 2 if it cannot be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qt_engine.cli import main
from qt_engine.core.resources import shipped

WRONG = "schema: 1\nname: a\nkind: rules\nentry:\n  long: clse > smaa(close, 3)\nexitt: {}\n"


def _run(capsys: pytest.CaptureFixture[str], workspace: Path, *words: str) -> tuple[int, str, str]:
    code = main(["--workspace", str(workspace), "strategies", *words])
    out, err = capsys.readouterr()
    return code, out, err


def _json(capsys: pytest.CaptureFixture[str], workspace: Path, *words: str) -> tuple[int, Any]:
    code, out, err = _run(capsys, workspace, *words, "--json")
    assert err == ""
    return code, json.loads(out)


def test_check_lists_every_problem(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    code, found = _json(capsys, tmp_path, "check", str(file))
    assert code == 2
    assert (found["file"], found["ok"]) == (str(file), False)
    places = [(p["line"], p["column"], p["severity"], p["suggestion"]) for p in found["problems"]]
    assert places == [(5, 9, "error", "close"), (5, 16, "error", "sma"), (6, 1, "error", "exit")]
    code, out, _ = _run(capsys, tmp_path, "check", str(file))
    assert code == 2
    assert f"{file}:5:16: error: there is no function smaa; did you mean sma?" in out.splitlines()


def test_check_of_a_right_strategy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = _json(capsys, tmp_path, "check", "sma_cross")
    assert (code, found["ok"], found["problems"], found["name"]) == (0, True, [], "sma_cross")
    code, out, _ = _run(capsys, tmp_path, "check", "sma_cross")
    assert code == 0
    assert "sma_cross is right" in out


def test_warnings_do_not_fail_the_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "unused.yaml"
    file.write_text(
        "schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 3}\nlet: {x: close}\n"
    )
    code, found = _json(capsys, tmp_path, "check", str(file))
    assert (code, found["ok"], [p["severity"] for p in found["problems"]]) == (0, True, ["warning"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", bytes(range(256)), b"x" * 200_000, b"[bold]x[/bold]: \x1b[31m"])
def test_check_of_what_is_no_strategy(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    code, found = _json(capsys, tmp_path, "check", str(file))
    assert code == 2
    assert len(found["problems"]) >= 1
    code, out, _ = _run(capsys, tmp_path, "check", str(file))
    assert code == 2
    assert "\x1b" not in out


def test_what_does_not_exist_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in ("check", "show"):
        code, out, err = _run(capsys, tmp_path, command, "sma_cros")
        assert (code, out) == (2, "")
        assert err == "there is no strategy 'sma_cros'; did you mean sma_cross?\n"


def test_list_and_show(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = _json(capsys, tmp_path, "list")
    assert code == 0
    # Another test of this process may have registered a strategy in Python.
    assert {entry["source"] for entry in found} - {"registered"} == {"shipped"}
    assert {path.stem for path in (shipped("configs") / "strategies").glob("*.yaml")} <= {
        entry["name"] for entry in found
    }
    code, out, _ = _run(capsys, tmp_path, "list")
    assert "donchian_breakout" in out
    code, shown = _json(capsys, tmp_path, "show", "sma_cross")
    assert shown["document"]["params"]["fast"]["default"] == 20
    code, out, _ = _run(capsys, tmp_path, "show", "sma_cross")
    assert out == shown["text"]
