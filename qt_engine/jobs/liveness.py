"""Does a job's process still live, and how is a dead one's journal closed?"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qt_engine.core.clock import monotonic, sleep
from qt_engine.core.text import plain
from qt_engine.jobs import job as files
from qt_engine.jobs.job import read_process
from qt_engine.jobs.process import is_alive
from qt_engine.storage.journal import Journal

PATIENCE_S = 5.0
"""How long a job may take to stop when it is asked to, before its process is told, and then ended."""
_POLL_S = 0.02


def lives(folder: Path) -> bool:
    """Whether the process that was started last still runs."""
    identity = read_process(folder)
    return identity is not None and is_alive(identity)


def wait_for_end(folder: Path, patience: float = PATIENCE_S) -> bool:
    """Wait until the process is gone: it lives on for a moment after its last word."""
    deadline = monotonic() + patience
    while lives(folder):
        if monotonic() > deadline:
            return False
        sleep(_POLL_S)
    return True


def wait_for_release(folder: Path, patience: float = PATIENCE_S) -> bool:
    """Wait until nobody holds the journal: a killed process counts as dead before its last thread has let go of it.

    Only under the control lock, where no process can be about to open the journal.
    """
    deadline = monotonic() + patience
    try:
        descriptor = os.open(folder / files.JOURNAL, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if monotonic() > deadline:
                    return False
            sleep(_POLL_S)
    finally:
        os.close(descriptor)


def seal(folder: Path) -> None:
    """Write the last word for a process that cannot. Only under the control lock."""
    if (folder / files.CANCEL).exists():
        append(folder, "stopped", error="the process was ended because it did not answer")
        return
    last = _last_line(folder / files.OUTPUT)
    reason = "the process ended without a word" + (f"; the last it printed: {last}" if last else "")
    append(folder, "interrupted", error=reason)


def append(folder: Path, kind: str, **data: Any) -> None:
    with Journal(folder / files.JOURNAL) as journal:
        journal.append(kind, **data)


def _last_line(path: Path) -> str:
    try:
        lines = path.read_bytes()[-4096:].decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((plain(line, 300) for line in reversed(lines) if line.strip()), "")


@contextmanager
def controlled(folder: Path) -> Iterator[None]:
    """Hold the job's control lock; a process that dies lets go of it."""
    descriptor = os.open(folder / files.CONTROL_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
