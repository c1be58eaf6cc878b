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
    with scratch(path.parent) as temporary:
        yield temporary
        publish(temporary, path)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A name in `folder` (which is made) that no one else uses; what is there when the block ends is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}-{threading.get_ident()}-{next(_COUNTER)}.tmp"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def publish(temporary: Path, path: Path) -> None:
    """Bring a finished file to disk and give it its name, in one step; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
