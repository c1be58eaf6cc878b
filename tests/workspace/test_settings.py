"""Settings: the shipped defaults, the user's file, variables; wrong ones are named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qt_engine.core import settings
from qt_engine.core.errors import InputError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.yaml"
    monkeypatch.setenv("QT_CONFIG", str(path))
    return path


def test_defaults(config: Path) -> None:
    loaded = settings.load()
    assert (loaded.cash, loaded.fee_bps, loaded.slippage_bps, loaded.tick, loaded.seed) == (
        100_000.0,
        5.0,
        2.0,
        1e-8,
        0,
    )


def test_the_file_lies_over_the_defaults_and_variables_over_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("fee_bps: 1\ncash: 2500\n")
    assert (settings.load().fee_bps, settings.load().cash) == (1.0, 2500.0)
    monkeypatch.setenv("QT_FEE_BPS", "0.5")
    loaded = settings.load()
    assert (loaded.fee_bps, loaded.cash, loaded.slippage_bps) == (0.5, 2500.0, 2.0)
    config.write_text("# empty\n")
    assert settings.load().cash == 100_000.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fee_bsp: 1\n", "did you mean fee_bps"),
        ("cash: much\n", "cash"),
        ("cash: [1]\n", "cash"),
        ("- cash\n", "name: value"),
        ("cash: 1\nfee_bps: {\n", "line 3"),
        ("1: 2\n", "unknown setting '1'"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(InputError, match="config.yaml") as caught:
        settings.load()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_variable_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_CASH", "much")
    with pytest.raises(InputError, match="QT_CASH"):
        settings.load()


def test_without_a_users_own_settings_pydantic_is_not_imported(config: Path) -> None:
    code = "import sys; from qt_engine.core import settings; settings.load(); print('pydantic' in sys.modules)"
    for text, imported in (("", "False"), ("seed: 3\n", "True")):
        config.write_text(text)
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ)
        assert done.stdout.strip() == imported
