"""What stands on the way to the first paint, looked at in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "pandas", "numba", "optuna", "numpy", "duckdb", "pydantic", "pandera", "plotext", "exchange_calendars", "talib",
    "typer", "tree_sitter",
)  # fmt: skip
LOOK = """
import asyncio, json, sys
from pathlib import Path
sys.argv = ["qt"]
import qt_tui.entry
from qt_engine.workspace import Workspace
from qt_tui.app import QtApp
from qt_tui.folders import Folders

def heavy():
    return sorted(set({heavy!r}) & set(sys.modules))

seen = {{}}

class Watched(QtApp):
    # notes what is imported when the symbols have just been painted
    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        rows = screen.query("#symbol-list")
        if rows and rows.first().row_count and "painted" not in seen:
            seen["painted"] = heavy()
            seen["symbols"] = [row.key for row in rows.first().rows]

async def main():
    app = Watched(Workspace.open(Path({folder!r})), Folders(Path({own!r}), Path({own!r})))
    async with app.run_test(size=(120, 40)):
        for _ in range(2000):
            if "painted" in seen:
                break
            await asyncio.sleep(0.005)

asyncio.run(main())
print(json.dumps(seen))
"""


@pytest.fixture
def seen(research: Path, tmp_path: Path) -> dict[str, list[str]]:
    code = LOOK.format(heavy=HEAVY, folder=str(research), own=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_nothing_heavy_is_imported_before_the_symbols_are_on_the_screen(seen: dict[str, list[str]]) -> None:
    assert seen["symbols"] == ["AAPL 1d", "FB 1d", "GOOG 1d", "IBM 1d", "MSFT 1d"]
    assert seen["painted"] == []


def test_the_app_module_imports_nothing_heavy() -> None:
    code = f"import sys, qt_tui.app, qt_tui.entry; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_app_does_not_import_the_command_line() -> None:
    code = "import sys, qt_tui.app, qt_tui.entry; print([m for m in sys.modules if m.startswith('qt_engine.cli')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_only_the_front_door_and_the_core_are_imported() -> None:
    """Types of what the front door returns may be named for the type checker."""
    import ast

    root = Path(__file__).parents[2] / "qt_tui"
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        typing = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        ]  # fmt: skip
        only_types = {child for block in typing for child in ast.walk(block)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.ImportFrom)
                and node not in only_types
                and (node.module or "").startswith("qt_engine")
            ):
                module = node.module or ""
                allowed = module.startswith("qt_engine.core") or module == "qt_engine.workspace"
                assert allowed or (path.name == "entry.py" and module == "qt_engine.cli"), f"{path.name}: {module}"
