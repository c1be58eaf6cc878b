"""A job that counts, and misbehaves as its spec says; run by the tests as `python -m counting_job <folder>`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from qt_engine.core.clock import sleep
from qt_engine.core.errors import InputError
from qt_engine.jobs.worker import Worker


def main(folder: Path) -> int:
    with Worker(folder) as job:
        if job.spec.get("deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        done = sum(1 for entry in job.history if entry.kind == "count")
        for number in range(done, job.spec["to"]):
            if not job.spec.get("deaf"):
                job.raise_if_cancelled()
            if number == job.spec.get("wrong_at"):
                raise InputError("the spec asks for what cannot be", file="spec", line=number)
            if number == job.spec.get("crash_at"):
                raise ZeroDivisionError("1 / 0")
            if number == job.spec.get("vanish_at"):
                print("something broke far below", flush=True)
                os._exit(3)
            job.journal.append("count", number=number)
            job.tell((number + 1) / job.spec["to"], number=number)
            sleep(job.spec.get("pause", 0.0))
    return job.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
