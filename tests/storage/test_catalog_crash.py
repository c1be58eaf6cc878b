"""Four processes write and read one catalog at once and are killed on the way: nothing acknowledged may be lost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from qt_engine.core.errors import StoreError
from qt_engine.storage.catalog import Catalog

WORKER = Path(__file__).with_name("catalog_worker.py")
WORKERS, ROWS = 4, 24


def start(folder: Path, kind: str, worker: int, first: int) -> subprocess.Popen[bytes]:
    words = [folder, kind, worker, first, ROWS, folder / f"acknowledged-{worker}"]
    return subprocess.Popen([sys.executable, str(WORKER), *map(str, words)], stderr=subprocess.PIPE)


def acknowledged(folder: Path, worker: int) -> list[int]:
    try:
        text = (folder / f"acknowledged-{worker}").read_text()
    except FileNotFoundError:
        return []
    return [int(line) for line in text.split()]


def problems_after_storm(folder: Path, kind: str) -> list[str]:
    """Run the storm; what was lost or went wrong, in words."""
    with Catalog(folder).write():
        pass
    running = {worker: start(folder, kind, worker, 0) for worker in range(WORKERS)}
    to_kill = {worker: threshold for worker in (0, 1, 2) for threshold in [4 + 3 * worker]}
    problems: list[str] = []
    deadline = time.monotonic() + 90
    while running and time.monotonic() < deadline:
        time.sleep(0.003)
        for worker, process in list(running.items()):
            done = acknowledged(folder, worker)
            if worker in to_kill and len(done) >= to_kill[worker] and process.poll() is None:
                del to_kill[worker]
                process.kill()
                process.communicate()
                # the row that was being written may or may not be there; it is not written again
                done = acknowledged(folder, worker)
                running[worker] = start(folder, kind, worker, done[-1] + 2)
            elif process.poll() is not None:
                error = process.communicate()[1].decode()
                if process.returncode:
                    said = error.strip().splitlines() or [f"ended with {process.returncode}"]
                    problems.append(f"worker {worker}: {said[-1]}")
                del running[worker]
    for process in running.values():
        process.kill()
        process.communicate()
    problems += ["did not end in time"] * bool(running) + ["nobody was killed"] * (len(to_kill) == 3)
    try:
        with Catalog(folder).read() as con:
            stored = set(con.execute("SELECT run_id, name FROM metrics").fetchall())
    except StoreError as error:
        return [*problems, f"unreadable: {error}"]
    rows = [(f"worker {worker}", f"row {row}") for worker in range(WORKERS) for row in acknowledged(folder, worker)]
    return problems + [f"lost {row}" for row in rows if row not in stored]


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert problems_after_storm(tmp_path, "locked") == []
    assert all(len(acknowledged(tmp_path, worker)) >= ROWS - 2 for worker in range(WORKERS))


def test_the_check_notices_a_catalog_without_its_lock(tmp_path: Path) -> None:
    assert problems_after_storm(tmp_path, "unlocked") != []
