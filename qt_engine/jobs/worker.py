"""What the process of a job works through: its spec, its journal, progress, and the wish to stop.

    with Worker(Path(sys.argv[1])) as job:
        for step in steps(job.spec):
            job.raise_if_cancelled()
            job.journal.append("step", …)
            job.tell(0.5)
    sys.exit(job.exit_code)

However the block ends, the journal says so: *finished*, *stopped* (`CancelledError`) or *failed*, with the error.
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from qt_engine.core.clock import monotonic, now_ns
from qt_engine.core.errors import CancelledError, QtError, StoreError
from qt_engine.core.text import plain
from qt_engine.jobs import job as files
from qt_engine.jobs.job import Heartbeat, Registration
from qt_engine.jobs.process import current
from qt_engine.storage.journal import Entry, Journal

POLL_S = 0.05
"""How often the heart looks whether someone wants the job to stop, or progress is to be told."""
BEAT_S = 1.0
"""The longest time between two heartbeats."""


class Worker:
    """The inside of a job.

    Attributes
    ----------
    spec
        What to do.
    journal
        Write here before acting on anything or telling anyone.
    history
        What the journal held when this process began: empty but for the registration in a new job.
    cancelled
        Set when the job shall stop.
    exit_code
        0 or 1, once the block has ended.
    """

    def __init__(self, folder: Path, journal: Journal | None = None) -> None:
        self.folder = folder
        self.spec = Registration.read(folder).spec
        self.journal = journal or Journal(folder / files.JOURNAL)
        self.history: list[Entry] = []
        self.cancelled = threading.Event()
        self.exit_code = 0
        self.result: dict[str, Any] = {}
        self._progress: float | None = None
        self._told: dict[str, Any] = {}
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, self._on_signal)
        self._heart.start()
        identity = current()
        self.history, _ = self.journal.read()
        self.journal.append("started", **vars(identity))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> bool:
        self._ended.set()
        self._heart.join()  # before the last word, after which nothing of the job changes
        try:
            if error is None:
                self.journal.append("finished", **self.result)
            elif isinstance(error, CancelledError):
                self.journal.append("stopped")
            else:
                self.exit_code = 1
                self._fail(error)
        except StoreError as unwritten:
            # Nothing can be written: whoever looks next finds a dead process and this line.
            self.exit_code = 1
            print(plain(unwritten, 1000), file=sys.stderr, flush=True)
        finally:
            self.journal.close()
        return error is None or isinstance(error, Exception)

    def tell(self, progress: float, **told: Any) -> None:
        """Say how far the job is (0 to 1), and anything small that a watcher may want; cheap, so call it often."""
        self._progress, self._told = progress, told

    def raise_if_cancelled(self) -> None:
        """Raises `CancelledError` if the job shall stop: the way out, from wherever it is safe to leave."""
        if self.cancelled.is_set():
            raise CancelledError("stopped on request")

    def _fail(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        line = str(error) if isinstance(error, QtError) else f"{type(error).__name__}: {error}"
        print(text, file=sys.stderr, flush=True)
        self.journal.append("failed", error=plain(line, 500), traceback=text)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.cancelled.set()

    def _beat(self) -> None:
        cancel, journal, last, told = self.folder / files.CANCEL, self.folder / files.JOURNAL, 0.0, None
        while True:
            ended = self._ended.wait(POLL_S)
            # A job whose workspace was moved or deleted would write where nobody ever reads.
            if not self.cancelled.is_set() and (cancel.exists() or not journal.exists()):
                self.cancelled.set()
            now, state = monotonic(), (self._progress, self._told)
            if ended or last == 0.0 or state != told or now - last >= BEAT_S:
                try:
                    Heartbeat(now_ns(), *state).write(self.folder)
                except OSError as error:  # a full disk is the journal's to report, not the heart's
                    print(f"heartbeat: {error}", file=sys.stderr)
                last, told = now, state
            if ended:
                return
