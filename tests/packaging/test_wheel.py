"""A wheel built from the tree and installed elsewhere finds its configs, themes and styles, and its commands work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOK = """
import asyncio, json, sys
from pathlib import Path
import qt_engine, qt_tui
from qt_engine import Workspace
from qt_engine.core import settings
from qt_engine.core.resources import shipped
from qt_tui import keymap, modes, themes
from qt_tui.app import QtApp
from qt_tui.folders import Folders

here = Path(sys.argv[1])
workspace = Workspace.open(here / "workspace")  # empty: with bars the preview would compile the engine
looks, problems = themes.read_themes()
app = QtApp(workspace, Folders(here / "config", here / "state"))
seen = []

async def walk():
    async with app.run_test(size=(120, 40)) as pilot:
        for mode in modes.MODES:
            await pilot.press(str(mode.number))
            await pilot.pause()
            seen.append(app.current_mode)

asyncio.run(walk())
print(json.dumps({
    "places": [qt_engine.__file__, qt_tui.__file__, str(shipped("configs")), str(shipped("themes"))],
    "path": sys.path,
    "strategies": [info.name for info in workspace.strategies.list() if info.source == "shipped"],
    "programs": [info.name for info in workspace.strategies.programs() if info.source == "shipped"],
    "models": list(workspace.execution_models()),
    "themes": list(looks), "problems": problems, "keys": sorted(keymap.defaults()), "modes": seen,
    "cash": settings.load().cash,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a user's pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    # With the build backend at hand nothing need be downloaded.
    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *isolation, "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=240)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("qt_workstation-*.whl")
    return built


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was installed into."""
    folder = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def run_installed(target: Path, elsewhere: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process that sees the wheel's copy and the libraries, but not the checkout: without `site` no `.pth` is read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "PYTHON"))}
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    environment = {
        **kept, "PYTHONPATH": os.pathsep.join([str(target), *libraries]), "XDG_DATA_HOME": str(elsewhere / "data"),
        "XDG_CONFIG_HOME": str(elsewhere / "config"), "XDG_STATE_HOME": str(elsewhere / "state"),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        capture_output=True, text=True, check=False, cwd=elsewhere, env=environment, timeout=240,
    )  # fmt: skip


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for kind in ("configs", "themes"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / kind).rglob("*") if path.is_file()}
        assert {f"qt_engine/_shipped/{name}" for name in files} <= set(names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"qt_engine", "qt_tui"}
    assert not [name for name in names if "__pycache__" in name]
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_the_installed_copy_finds_its_files_and_every_mode_opens(target: Path, tmp_path: Path) -> None:
    done = run_installed(target, tmp_path, "-c", LOOK, str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for place in found["places"]:
        assert Path(place).is_relative_to(target)
    assert str(ROOT) not in found["path"]
    shipped = sorted(path.stem for path in (ROOT / "configs" / "strategies").glob("*.yaml"))
    assert found["strategies"] == shipped
    assert len(shipped) == 8
    assert found["programs"] == ["mr_pairs", "xmom_crosssec_py"]
    assert found["models"] == sorted(path.stem for path in (ROOT / "configs" / "execution").glob("*.yaml"))
    assert sorted(found["themes"]) == sorted(path.stem for path in (ROOT / "themes").glob("*.yaml"))
    assert found["problems"] == []
    assert found["keys"]
    assert found["modes"] == ["data", "strategies", "runs", "compare", "optimise", "live", "journal"]
    assert found["cash"] == 100_000.0


def test_the_installed_command_works(target: Path, tmp_path: Path) -> None:
    qt = str(target / "bin" / "qt")
    done = run_installed(target, tmp_path, qt, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: qt" in done.stdout
    done = run_installed(target, tmp_path, qt, "-w", "./w", "strategies", "check", "sma_cross", "--json")
    assert done.returncode == 0, done.stderr
    checked = json.loads(done.stdout)
    assert checked["ok"] is True
    assert Path(checked["file"]).is_relative_to(target)
