"""The journal: what was appended is there after any kill; what is damaged is never silently dropped."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.errors import StoreError
from qt_engine.storage.journal import Journal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.lists(st.tuples(st.text(min_size=1), st.dictionaries(st.text(), JSON, max_size=3)), max_size=6)


def written(path: Path, count: int) -> bytes:
    with Journal(path) as journal:
        for i in range(count):
            assert journal.append("tick", value=i) == i
    return path.read_bytes()


@settings(max_examples=30, deadline=None)
@given(entries=ENTRIES)
def test_what_was_appended_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, dict[str, Any]]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    with Journal(path) as journal:
        assert journal.append_many(entries) == len(entries) - 1
    read, end = Journal(path).read()
    assert [(entry.kind, entry.data) for entry in read] == entries
    assert [entry.sequence for entry in read] == list(range(len(entries)))
    assert end == path.stat().st_size


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs" / "1" / "journal.jsonl")
    assert journal.read() == ([], 0)
    journal.append("a", x=1)
    first, offset = journal.read()
    assert [entry.data for entry in first] == [{"x": 1}]
    assert journal.read(offset) == ([], offset)
    journal.append("b", x=2)
    second, end = journal.read(offset)
    assert [(entry.sequence, entry.kind, entry.offset) for entry in second] == [(1, "b", offset)]
    assert end > offset


def test_a_tail_torn_at_any_byte_is_ignored_and_then_cut_off(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", 3)
    two = written(tmp_path / "two", 2)
    for cut in range(len(two), len(whole)):
        path = tmp_path / f"cut-{cut}"
        path.write_bytes(whole[:cut])
        assert len(Journal(path).read()[0]) == 2
        assert Journal(path).append("tick", value=2) == 2
        assert path.read_bytes() == whole


def test_zeros_after_a_power_cut_are_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = written(path, 2)
    path.write_bytes(whole + bytes(512))
    assert len(Journal(path).read()[0]) == 2
    assert Journal(path).append("tick", value=2) == 2


def test_any_damaged_byte_of_a_complete_line_is_an_error(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", 3)
    path = tmp_path / "damaged"
    for position in range(0, len(whole) - 1, 3):
        damaged = bytearray(whole)
        damaged[position] ^= 0x04
        path.write_bytes(bytes(damaged))
        with pytest.raises(StoreError, match="damaged at byte"):
            Journal(path).read()
        with pytest.raises(StoreError):
            Journal(path).append("tick", value=3)
        assert path.read_bytes() == bytes(damaged)


@pytest.mark.parametrize("gone", [0, 1])
def test_a_missing_line_is_an_error(tmp_path: Path, gone: int) -> None:
    lines = written(tmp_path / "journal", 3).splitlines(keepends=True)
    del lines[gone]
    (tmp_path / "journal").write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match="damaged"):
        Journal(tmp_path / "journal").read()


def test_a_file_that_shrank_is_an_error(tmp_path: Path) -> None:
    whole = written(tmp_path / "journal", 2)
    with pytest.raises(StoreError, match="cut or replaced"):
        Journal(tmp_path / "journal").read(len(whole) + 10)


def test_there_is_one_writer(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "journal"), Journal(tmp_path / "journal")
    first.append("a")
    with pytest.raises(StoreError, match="another process"):
        second.append("b")
    first.close()
    assert second.append("b") == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_has_no_json_writes_nothing(tmp_path: Path, value: object) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append("a")
    with pytest.raises((ValueError, TypeError)):
        journal.append_many([("b", {"x": 1}), ("c", {"x": value})])
    assert journal.append("d") == 1


def test_threads_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    threads = [threading.Thread(target=lambda: [journal.append("beat") for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.sequence for entry in journal.read()[0]] == list(range(80))


def test_a_line_that_does_not_fit_on_the_disk_is_not_there(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from qt_engine.core.errors import StoreError
from qt_engine.storage.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.append("small")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    journal.append("large", text="x" * 5000)
except StoreError as error:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(journal.append("small"), len(journal.read()[0]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "journal")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused", "1", "2"]


WRITER = """
import os, sys
from pathlib import Path
from qt_engine.storage.journal import Journal
journal = Journal(Path(sys.argv[1]))
while True:
    os.write(1, b"%d\\n" % journal.append("fill", text="x" * 300, numbers=list(range(40))))
"""


def test_nothing_acknowledged_is_lost_by_kills(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    highest = -1
    for pause in (0.0, 0.004, 0.009, 0.015, 0.022):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(pause)
        process.kill()
        told = [int(line) for line in (first + process.stdout.read()).split(b"\n")[:-1] if line]
        process.communicate()
        assert told[0] > highest
        highest = told[-1]
        sequences = [entry.sequence for entry in Journal(path).read()[0]]
        assert sequences == list(range(len(sequences)))
        assert len(sequences) > highest


def test_appending_needs_no_heavy_library() -> None:
    code = (
        "import sys, qt_engine.storage.journal; print([m for m in ('numpy', 'duckdb', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "[]"
