"""The store of values: never wrong, only absent; bounded in size and time; safe to delete and to share."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core import clock
from qt_engine.features import feature, use
from qt_engine.features.evaluation import evaluate
from qt_engine.features.graph import resolve
from qt_engine.features.registration import forget
from qt_engine.features.store import FeatureStore
from qt_engine.testing.features import example_market

MINUTE = 60 * clock.SECOND
KILOBYTE = np.arange(128.0)


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def test_what_is_kept_comes_back_from_memory_and_from_another_process_disk(tmp_path: Path) -> None:
    values = np.array([[1.0, np.nan], [-0.0, np.inf], [5e-324, 3.0]])
    first = FeatureStore(tmp_path)
    first.put(key(1), values)
    values[0, 0] = 99.0
    for store in (first, FeatureStore(tmp_path)):
        found = store.get(key(1))
        assert found is not None
        assert found.tobytes() == np.array([[1.0, np.nan], [-0.0, np.inf], [5e-324, 3.0]]).tobytes()
        assert found.shape == (3, 2)
        assert not found.flags.writeable
    assert first.get(key(2)) is None
    empty = np.empty((0, 3))
    first.put(key(3), empty)
    again = FeatureStore(tmp_path).get(key(3))
    assert again is not None and again.shape == (0, 3)


def test_ten_minutes_to_live(tmp_path: Path) -> None:
    with clock.stepping(0, 0):
        FeatureStore(tmp_path).put(key(1), KILOBYTE)
    old, fresh = FeatureStore(tmp_path), FeatureStore(tmp_path)
    with clock.stepping(9 * MINUTE, 0):
        assert old.get(key(1)) is not None
    with clock.stepping(10 * MINUTE - 1, 0):
        assert old.get(key(1)) is not None, "being used does not make it live longer, nor shorter"
    with clock.stepping(10 * MINUTE, 0):
        assert old.get(key(1)) is None
        assert old.bytes_in_memory == 0
        assert fresh.get(key(1)) is None
    assert files(tmp_path) == []


def test_a_clock_that_was_set_back_gives_a_miss(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    with clock.stepping(50 * MINUTE, 0):
        store.put(key(1), KILOBYTE)
    with clock.stepping(40 * MINUTE, 0):
        assert store.get(key(1)) is None


def test_the_least_recently_used_goes_first_in_memory_and_on_disk(tmp_path: Path) -> None:
    with clock.stepping(0):
        memory, disk = FeatureStore(None, capacity=3 * 1024), FeatureStore(tmp_path, capacity=3 * 1024 + 1300)
        for number in range(3):
            memory.put(key(number), KILOBYTE)
            disk.put(key(number), KILOBYTE)
        assert memory.get(key(0)) is not None
        assert FeatureStore(tmp_path).get(key(0)) is not None  # another process reads it
        memory.put(key(3), KILOBYTE)
        disk.put(key(3), KILOBYTE)
        assert [n for n in range(4) if memory.get(key(n)) is not None] == [0, 2, 3]
        assert memory.bytes_in_memory == 3 * 1024
        assert key(0) in {path.stem for path in files(tmp_path)}
        assert key(1) not in {path.stem for path in files(tmp_path)}


def test_the_bounds_hold_whatever_is_kept(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    store = FeatureStore(tmp_path, capacity=20_000)
    for number in range(300):
        store.put(key(number % 90), np.zeros(int(draw.integers(0, 1200))))
        assert store.bytes_in_memory <= 20_000
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 20_000
    store.put(key(1000), np.zeros(20_000))  # larger than all of it
    assert store.get(key(1000)) is None
    nothing = FeatureStore(tmp_path / "none", capacity=0)
    nothing.put(key(1), KILOBYTE)
    assert nothing.get(key(1)) is None
    assert not (tmp_path / "none").exists()


def test_old_files_of_dead_processes_are_cleared_away(tmp_path: Path) -> None:
    with clock.stepping(0, 0):
        for number in range(5):
            FeatureStore(tmp_path).put(key(number), KILOBYTE)
    (tmp_path / "mine.txt").write_text("not the store's")
    with clock.stepping(60 * MINUTE, 0):
        FeatureStore(tmp_path).put(key(9), KILOBYTE)
    assert [path.name for path in files(tmp_path)] == sorted([f"{key(9)}.feature", "mine.txt"])


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    changed = {
        "empty": b"",
        "cut short": content[:-9],
        "a flipped bit": content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        "no head": content.partition(b"\n")[2],
        "noise": bytes(range(256)) * 5,
        "another shape": content.replace(b'"shape": [128]', b'"shape": [127]'),
        "other JSON": b"[1, 2]\n" + content.partition(b"\n")[2],
        "no time": content.replace(b"made_ns", b"made_at"),
    }[how]
    assert changed != content
    path.write_bytes(changed)


@pytest.mark.parametrize(
    "how", ["empty", "cut short", "a flipped bit", "no head", "noise", "another shape", "other JSON", "no time"]
)
def test_a_damaged_file_is_a_miss(tmp_path: Path, how: str) -> None:
    store = FeatureStore(tmp_path)
    store.put(key(1), KILOBYTE)
    [path] = files(tmp_path)
    damage(path, how)
    fresh = FeatureStore(tmp_path)
    assert fresh.get(key(1)) is None
    fresh.put(key(1), KILOBYTE)
    found = FeatureStore(tmp_path).get(key(1))
    assert found is not None and found.tobytes() == KILOBYTE.tobytes()


def test_a_file_under_the_name_of_another_is_a_miss(tmp_path: Path) -> None:
    FeatureStore(tmp_path).put(key(1), KILOBYTE)
    files(tmp_path)[0].rename(tmp_path / f"{key(2)}.feature")
    assert FeatureStore(tmp_path).get(key(2)) is None


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    store = FeatureStore(tmp_path / "blocked")
    store.put(key(1), KILOBYTE)
    assert store.get(key(1)) is not None
    assert FeatureStore(tmp_path / "blocked").get(key(1)) is None
    store.clear()


def test_many_threads_see_whole_values_only(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, capacity=40 * 1024)
    wrong: list[object] = []

    def work(seed: int) -> None:
        draw = np.random.default_rng(seed)
        for _ in range(120):
            number = int(draw.integers(0, 60))
            found = store.get(key(number))
            if found is not None and found.tolist() != [float(number)] * 128:
                wrong.append(found)
            store.put(key(number), np.full(128, float(number)))
            if number == 0:
                for path in files(tmp_path):  # somebody deletes the folder's content
                    path.unlink(missing_ok=True)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.bytes_in_memory <= 40 * 1024
    assert not [path for path in files(tmp_path) if path.suffix != ".feature"]


WRITER = """
import sys; from pathlib import Path; import numpy as np
from qt_engine.features.store import FeatureStore
from features.test_feature_store import key
store = FeatureStore(Path(sys.argv[1])); print('ready', flush=True)
while True:
    for number in range(5): store.put(key(number), np.full(40_000, float(number)))
"""


def test_a_killed_writer_leaves_nothing_that_is_wrong(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, Path(__file__).parents[1:3]))}
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert writer.stdout is not None
        writer.stdout.readline()
        clock.sleep(0.05)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        reader = FeatureStore(tmp_path)
        for number in range(5):
            found = reader.get(key(number))
            assert found is None or found.tolist() == [float(number)] * 40_000


def test_values_are_computed_once_and_again_when_anything_changes(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(close: np.ndarray, *, n: int = 1) -> np.ndarray:
        calls.append(n)
        return close * n

    def times(name: str, n: int, market: object) -> int:
        calls.clear()
        values = evaluate(resolve(name, {"n": n}), market, FeatureStore(tmp_path))  # type: ignore[arg-type]
        assert not values.flags.writeable
        return len(calls)

    market = example_market(40, 2)
    try:
        feature("counted", depends=("close",), description="x")(counted)
        for n in (1, 2):
            evaluate(resolve("counted", {"n": n}), market)  # the first time there is a look at the future beside it
        assert [times("counted", 1, market), times("counted", 1, market), times("counted", 2, market)] == [2, 0, 2]
        assert times("counted", 2, market.head(39)) == 2
        feature("counted", 2, depends=("close",), description="x")(counted)
        evaluate(resolve("counted"), market)
        assert [times("counted", 1, market), times("counted@1", 1, market)] == [2, 0]
        feature("above", depends=("counted",), description="x")(lambda c, *, n=1: c + n)
        store = FeatureStore(tmp_path)
        calls.clear()
        evaluate(resolve("above", {"n": 5}), market, store)
        assert calls == []  # what it depends on was kept
    finally:
        forget("counted")
        forget("above")


def test_whatever_part_is_gone_the_values_are_the_same(tmp_path: Path) -> None:
    """A feature of two features, of which one is of a third: every choice of what the store still has."""
    market = example_market(40, 2)
    try:
        feature("low_part", depends=("returns",), description="x")(lambda r: 2 * r)
        feature("top", depends=("low_part", use("sma", "low_part", window=3), "log_returns"), description="x")(
            lambda a, b, c: a + b + c
        )
        node = resolve("top")
        expected = evaluate(node, market)
        evaluate(node, market, FeatureStore(tmp_path / "whole"))
        kept = files(tmp_path / "whole")
        assert len(kept) == 5
        for choice in range(2 ** len(kept)):
            folder = tmp_path / str(choice)
            folder.mkdir()
            for place, path in enumerate(kept):
                if choice >> place & 1:
                    shutil.copy(path, folder)
            assert evaluate(node, market, FeatureStore(folder)).tobytes() == expected.tobytes()
    finally:
        forget("low_part")
        forget("top")


def test_the_folder_of_a_workspace_may_be_deleted_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "none.yaml"))
    ws = Workspace.open(tmp_path / "workspace")
    ws.data.import_sample()
    first = ws.features.compute("rsi", "AAPL", params={"window": 9})
    assert len(files(tmp_path / "workspace" / "features")) == 1
    for path in files(tmp_path / "workspace" / "features"):
        path.unlink()
    (tmp_path / "workspace" / "features").rmdir()
    for again in (ws, Workspace.open(tmp_path / "workspace")):
        assert again.features.compute("rsi", "AAPL", params={"window": 9}).values.tobytes() == first.values.tobytes()
    monkeypatch.setenv("QT_FEATURE_CACHE_MB", "0")
    bare = Workspace.open(tmp_path / "workspace")
    bare.features.store.clear()
    bare.features.compute("rsi", "AAPL")
    assert files(tmp_path / "workspace" / "features") == []
