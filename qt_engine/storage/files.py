"""Files that are there entirely or not at all, whatever happens while they are written."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_COUNTER = itertools.count()


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A temporary name in the same folder; when the block ends well it is fsynced and takes the place of `path`.

    If the block raises, the temporary file is removed and `path` is as before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{os.getpid()}-{threading.get_ident()}-{next(_COUNTER)}.tmp"
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
