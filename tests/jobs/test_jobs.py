"""A job runs in a process of its own, and nothing that happens to that process is lost or glossed over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qt_engine.core.clock import monotonic, sleep
from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.jobs.job import STATES, Job, read_process
from qt_engine.jobs.process import ProcessIdentity, current, identify, is_alive
from qt_engine.jobs.service import JobService

HERE = Path(__file__).parent


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    return JobService(tmp_path)


def count(jobs: JobService, to: int, **spec: Any) -> Job:
    return jobs.start("count", "counting_job", {"to": to, **spec})


def wait(jobs: JobService, job: Job, until: Callable[[Job], bool], seconds: float = 20.0) -> Job:
    deadline = monotonic() + seconds
    while not until(now := jobs.get(job.job_id)):
        assert monotonic() < deadline, f"{now}"
        sleep(0.02)
    return now


def ended(job: Job) -> bool:
    return job.state != "running"


def numbers(jobs: JobService, job: Job) -> list[int]:
    return [entry.data["number"] for entry in jobs.tail(job.job_id)[0] if entry.kind == "count"]


def kill(job: Job) -> None:
    identity = read_process(job.folder)
    assert identity is not None
    os.kill(identity.pid, signal.SIGKILL)


def test_a_job_runs_to_its_end_and_says_so(jobs: JobService) -> None:
    job = count(jobs, 3)
    assert job.state == "running"
    assert job.job_id.startswith("job-")
    job = wait(jobs, job, ended)
    assert (job.state, job.error, job.progress) == ("finished", None, 1.0)
    assert numbers(jobs, job) == [0, 1, 2]
    kinds = [entry.kind for entry in jobs.tail(job.job_id)[0]]
    assert kinds == ["registered", "started", "count", "count", "count", "finished"]
    assert json.loads((job.folder / "job.json").read_text())["spec"] == {"to": 3}


@pytest.mark.parametrize(
    ("spec", "state", "error"),
    [
        ({"wrong_at": 1}, "failed", "spec, line 1: the spec asks for what cannot be"),
        ({"crash_at": 1}, "failed", "ZeroDivisionError: 1 / 0"),
        ({"vanish_at": 1}, "interrupted", "the process ended without a word; the last it printed: something broke far below"),
    ],
)  # fmt: skip
def test_a_job_that_ends_badly_says_why(jobs: JobService, spec: dict[str, int], state: str, error: str) -> None:
    job = wait(jobs, count(jobs, 3, **spec), ended)
    assert (job.state, job.error) == (state, error)
    assert numbers(jobs, job) == [0]
    if state == "failed":
        assert "Traceback" in jobs.tail(job.job_id)[0][-1].data["traceback"]


def test_a_module_that_does_not_exist_is_an_interrupted_job_that_names_it(jobs: JobService) -> None:
    job = wait(jobs, jobs.start("count", "no_such_module", {}), ended)
    assert job.state == "interrupted"
    assert "No module named no_such_module" in str(job.error)


def test_progress_and_what_is_told_can_be_watched(jobs: JobService) -> None:
    job = count(jobs, 400, pause=0.02)
    seen = wait(jobs, job, lambda now: (now.progress or 0) > 0)
    assert seen.state == "running"
    assert seen.told["number"] <= max(numbers(jobs, job))
    jobs.cancel(job.job_id)


def test_cancel_stops_a_job_where_it_can_be_resumed(jobs: JobService) -> None:
    job = count(jobs, 40, pause=0.02)
    wait(jobs, job, lambda _: len(numbers(jobs, job)) >= 2)
    stopped = jobs.cancel(job.job_id)
    assert (stopped.state, stopped.error) == ("stopped", None)
    assert len(numbers(jobs, job)) < 40
    assert jobs.cancel(job.job_id).state == "stopped"
    assert jobs.resume(job.job_id).state == "running"
    assert wait(jobs, job, ended).state == "finished"
    assert numbers(jobs, job) == list(range(40))


def test_a_job_that_does_not_listen_is_killed_and_counts_as_stopped(jobs: JobService) -> None:
    job = count(jobs, 1000, pause=0.05, deaf=True)
    wait(jobs, job, lambda _: len(numbers(jobs, job)) >= 1)
    stopped = jobs.cancel(job.job_id, patience=0.3)
    assert stopped.state == "stopped"
    assert "did not answer" in str(stopped.error)


def test_a_job_whose_folder_is_gone_ends(jobs: JobService) -> None:
    job = count(jobs, 1_000_000)
    wait(jobs, job, lambda now: now.progress is not None)
    identity = read_process(job.folder)
    assert identity is not None
    job.folder.rename(job.folder.with_name("moved"))
    deadline = monotonic() + 20
    while is_alive(identity):
        assert monotonic() < deadline
        sleep(0.02)
    assert jobs.get("moved").state == "stopped"


def test_sigterm_stops_a_job_cleanly(jobs: JobService) -> None:
    job = count(jobs, 1000, pause=0.02)
    wait(jobs, job, lambda _: len(numbers(jobs, job)) >= 1)
    identity = read_process(job.folder)
    assert identity is not None
    os.kill(identity.pid, signal.SIGTERM)
    assert wait(jobs, job, ended).state == "stopped"


def test_a_killed_job_is_interrupted_at_the_next_look_of_anyone_and_resumes(jobs: JobService, tmp_path: Path) -> None:
    job = count(jobs, 60, pause=0.02)
    wait(jobs, job, lambda _: len(numbers(jobs, job)) >= 5)
    acknowledged = numbers(jobs, job)
    kill(job)
    with (job.folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"crc32":"00000000","seq":')  # what a kill in the middle of a write leaves behind
    seen = wait(JobService(tmp_path), job, ended)
    assert seen.state == "interrupted"
    assert numbers(jobs, job)[: len(acknowledged)] == acknowledged
    assert [entry.kind for entry in jobs.tail(job.job_id)[0]].count("interrupted") == 1
    jobs.resume(job.job_id)
    assert wait(jobs, job, ended).state == "finished"
    assert numbers(jobs, job) == list(range(60))


def test_only_a_job_that_has_stopped_may_be_resumed(jobs: JobService) -> None:
    job = count(jobs, 200, pause=0.02)
    with pytest.raises(InputError, match="cannot be resumed: it is running"):
        jobs.resume(job.job_id)
    jobs.cancel(job.job_id)
    done = wait(jobs, count(jobs, 1), ended)
    with pytest.raises(InputError, match="cannot be resumed: it is finished"):
        jobs.resume(done.job_id)


def test_a_job_outlives_who_started_it(jobs: JobService, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from qt_engine.jobs.service import JobService; "
        "print(JobService(Path(sys.argv[1])).start('count', 'counting_job', {'to': 20, 'pause': 0.02}).job_id)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    job = jobs.get(name)
    assert job.state == "running"
    assert wait(jobs, job, ended).state == "finished"


def test_a_damaged_journal_is_a_failed_job_and_not_resumed(jobs: JobService, tmp_path: Path) -> None:
    job = wait(jobs, count(jobs, 5), ended)
    path = job.folder / "journal.jsonl"
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"number":2', b'"number":7'))
    seen = JobService(tmp_path).get(job.job_id)
    assert seen.state == "failed"
    assert "damaged at byte" in str(seen.error)
    with pytest.raises(StoreError, match="damaged at byte"):
        JobService(tmp_path).resume(job.job_id)
    assert b'"number":7' in path.read_bytes()


def test_a_registration_whose_starter_died_is_interrupted(jobs: JobService, tmp_path: Path) -> None:
    job = wait(jobs, count(jobs, 1), ended)
    (job.folder / "process.json").unlink()
    path = job.folder / "journal.jsonl"
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")
    assert JobService(tmp_path).get(job.job_id).state == "interrupted"


def test_ids_may_be_abbreviated_as_long_as_they_are_unique(jobs: JobService) -> None:
    first, second = (wait(jobs, count(jobs, 0), ended) for _ in range(2))
    assert [job.job_id for job in jobs.list()] == [second.job_id, first.job_id]
    assert jobs.list("other") == []
    for reference in (first.job_id, first.job_id[:-1], first.job_id.rpartition("-")[2]):
        assert jobs.get(reference).job_id == first.job_id
    with pytest.raises(InputError, match="give more of the id"):
        jobs.get("job-")
    for unknown in ("job-1999", "", "../jobs", "[red]x", "a\x1bb"):
        with pytest.raises(NotFoundError, match="is not known"):
            jobs.get(unknown)


def test_states_are_the_five_that_are_promised() -> None:
    assert STATES == ("running", "finished", "stopped", "interrupted", "failed")


def test_a_process_is_known_by_more_than_its_number() -> None:
    me = current()
    assert is_alive(me)
    assert not is_alive(ProcessIdentity(me.pid, "another start", me.boot_id))
    assert not is_alive(ProcessIdentity(me.pid, me.started, "another boot"))
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        identity = identify(child.pid)
        while is_alive(identity):  # ends although nobody has waited for it yet
            sleep(0.01)
    with pytest.raises(ProcessLookupError):
        identify(child.pid)
