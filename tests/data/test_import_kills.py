"""An import that is killed at any moment is either there entirely or not at all."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog

IMPORTER = """
import os, sys
from pathlib import Path
from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog
folder, first = Path(sys.argv[1]), int(sys.argv[2])
data = DataService(folder / "workspace", Catalog(folder / "workspace"))
for day in range(first, 10_000):
    path = folder / f"{day % 2}.csv"
    path.write_text(f"timestamp,open,high,low,close,volume\\n{day * 86400},10,12,9,11,100\\n")
    report = data.import_file(path, symbol="X", interval="1d")
    os.write(1, f"{day} {report.snapshot}\\n".encode())
"""


def test_acknowledged_imports_survive_kills(tmp_path: Path) -> None:
    acknowledged: list[tuple[int, str]] = []
    for pause in (0.0, 0.05, 0.11, 0.18):
        first = acknowledged[-1][0] + 1 if acknowledged else 1
        process = subprocess.Popen([sys.executable, "-c", IMPORTER, str(tmp_path), str(first)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        told = process.stdout.readline()
        time.sleep(pause)
        process.kill()
        lines = (told + process.stdout.read()).decode().split("\n")[:-1]
        process.communicate()
        acknowledged += [(int(day), snapshot) for day, snapshot in (line.split() for line in lines)]
        data = DataService(tmp_path / "workspace", Catalog(tmp_path / "workspace"))
        market = data.load("X")
        assert {day for day, _ in acknowledged} <= set((market.ts // (86_400 * 10**9)).tolist())
        assert [(card.rows, card.last) for card in data.overview()] == [(len(market), 11.0)]
    for _, snapshot in acknowledged:
        assert len(data.load_snapshot([("X", snapshot)], "1d")) > 0
