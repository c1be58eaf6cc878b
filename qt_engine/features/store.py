"""Values of features that were computed a moment ago, in memory and on disk. All of it may be deleted at any time.

A value is found by a key that names everything it depends on, so that it is never wrong, only absent. The least recently
used values go first when there are too many, and each lives for a limited time. A file that is damaged, cut short or of
somebody else counts as absent.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qt_engine.core import clock
from qt_engine.core.hashing import hash_bytes
from qt_engine.features._arrays import Floats
from qt_engine.storage.files import scratch

MINUTE_NS = 60 * clock.SECOND
SUFFIX = ".feature"
_KEY = re.compile(r"[0-9a-f]{64}")
_LONGEST_HEAD = 400
_ROUND = 64
"""After so many new files the folder is looked through even if it seems to be within its bound: others write there too."""


@dataclass(frozen=True)
class _Kept:
    values: Floats
    made_ns: int


class FeatureStore:
    """Keeps arrays by key. May be shared by threads, and the folder by processes.

    Parameters
    ----------
    folder
        Where files are kept; None: in memory only. It is made when the first value is kept.
    capacity
        Bytes that memory may hold, and as many the folder. 0: nothing is kept.
    live_ns
        How long a value lives, in nanoseconds of `core.clock`.
    """

    def __init__(self, folder: Path | None, capacity: int = 256 << 20, live_ns: int = 10 * MINUTE_NS) -> None:
        self.folder = folder
        self.capacity = capacity
        self.live_ns = live_ns
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._guard = threading.Lock()
        self._saved = 0
        self._bytes_on_disk = 0

    def get(self, key: str) -> Floats | None:
        """The values kept under a key, read-only; None where there are none or they are too old."""
        now = clock.now_ns()
        with self._guard:
            kept = self._kept.get(key)
            if kept is not None:
                if self._lives(kept.made_ns, now):
                    self._kept.move_to_end(key)
                    return kept.values
                self._drop(key)
        return self._load(key, now)

    def put(self, key: str, values: Floats) -> None:
        """Keep a copy of float64 values; an array that is read-only and owns its memory is kept as it is."""
        if values.nbytes > self.capacity:
            return
        if values.flags.writeable or not values.flags.c_contiguous or values.base is not None:
            values = np.array(values, dtype=np.float64, order="C")
            values.flags.writeable = False
        now = clock.now_ns()
        self._remember(key, _Kept(values, now))
        if self.folder is not None:
            self._save(self.folder, key, values, now)

    def clear(self) -> None:
        """Forget everything, on disk as well."""
        with self._guard:
            self._kept.clear()
            self._bytes = 0
        for path in self._files():
            path.unlink(missing_ok=True)

    @property
    def bytes_in_memory(self) -> int:
        """What the values in memory take."""
        return self._bytes

    def _lives(self, made_ns: int, now: int) -> bool:
        # A time to come means that the clock was set back: how old the value is cannot be told.
        return 0 <= now - made_ns < self.live_ns

    def _remember(self, key: str, kept: _Kept) -> None:
        with self._guard:
            if key in self._kept:
                self._drop(key)
            self._kept[key] = kept
            self._bytes += kept.values.nbytes
            while self._bytes > self.capacity:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self._bytes -= self._kept.pop(key).values.nbytes

    def _load(self, key: str, now: int) -> Floats | None:
        if self.folder is None or not self.capacity:
            return None
        path = self.folder / f"{key}{SUFFIX}"
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            said = json.loads(head)
            if not self._lives(int(said["made_ns"]), now):
                path.unlink(missing_ok=True)
                return None
            if said["key"] != key or said["sha256"] != hash_bytes(body):
                return None
            values = np.frombuffer(body, "<f8").reshape(said["shape"]).astype(np.float64)
            os.utime(path, ns=(now, now))  # the least recently used file goes first
        except (OSError, ValueError, KeyError, TypeError):
            return None
        values.flags.writeable = False
        self._remember(key, _Kept(values, int(said["made_ns"])))
        return values

    def _save(self, folder: Path, key: str, values: Floats, now: int) -> None:
        body = np.ascontiguousarray(values, "<f8").tobytes()
        head = {"key": key, "made_ns": now, "shape": list(values.shape), "sha256": hash_bytes(body)}
        try:
            with scratch(folder) as temporary:
                # Not brought to disk with care: what a power cut damages is a miss.
                temporary.write_bytes(json.dumps(head).encode() + b"\n" + body)
                os.utime(temporary, ns=(now, now))
                temporary.replace(folder / f"{key}{SUFFIX}")
            with self._guard:
                first = self._saved % _ROUND == 0
                self._saved += 1
                self._bytes_on_disk += len(body) + _LONGEST_HEAD
                due = first or self._bytes_on_disk > self.capacity
            if due:
                self._trim(now)
        except OSError:
            return  # a full or read-only disk costs time, not results

    def _trim(self, now: int) -> None:
        """Remove what is too old, then what was not used for longest, until the folder is within its bound."""
        found: list[tuple[int, str, int, Path]] = []
        for path in self._files():
            try:
                state = path.stat()
                with path.open("rb") as file:
                    said = json.loads(file.readline(_LONGEST_HEAD))
                lives = self._lives(int(said["made_ns"]), now)
            except OSError:
                continue  # gone meanwhile
            except (ValueError, KeyError, TypeError):
                lives = False
            if lives:
                found.append((state.st_mtime_ns, path.name, state.st_size, path))
            else:
                path.unlink(missing_ok=True)
        used = sum(size for _, _, size, _ in found)
        for _, _, size, path in sorted(found):
            if used <= self.capacity:
                break
            path.unlink(missing_ok=True)
            used -= size
        with self._guard:
            self._bytes_on_disk = used

    def _files(self) -> list[Path]:
        """What this store keeps; nothing else in the folder is touched."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if path.suffix == SUFFIX and _KEY.fullmatch(path.stem)]
