"""The raw store: the bytes as they came, named by their SHA-256, kept before anything is parsed and never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qt_engine.core.errors import StoreError
from qt_engine.storage.files import publish, scratch

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RawFile:
    """Stored bytes: their SHA-256, where they are, how many, and whether this was the first time."""

    sha256: str
    path: Path
    size: int
    is_new: bool


class RawStore:
    """Content-addressed files below `folder`: `aa/<sha256>`, where `aa` is how the hash begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where bytes of this hash are kept, if they are."""
        return self.folder / sha256[:2] / sha256

    def store(self, stream: BinaryIO) -> RawFile:
        """Keep everything the stream gives; bytes that are kept already are not written again.

        Raises
        ------
        StoreError
            If they could not be written. What the stream itself raises passes through.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with scratch(self.folder) as temporary:
                with temporary.open("wb") as file:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        file.write(chunk)
                path = self.path(digest.hexdigest())
                is_new = not path.exists()
                if is_new:
                    publish(temporary, path)
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror or error}") from error
        return RawFile(digest.hexdigest(), path, size, is_new)
