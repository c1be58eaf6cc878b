"""One process that writes rows to a catalog, reads them back, and tells what was acknowledged; run by test_catalog_crash.py.

Arguments: folder, `locked` or `unlocked`, number of the worker, first and one past the last row, file of acknowledgements.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qt_engine.core.clock import sleep
from qt_engine.core.errors import StoreError
from qt_engine.storage.catalog import FILE_NAME, Catalog


class UnlockedCatalog(Catalog):
    """The broken control: no lock beside the file, and the file is opened and closed once more in the same process."""

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        yield

    @contextmanager
    def _connection(self, *, read_only: bool, path: Path | None = None) -> Iterator[Any]:
        with super()._connection(read_only=read_only, path=path) as con:
            (self.folder / FILE_NAME).open("rb").close()
            yield con


def write(catalog: Catalog, worker: int, row: int) -> None:
    """One acknowledged row; where DuckDB's own lock refuses, try again."""
    for _ in range(2000):
        try:
            with catalog.write() as con:
                con.execute("INSERT INTO metrics VALUES (?, ?, ?)", [f"worker {worker}", f"row {row}", float(row)])
            return
        except StoreError as error:
            if "lock" not in str(error):
                raise
            sleep(0.002)
    raise StoreError("never got the lock")


def main() -> None:
    folder, kind, worker, first, end, acknowledged = sys.argv[1:]
    catalog = Catalog(Path(folder)) if kind == "locked" else UnlockedCatalog(Path(folder))
    descriptor = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for row in range(int(first), int(end)):
        write(catalog, int(worker), row)
        os.write(descriptor, f"{row}\n".encode())
        if kind == "locked" and row % 3 == 0:
            with catalog.read() as con:
                seen = con.execute("SELECT count(*) FROM metrics WHERE run_id = ?", [f"worker {worker}"]).fetchall()[0][
                    0
                ]
            if seen < len(Path(acknowledged).read_text().split()):
                raise StoreError(f"worker {worker} sees {seen} rows, fewer than were acknowledged")


if __name__ == "__main__":
    main()
