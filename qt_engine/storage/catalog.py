"""The catalog: one DuckDB file, and the lock beside it that makes it safe among many processes.

DuckDB lets one process write a file and guards it with a POSIX record lock, which a process loses as soon as it closes
any descriptor of that file: after that a second writer may open it and destroys rows that were acknowledged. So each use
takes `catalog.lock` with `flock` first (shared to read, exclusive to write; a descriptor of its own each time, so that
threads exclude each other too), then opens, works, closes and unlocks. Nothing else may ever open the file.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qt_engine.core.clock import monotonic, sleep
from qt_engine.core.errors import StoreError
from qt_engine.core.text import plain
from qt_engine.storage.schema import VERSION, migrate, stored_version

if TYPE_CHECKING:
    import duckdb

FILE_NAME = "catalog.duckdb"
LOCK_NAME = "catalog.lock"
TURN_NAME = "catalog.turn"
PATIENCE_S = 60.0
"""How long to wait for others before giving up; transactions take some tens of milliseconds."""


class Catalog:
    """The catalog of the workspace in `folder`; holds no connection between uses, so it may be shared by threads.

    Raises
    ------
    StoreError
        From `read` and `write`, when the file cannot be locked, opened, read or written, or a statement failed; what
        the transaction did is then rolled back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._inside = threading.local()
        self._current = False

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return (self.folder / FILE_NAME).exists()

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One look at the catalog. Readers do not exclude each other. A catalog that is not there yet is made."""
        while True:
            with self._locked(fcntl.LOCK_SH), ExitStack() as stack:
                if self._filled():
                    con = stack.enter_context(self._connection(read_only=True))
                    # Mostly it is, and then a process that only looks waits for no disk.
                    if self._current or stored_version(con) == VERSION:
                        self._current = True
                        yield con
                        return
            with self.write():
                pass

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One short transaction: committed and on disk when the block ends, rolled back if it raises."""
        with self._locked(fcntl.LOCK_EX):
            if not self.exists:
                self._create()
            with self._connection(read_only=False) as con:
                con.execute("BEGIN")
                try:
                    if not self._current:
                        migrate(con)
                    yield con
                    con.execute("COMMIT")
                except BaseException:
                    with suppress(Exception):
                        con.execute("ROLLBACK")
                    raise
            self._current = True

    def _filled(self) -> bool:
        """Whether there is a file with something in it."""
        try:
            return (self.folder / FILE_NAME).stat().st_size > 0
        except OSError:
            return False

    def _create(self) -> None:
        """Make the empty catalog under another name, so that a kill on the way never leaves half a file."""
        unfinished = self.folder / f"{FILE_NAME}.new"
        for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}.wal")):
            leftover.unlink(missing_ok=True)
        with self._connection(read_only=False, path=unfinished) as con:
            con.execute("BEGIN")
            migrate(con)
            con.execute("COMMIT")
        unfinished.replace(self.folder / FILE_NAME)

    @contextmanager
    def _connection(self, *, read_only: bool, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        path = path or self.folder / FILE_NAME
        try:
            # one thread: the statements are small, and a pool costs more to start than it saves
            con = duckdb.connect(path, read_only=read_only, config={"threads": 1})
            try:
                yield con
            finally:
                con.close()
        except duckdb.Error as error:
            raise StoreError(f"{path}: {plain(str(error).partition(chr(10))[0])}") from error

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        if getattr(self._inside, "catalog", False):
            raise StoreError("the catalog is already open in this thread; end one transaction before the next")
        lock = -1
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Who waits for the lock holds the turn, so that a stream of readers cannot keep a writer out for ever.
            turn = _flock(self.folder / TURN_NAME, fcntl.LOCK_EX)
            try:
                lock = _flock(self.folder / LOCK_NAME, mode)
            finally:
                os.close(turn)
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror or error}") from error
        self._inside.catalog = True
        try:
            yield
        finally:
            self._inside.catalog = False
            os.close(lock)


def _flock(path: Path, mode: int) -> int:
    """A new descriptor that holds the lock of the whole file; closing it unlocks."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait(descriptor, mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, mode: int, path: Path) -> None:
    deadline = monotonic() + PATIENCE_S
    pause = 0.0005
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if monotonic() > deadline:
                raise StoreError(f"{path}: another process has held the catalog for {PATIENCE_S:g} s; end it") from None
        sleep(pause)
        pause = min(pause * 1.5, 0.01)
