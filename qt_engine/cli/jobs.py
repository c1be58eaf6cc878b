"""`qt jobs`: look at and cancel what runs in the background."""

from __future__ import annotations

import typer

from qt_engine.cli import output
from qt_engine.cli.context import workspace
from qt_engine.jobs.job import Job

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Look at and cancel what runs in the background.")

JSON = typer.Option(False, "--json", help="Print one JSON document.")
ID = typer.Argument(..., metavar="ID", help="A job's id, or as much of it as is unique.")


@app.command("list")
def list_jobs(context: typer.Context, as_json: bool = JSON) -> None:
    """List jobs, the newest first."""
    jobs = workspace(context).jobs.list()
    if as_json:
        output.print_json([job.as_json() for job in jobs])
    elif jobs:
        rows = [
            (
                job.job_id,
                job.kind,
                job.state,
                _share(job),
                job.as_json()["updated"][:19],
                job.error,
            )
            for job in jobs
        ]
        output.print_table(("job", "kind", "state", "done", "updated", "error"), rows, right=("done",))
    else:
        output.print_line("no jobs yet; a paper session is one: qt paper start STRATEGY --symbols A,B")


@app.command()
def show(context: typer.Context, job_id: str = ID, as_json: bool = JSON) -> None:
    """Show one job."""
    job = workspace(context).jobs.get(job_id)
    if as_json:
        output.print_json({**job.as_json(), "told": dict(job.told), "spec": dict(job.spec)})
    else:
        output.print_table(("", "value"), [*job.as_json().items(), *job.told.items()])


@app.command()
def cancel(context: typer.Context, job_id: str = ID, as_json: bool = JSON) -> None:
    """Stop a job and wait until it has stopped."""
    job = workspace(context).jobs.cancel(job_id)
    if as_json:
        output.print_json(job.as_json())
    else:
        output.print_line(f"job {job.job_id}: {job.state}")


def _share(job: Job) -> str | None:
    return None if job.progress is None else f"{100 * job.progress:.0f} %"
