"""The page of the terminal app is true: every mode, every action with its keys, every theme; its own keymap is accepted."""

from __future__ import annotations

import re
from pathlib import Path

from qt_tui import keymap, modes, themes

PAGE = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text(encoding="utf-8")
SHOWN = {"colon": ":", "question_mark": "?", "slash": "/", "plus": "+", "equals_sign": "=", "minus": "-"}
"""Keys that are shown as what they type, by Textual's name."""


def test_every_action_stands_there_with_its_keys_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| ([^|]+) \|", PAGE, re.MULTILINE)
    documented = {action: re.findall(r"`([^`]+)`", keys) for action, keys in rows}
    shipped = {action: [SHOWN.get(key, key) for key in keys.split(",")] for action, keys in keymap.defaults().items()}
    assert documented == shipped


def test_every_mode_stands_there_with_its_number() -> None:
    assert re.findall(r"^\| `(\d)` \| (\w+) \|", PAGE, re.MULTILINE) == [(str(m.number), m.title) for m in modes.MODES]


def test_every_theme_is_named() -> None:
    section = PAGE.partition("## Themes")[2]
    for name in themes.ORDER:
        assert f"`{name}`" in section


def test_the_keymap_of_the_example_is_accepted(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "keymap.yaml"
    path.write_text(example, encoding="utf-8")
    assert keymap.overrides(path) == {"app.theme": "ctrl+t", "strategies.save": "ctrl+s,f12"}
