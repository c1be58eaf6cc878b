"""The journal: an append-only file of JSON lines that survives a kill at any moment.

Everything long-running (sweeps, paper sessions) writes down what happened before it acts on it or tells anyone. A line is
`{"crc32":"89abcdef","seq":7,"kind":"fill","data":{…}}`; the checksum covers every byte after its comma. Lines are on disk
before `append` returns. A kill may leave a torn last line: readers do not see it, the next writer cuts it off. A complete
line that is damaged was acknowledged once, so it is an error and never dropped.

This module imports neither numpy nor duckdb: processes that only append start at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

from qt_engine.core.errors import StoreError

_PREFIX = b'{"crc32":"%08x",'
_PREFIX_LENGTH = len(_PREFIX % 0)


@dataclass(frozen=True)
class Entry:
    """One line: its number from 0, what it is, what it says, and the byte at which it begins."""

    sequence: int
    kind: str
    data: dict[str, Any]
    offset: int


class Journal:
    """The journal at `path`. Reading needs no lock; there is one writer at a time, which holds the file's `flock`.

    The first `append` takes the lock and cuts off a torn last line; `close` (or the end of a `with` block, or of the
    process) releases it. Threads of one process may share a journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._guard = threading.Lock()
        self._descriptor = -1
        self._sequence = 0
        self._length = 0

    def append(self, kind: str, **data: Any) -> int:
        """Write one line and wait until it is on disk.

        Returns
        -------
        int
            The sequence number of the line, counted from 0.

        Raises
        ------
        StoreError
            If another process writes this journal, or the line could not be brought to disk.
        ValueError, TypeError
            If `data` has no JSON (NaN and infinity have none); nothing is written.
        """
        return self.append_many([(kind, data)])

    def append_many(self, entries: Sequence[tuple[str, dict[str, Any]]]) -> int:
        """Write several lines and wait once. Returns the sequence number of the last one (-1: there is no line yet).

        A kill in between leaves the first few of them. Raises as `append`.
        """
        with self._guard:
            if self._descriptor < 0:
                self._open()
            lines = [_line(self._sequence + i, kind, data) for i, (kind, data) in enumerate(entries)]
            if lines:
                self._write(b"".join(lines))
                self._sequence += len(lines)
            return self._sequence - 1

    def read(self, offset: int = 0) -> tuple[list[Entry], int]:
        """The complete lines from byte `offset` on, and the offset from which to read next time.

        A journal that is not there yet has no lines.

        Raises
        ------
        StoreError
            If a complete line is damaged or missing, or the file is shorter than `offset`.
        """
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(offset)
                text = file.read()
        except FileNotFoundError:
            size, text = 0, b""
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        if offset > size:
            raise StoreError(f"{self.path}: has {size} bytes where {offset} were read before; it was cut or replaced")
        return self._entries(text, offset)

    def close(self) -> None:
        """Release the writer's lock. Appending again takes it anew."""
        with self._guard:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _entries(self, text: bytes, offset: int) -> tuple[list[Entry], int]:
        entries: list[Entry] = []
        for line in text.split(b"\n")[:-1]:
            entry = _parse(line, offset)
            expected = entries[-1].sequence + 1 if entries else (0 if offset == 0 else None)
            if entry is None or (expected is not None and entry.sequence != expected):
                raise StoreError(f"{self.path}: damaged at byte {offset}; restore the file from a copy")
            entries.append(entry)
            offset += len(line) + 1
        return entries, offset

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                entries, end = self.read()
                if end < os.fstat(descriptor).st_size:
                    os.ftruncate(descriptor, end)
                    os.fsync(descriptor)
                _sync_folder(self.path.parent)
            except BaseException:
                os.close(descriptor)
                raise
        except BlockingIOError:
            raise StoreError(f"{self.path}: another process is writing this journal") from None
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        self._descriptor = descriptor
        self._sequence = entries[-1].sequence + 1 if entries else 0
        self._length = end

    def _write(self, lines: bytes) -> None:
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
        except OSError as error:
            # Not acknowledged, so it must not be seen later either. What a failed fsync left in the cache is unknown:
            # closing makes the next append look at the file anew.
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.ftruncate(descriptor, self._length)
            finally:
                os.close(descriptor)
            raise StoreError(f"{self.path}: {error.strerror}") from error
        self._length += len(lines)


def _line(sequence: int, kind: str, data: dict[str, Any]) -> bytes:
    body = json.dumps({"seq": sequence, "kind": kind, "data": data}, separators=(",", ":"), allow_nan=False)
    rest = body[1:].encode("ascii")
    return _PREFIX % crc32(rest) + rest + b"\n"


def _parse(line: bytes, offset: int) -> Entry | None:
    """The entry, or None if the line is not exactly as it was written."""
    rest = line[_PREFIX_LENGTH:]
    if line[:_PREFIX_LENGTH] != _PREFIX % crc32(rest):
        return None
    fields = json.loads(b"{" + rest)
    return Entry(fields["seq"], fields["kind"], fields["data"], offset)


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as durable as its bytes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
