"""The command `qt`: the app where nothing but a workspace is named, else the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qt_tui.entry import only_a_workspace
from qt_tui.filtering import parse_filter
from qt_tui.grid_text import read_grid


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ([], ()),
        (["--workspace", "research"], ("research",)),
        (["--workspace=./here"], ("./here",)),
        (["--help"], None),
        (["data", "list"], None),
        (["--workspace", "research", "demo"], None),
        (["--workspace"], None),
    ],
)
def test_what_opens_the_app(words: list[str], place: tuple[str, ...] | None) -> None:
    assert only_a_workspace(words) == place


def test_help_does_not_import_the_app() -> None:
    code = (
        "import sys; sys.argv = ['qt', '--help']\nfrom qt_tui.entry import main\ncode = main()\n"
        "print(code, 'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "0 False"


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("sma aapl", True),
        ("sma ibm", False),
        ("sharpe>1", True),
        ("sharpe>1.3", False),
        ("dd<20%", True),
        ("dd<10%", False),
        ("max_drawdown<=15%", True),
        ("trades=12 sma", True),
        ("sortino>0", False),
        ("fast>=10", True),
        ("a>b", False),
    ],
)
def test_filters(text: str, passes: bool) -> None:
    figures = {"sharpe": 1.2, "max_drawdown": -0.15, "trades": 12.0, "fast": 10.0, "sortino": None}
    assert parse_filter(text).accepts("SMA_cross AAPL", figures) is passes


def test_grids() -> None:
    assert read_grid("") is None
    assert read_grid("fast=5:20:5 stop=0.1,0.2") == {"fast": [5, 10, 15, 20], "stop": [0.1, 0.2]}
    assert read_grid("n=1:3") == {"n": [1, 2, 3]}


@pytest.mark.parametrize(
    "text", ["fast", "=3", "fast=", "fast=a", "fast=5:1:1", "fast=1:2:0", "fast=1:9:1:1", "x=1:1e9:1", "x=nan"]
)
def test_wrong_grids_are_refused(text: str) -> None:
    from qt_engine.core.errors import InputError

    with pytest.raises(InputError):
        read_grid(text)
