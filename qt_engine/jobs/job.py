"""`Job`: what is known of one job, and the files in its folder that tell it.

jobs/<id>/job.json         kind, module and spec: written once, before the process starts
          journal.jsonl    what happened, and what became of it: the only truth about the job
          process.json     which process was started for it last
          heartbeat.json   progress, a few times a second, not fsynced: lost progress costs nothing
          cancel           there as soon as someone wants the job to stop
          control.lock     held while a process is started or a dead one is sealed
          output.log       what the process printed
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from qt_engine.core.clock import iso
from qt_engine.core.errors import StoreError
from qt_engine.jobs.process import ProcessIdentity
from qt_engine.storage.files import replaced
from qt_engine.storage.journal import Entry

JobState = Literal["running", "finished", "stopped", "interrupted", "failed"]
STATES: tuple[JobState, ...] = get_args(JobState)
ENDS: dict[str, JobState] = {
    "finished": "finished", "stopped": "stopped", "interrupted": "interrupted", "failed": "failed",
}  # fmt: skip
"""Kinds of journal entries that end a job, and the state that each leaves it in."""
BEGINNINGS = frozenset({"registered", "resumed", "started"})
"""Kinds of journal entries after which a job runs, or is about to."""

JOB, JOURNAL, PROCESS, HEARTBEAT = (
    "job.json",
    "journal.jsonl",
    "process.json",
    "heartbeat.json",
)
CANCEL, CONTROL_LOCK, OUTPUT = "cancel", "control.lock", "output.log"


@dataclass(frozen=True)
class Job:
    """One job as it stands now.

    Attributes
    ----------
    job_id, kind
        Its name, and what it does (`paper`, …).
    state
        `running`, `finished`, `stopped` (on request), `interrupted` (its process died) or `failed`.
    spec
        What it was asked to do.
    created, updated
        UTC nanoseconds: when it was registered, and when it was last heard of.
    progress
        Share done, 0 to 1; None if it never told.
    told
        What the job last told beside its progress.
    error
        One line, where something went wrong.
    folder
        Where all of this is written.
    """

    job_id: str
    kind: str
    state: JobState
    spec: Mapping[str, Any]
    created: int
    updated: int
    progress: float | None
    told: Mapping[str, Any]
    error: str | None
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """The job without its spec, for people and programs."""
        return {
            "job_id": self.job_id, "kind": self.kind, "state": self.state, "created": iso(self.created),
            "updated": iso(self.updated), "progress": self.progress, "error": self.error, "folder": str(self.folder),
        }  # fmt: skip


@dataclass(frozen=True)
class Registration:
    """`job.json`: what was asked for."""

    kind: str
    module: str
    spec: dict[str, Any]
    created: int

    def write(self, folder: Path) -> None:
        _write_durably(folder / JOB, vars(self))

    @classmethod
    def read(cls, folder: Path) -> Registration:
        """Raises `StoreError` if the file is missing or damaged."""
        try:
            return cls(**json.loads((folder / JOB).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(f"{folder / JOB}: cannot be read: {error}") from error


@dataclass(frozen=True)
class Outcome:
    """What the journal says about the job: its state by its last word, and the error that came with it."""

    state: JobState = "running"
    error: str | None = None

    def after(self, entries: Sequence[Entry]) -> Outcome:
        """The outcome once these entries are known as well."""
        for entry in reversed(entries):
            if entry.kind in ENDS:
                return Outcome(ENDS[entry.kind], entry.data.get("error"))
            if entry.kind in BEGINNINGS:
                return Outcome()
        return self


@dataclass(frozen=True)
class Heartbeat:
    """`heartbeat.json`: when the process was last alive, and how far it was."""

    ns: int
    progress: float | None
    told: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Replace the file without waiting for the disk."""
        temporary = folder / f".{HEARTBEAT}.{os.getpid()}-{threading.get_ident()}"
        temporary.write_text(json.dumps(vars(self)), encoding="utf-8")
        temporary.replace(folder / HEARTBEAT)

    @classmethod
    def read(cls, folder: Path) -> Heartbeat | None:
        """None before the first one; a power cut may leave none that can be read."""
        try:
            return cls(**json.loads((folder / HEARTBEAT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def write_process(folder: Path, identity: ProcessIdentity) -> None:
    """Note which process was started for the job."""
    _write_durably(folder / PROCESS, vars(identity))


def read_process(folder: Path) -> ProcessIdentity | None:
    """The process that was started last; None if it never came to that."""
    try:
        return ProcessIdentity(**json.loads((folder / PROCESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_durably(path: Path, value: Mapping[str, Any]) -> None:
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
