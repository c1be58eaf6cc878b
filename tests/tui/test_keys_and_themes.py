"""Keys and themes are files: the shipped ones are right, and a user's own are laid over them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_tui import keymap, themes
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from research_workspace import settle

THEMES = shipped("themes")


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", themes.ORDER)
def test_a_shipped_theme_is_readable(name: str) -> None:
    look = themes.read_theme(THEMES / f"{name}.yaml")
    least = 7.0 if name == "high_contrast" else 4.5
    for colour in ("foreground", "accent", "error", "warning"):
        assert contrast(look.colours[colour], look.colours["background"]) >= least, colour
    for colour in (look.palette.gain, look.palette.loss, look.colours["muted"]):
        assert contrast(colour, look.colours["background"]) >= (7.0 if name == "high_contrast" else 3.5), colour
    assert contrast(look.colours["foreground"], look.colours["cursor"]) >= 4.5


def test_a_user_lays_a_theme_over_the_shipped_ones(tmp_path: Path) -> None:
    text = (THEMES / "dark.yaml").read_text("utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("name: dark", "name: mine"), "utf-8")
    (tmp_path / "broken.yaml").write_text(text.replace('"#5aa9e6"', "blue"), "utf-8")
    looks, problems = themes.read_themes(tmp_path)
    assert list(looks) == [*themes.ORDER, "mine"]
    assert len(problems) == 1 and "broken.yaml" in problems[0] and "colours.primary" in problems[0]


@pytest.mark.parametrize("text", ["", "- a list", "colours: {}", "a: [", "colours: 3\nchart: 4"])
def test_a_wrong_theme_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"odd\.yaml"):
        themes.read_theme(path)


async def test_t_cycles_the_themes_and_the_choice_is_remembered(app: QtApp, folders: Folders) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.theme == "dark"
        await pilot.press("t")
        assert app.theme == "light"
    again = QtApp(app.workspace, folders)
    assert again.theme == "light"


def test_no_key_is_the_prefix_of_tmux() -> None:
    for identity, keys in keymap.defaults().items():
        assert "ctrl+b" not in keys.split(","), identity


async def test_every_action_of_the_keymap_is_bound_and_explained(app: QtApp) -> None:
    from qt_tui.screens import compare, confirm, data, form, jobs, live, runs, strategies
    from qt_tui.screens.mode import ModeScreen
    from qt_tui.widgets.candle_chart import CandleChart
    from qt_tui.widgets.editor import Editor
    from qt_tui.widgets.table import Table

    owners = [
        QtApp, ModeScreen, data.DataScreen, strategies.StrategiesScreen, runs.RunsScreen, compare.CompareScreen,
        live.LiveScreen, jobs.JobsScreen, confirm.ConfirmScreen, form.FormScreen, Table, CandleChart,
        Editor,
    ]  # fmt: skip
    bound = {}
    for owner in owners:
        for kind in owner.__mro__:
            for binding in getattr(kind, "BINDINGS", ()):
                if getattr(binding, "id", None):
                    bound[binding.id] = binding
    assert sorted(bound) == sorted(keymap.defaults())
    for identity, binding in bound.items():
        assert binding.tooltip and binding.description, identity


async def test_a_users_keymap_changes_a_key(workspace: Workspace, folders: Folders) -> None:
    folders.config.mkdir(parents=True)
    folders.keymap.write_text("app:\n  theme: ctrl+t\n", "utf-8")
    app = QtApp(workspace, folders)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("t")
        assert app.theme == "dark"
        await pilot.press("ctrl+t")
        assert app.theme == "light"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app:\n  themes: x\n", "did you mean app.theme?"),
        ("app:\n  theme: ctrl+b\n", "tmux"),
        ("app: t\n", "app must be a mapping"),
        ("app:\n  theme: [a\n", "line"),
    ],
)
async def test_a_wrong_keymap_is_said_in_one_line(text: str, said: str, workspace: Workspace, folders: Folders) -> None:
    folders.config.mkdir(parents=True)
    folders.keymap.write_text(text, "utf-8")
    app = QtApp(workspace, folders)
    async with app.run_test() as pilot:
        await settle(pilot)
        messages = [note.message for note in app._notifications]
        assert len(messages) == 1
        assert said in messages[0] and "keymap.yaml" in messages[0] and "\n" not in messages[0]
        await pilot.press("t")
        assert app.theme == "light", "the shipped keys still work"


async def test_number_keys_write_numbers_in_the_editor_and_function_keys_always_switch(app: QtApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("e", "1", "3")
        assert app.current_mode == "strategies"
        assert "13" in app.screen.query_one("#editor").text.splitlines()[0]  # type: ignore[attr-defined]
        await pilot.press("escape", "3")
        assert app.current_mode == "runs"
        await pilot.press("2", "e", "f6")
        assert app.current_mode == "live"


def test_shipped_files_are_the_ones_read(tmp_path: Path) -> None:
    shutil.copytree(THEMES, tmp_path / "themes")
    assert {path.stem for path in THEMES.glob("*.yaml")} == set(themes.ORDER)
