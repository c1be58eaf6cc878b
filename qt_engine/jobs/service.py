"""`JobService`: start, list, follow, resume and cancel jobs. A job outlives whoever started it.

A job's state is what its journal says last. Where the journal says that it runs but its process is dead, the next one to
look seals it: as *interrupted*, or as *stopped* if someone had asked for that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from qt_engine.core.clock import compact, now_ns
from qt_engine.core.errors import InputError, JobError, NotFoundError, StoreError
from qt_engine.core.hashing import hash_config
from qt_engine.core.text import plain
from qt_engine.jobs import job as files
from qt_engine.jobs.job import Heartbeat, Job, Outcome, Registration, read_process, write_process
from qt_engine.jobs.liveness import PATIENCE_S, append, controlled, lives, seal, wait_for_end, wait_for_release
from qt_engine.jobs.process import identify, is_alive
from qt_engine.storage.journal import Entry, Journal


class JobService:
    """The jobs of the workspace in `folder`. Many processes may use it at once; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder) / "jobs"
        self._read: dict[str, tuple[Outcome, int]] = {}

    def start(self, kind: str, module: str, spec: Mapping[str, Any], *, prefix: str = "job") -> Job:
        """Register a job and run `python -m module <folder of the job>` for it, detached from this process.

        Parameters
        ----------
        kind
            What the job does, for lists.
        module
            A module that does the work through `qt_engine.jobs.worker.Worker`.
        spec
            What it shall do; must have a JSON form.
        prefix
            The first part of its id.

        Raises
        ------
        JobError
            If the process could not be started; the job is then listed as failed.
        """
        registration = Registration(kind, module, dict(spec), now_ns())
        with self._registered(prefix, registration) as folder:
            append(folder, "registered")
            self._spawn(folder, registration)
        return self.get(folder.name)

    def resume(self, reference: str) -> Job:
        """Start a process for a job that was stopped, interrupted or failed; what it goes on from is its journal.

        Raises
        ------
        InputError
            If the job runs or has finished.
        StoreError
            If its journal is damaged.
        """
        job = self.get(reference)
        with controlled(job.folder):
            job = self._look(job.folder, sealing=True)
            if job.state not in ("stopped", "interrupted", "failed"):
                raise InputError(f"{job.job_id} cannot be resumed: it is {job.state}")
            Journal(job.folder / files.JOURNAL).read()
            if not (wait_for_end(job.folder) and wait_for_release(job.folder)):
                raise JobError(f"{job.job_id} cannot be resumed yet: its process has not ended")
            (job.folder / files.CANCEL).unlink(missing_ok=True)
            append(job.folder, "resumed", after=job.state)
            self._spawn(job.folder, Registration.read(job.folder))
        return self.get(job.job_id)

    def list(self, kind: str | None = None) -> Sequence[Job]:
        """All jobs, or those of one kind; the newest first."""
        folders = [path for path in self._folders() if (path / files.JOB).exists()]
        jobs = [self._settled(path) for path in folders]
        return sorted(
            (j for j in jobs if kind in (None, j.kind)),
            key=lambda j: (j.created, j.job_id),
            reverse=True,
        )

    def get(self, reference: str, kind: str | None = None) -> Job:
        """One job, by its id or any beginning of it (or of its last part) that no other job shares.

        Raises
        ------
        NotFoundError
            If there is none.
        InputError
            If several are meant.
        """
        names = [path.name for path in self._folders()]
        if kind is not None:
            names = [name for name in names if self._kind(name) == kind]
        word = "job" if kind is None else f"{kind} session"
        found = [name for name in names if name == reference] or [
            name for name in names if reference and reference in _abbreviations(name, len(reference))
        ]
        if not found:
            raise NotFoundError(f"{word} {plain(reference)!r} is not known")
        if len(found) > 1:
            raise InputError(f"{plain(reference)!r} may be any of {', '.join(sorted(found))}; give more of the id")
        return self._settled(self.folder / found[0])

    def state(self, reference: str) -> files.JobState:
        """The state of one job."""
        return self.get(reference).state

    def tail(self, reference: str, offset: int = 0) -> tuple[Sequence[Entry], int]:
        """What the journal says from byte `offset` on, and the offset to ask with next time."""
        return Journal(self.get(reference).folder / files.JOURNAL).read(offset)

    def cancel(self, reference: str, patience: float = PATIENCE_S) -> Job:
        """Ask a job to stop and wait until it has; one that does not listen is terminated, and at last killed.

        A job that does not run any more is left as it is.
        """
        job = self.get(reference)
        if not lives(job.folder):
            return job
        (job.folder / files.CANCEL).touch()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            self._signal(job, number)
            if wait_for_end(job.folder, patience) and (job := self._settled(job.folder)).state != "running":
                return job
        raise JobError(f"{job.job_id} does not stop; its process is {read_process(job.folder)}")

    def _folders(self) -> Sequence[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if not path.name.startswith(".") and path.is_dir())
        except FileNotFoundError:
            return []

    def _kind(self, name: str) -> str | None:
        with suppress(StoreError):
            return Registration.read(self.folder / name).kind
        return None

    @contextmanager
    def _registered(self, prefix: str, registration: Registration) -> Iterator[Path]:
        """A new job's folder, whose lock is held from before anyone can see it."""
        seed = [
            prefix,
            registration.module,
            registration.created,
            os.getpid(),
            threading.get_ident(),
        ]
        name = f"{prefix}-{compact(registration.created)}-{hash_config(seed)[:8]}"
        unseen = self.folder / f".{name}"
        unseen.mkdir(parents=True)
        with controlled(unseen):
            registration.write(unseen)
            yield unseen.rename(self.folder / name)

    def _spawn(self, folder: Path, registration: Registration) -> None:
        command = [sys.executable, "-P", "-m", registration.module, str(folder)]
        try:
            with (folder / files.OUTPUT).open("ab") as output:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                    cwd=folder, close_fds=True,
                )  # fmt: skip
        except OSError as error:
            append(
                folder,
                "failed",
                error=f"the process could not be started: {error.strerror or error}",
            )
            raise JobError(f"{folder.name} could not be started: {error.strerror or error}") from error
        with suppress(ProcessLookupError):  # it may be over already; then there is nothing that could be alive
            write_process(folder, identify(process.pid))
        # Someone must wait for it, or it stays a zombie for as long as this process lives.
        threading.Thread(target=process.wait, name=f"wait for {folder.name}", daemon=True).start()

    def _signal(self, job: Job, number: signal.Signals | None) -> None:
        identity = read_process(job.folder)
        if number is not None and identity is not None and is_alive(identity):
            with suppress(ProcessLookupError):
                os.kill(identity.pid, number)

    def _settled(self, folder: Path) -> Job:
        """The job as it stands, sealed first if its process died without a last word."""
        job = self._look(folder, sealing=False)
        if job.state == "running" and not lives(folder):
            with controlled(folder):
                # Whoever starts a process holds the lock until the process has a name: now it has one, or is dead.
                return self._look(folder, sealing=True)
        return job

    def _look(self, folder: Path, *, sealing: bool) -> Job:
        heartbeat = Heartbeat.read(folder)
        try:
            registration = Registration.read(folder)
            alive = lives(folder)  # first: what a process that was dead by now had to say is in the journal
            outcome = self._outcome(folder)
            if sealing and outcome.state == "running" and not alive and wait_for_release(folder):
                # once more: a process that died just now may have had its last word before it let go of the journal
                outcome = self._outcome(folder)
                if outcome.state == "running":
                    seal(folder)
                    outcome = self._outcome(folder)
        except StoreError as error:
            registration = Registration("unknown", "", {}, 0)
            with suppress(StoreError):
                registration = Registration.read(folder)
            outcome = Outcome("failed", plain(error, 500))
        job = Job(
            job_id=folder.name, kind=registration.kind, state=outcome.state, spec=registration.spec,
            created=registration.created, updated=_changed(folder, registration.created),
            progress=None, told={}, error=outcome.error, folder=folder,
        )  # fmt: skip
        if heartbeat is None:
            return job
        progress = 1.0 if job.state == "finished" else heartbeat.progress
        return replace(
            job,
            progress=progress,
            told=heartbeat.told,
            updated=max(job.updated, heartbeat.ns),
        )

    def _outcome(self, folder: Path) -> Outcome:
        """What the journal says; only what is new since the last look is read."""
        outcome, offset = self._read.get(folder.name, (Outcome(), 0))
        entries, end = Journal(folder / files.JOURNAL).read(offset)
        outcome = outcome.after(entries)
        self._read[folder.name] = (outcome, end)
        return outcome


def _changed(folder: Path, otherwise: int) -> int:
    try:
        return (folder / files.JOURNAL).stat().st_mtime_ns
    except OSError:
        return otherwise


def _abbreviations(name: str, length: int) -> tuple[str, str]:
    return name[:length], name.rpartition("-")[2][:length]
