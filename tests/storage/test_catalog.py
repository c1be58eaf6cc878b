"""What the catalog promises to one process and its threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qt_engine.core.errors import StoreError
from qt_engine.storage.catalog import FILE_NAME, Catalog
from qt_engine.storage.schema import VERSION

TABLES = {
    "audit", "event_series", "event_snapshots", "imports", "metrics", "parts", "raw_files", "runs", "schema_version", "series", "snapshots",
}  # fmt: skip


def count(catalog: Catalog) -> int:
    with catalog.read() as con:
        return int(con.execute("SELECT count(*) FROM metrics").fetchall()[0][0])


def insert(catalog: Catalog, run: str) -> None:
    with catalog.write() as con:
        con.execute("INSERT INTO metrics VALUES (?, 'sharpe', 1.0)", [run])


def test_reading_first_gives_every_table_empty(tmp_path: Path) -> None:
    with Catalog(tmp_path / "new").read() as con:
        names = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        assert con.execute("SELECT max(version) FROM schema_version").fetchall() == [(VERSION,)]
    assert names == TABLES


def test_who_only_reads_writes_nothing_and_waits_for_no_reader(tmp_path: Path) -> None:
    insert(Catalog(tmp_path), "one")
    before = (tmp_path / FILE_NAME).stat()
    with Catalog(tmp_path).read() as con:
        done: list[int] = []
        other = threading.Thread(target=lambda: done.append(count(Catalog(tmp_path))))
        other.start()
        other.join(timeout=20)
        assert done == [1]
        assert con.execute("SELECT run_id FROM metrics").fetchall() == [("one",)]
    after = (tmp_path / FILE_NAME).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    insert(catalog, "kept")
    with pytest.raises(RuntimeError), catalog.write() as con:
        con.execute("INSERT INTO metrics VALUES ('lost', 'sharpe', 1.0)")
        raise RuntimeError
    assert count(catalog) == 1


def test_a_failing_statement_is_a_store_error_and_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with pytest.raises(StoreError, match="metrics|onstraint"), catalog.write() as con:
        for _ in range(2):
            con.execute("INSERT INTO metrics VALUES ('twice', 'sharpe', 1.0)")
    assert count(catalog) == 0


def test_a_second_use_within_the_first_is_an_error_and_no_deadlock(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with catalog.write(), pytest.raises(StoreError, match="already open"), catalog.read():
        pass
    assert count(catalog) == 0


def test_threads_take_turns(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)

    def work(worker: int) -> None:
        for step in range(5):
            insert(catalog, f"{worker}-{step}")

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(catalog) == 20


def test_readers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    insert(catalog, "one")
    with catalog.read():
        other = threading.Thread(target=lambda: count(catalog))
        other.start()
        other.join(timeout=20)
        assert not other.is_alive()


@pytest.mark.parametrize("content", [b"", b"this is no database", bytes(20_000)])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    if content:
        with pytest.raises(StoreError, match=FILE_NAME), Catalog(tmp_path).read():
            pass


def test_a_newer_catalog_is_not_touched(tmp_path: Path) -> None:
    with Catalog(tmp_path).write() as con:
        con.execute("INSERT INTO schema_version VALUES (?)", [VERSION + 1])
    with pytest.raises(StoreError, match="newer"), Catalog(tmp_path).read():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"), Catalog(tmp_path / "file" / "workspace").read():
        pass


def test_what_is_left_of_an_interrupted_creation_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").write_bytes(b"half a catal")
    assert count(Catalog(tmp_path)) == 0
