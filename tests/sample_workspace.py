"""Fixtures: a workspace with the real sample bars, its own copy for each test, and a user without settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qt_engine import Workspace

STRATEGY = """\
schema: 1
name: quick
kind: rules
interval: 1d
universe: [AAPL]
params:
  window: {type: int, default: 10, low: 2, high: 100}
entry:
  long: crosses_above(close, sma(close, window))
exit:
  long: crosses_below(close, sma(close, window))
  stop_loss: 5%
"""


@pytest.fixture(autouse=True)
def own_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests is read or written."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "no-config.yaml"))
    for name in ("QT_WORKSPACE", "QT_CASH", "QT_FEE_BPS", "QT_SLIPPAGE_BPS", "QT_TICK", "QT_SEED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample bars; not to be changed."""
    folder = tmp_path_factory.mktemp("sample") / "workspace"
    Workspace.open(folder).data.import_sample()
    return folder


@pytest.fixture
def ws(sample: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of the test's own with the sample bars and the strategy `quick`."""
    folder = tmp_path / "workspace"
    shutil.copytree(sample, folder)
    opened = Workspace.open(folder)
    opened.strategies.save("quick", STRATEGY)
    yield opened
