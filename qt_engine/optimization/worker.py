"""The process of a sweep: `python -m qt_engine.optimization.worker <folder of the job>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from qt_engine.core.errors import JobError
from qt_engine.data.service import DataService
from qt_engine.experiments.spec import DataSlice, RunSpec
from qt_engine.jobs.worker import Worker
from qt_engine.optimization.service import TABLE
from qt_engine.optimization.sweeping import run_sweep
from qt_engine.storage.catalog import Catalog

NICENESS = 10
"""A sweep takes every processor; the terminal app and a paper session must still get theirs at once."""


def main(folder: Path) -> int:
    """Run the sweep in `folder`, whose workspace is two levels up; returns the process's exit code."""
    os.nice(NICENESS)
    with Worker(folder) as job:
        spec, data = RunSpec.from_json(job.spec["run"]), DataSlice.from_json(job.spec["slice"])
        workspace = folder.parents[1]
        market = DataService(workspace, Catalog(workspace)).load_snapshot(
            data.sources, data.interval, data.start_ts, data.end_ts
        )
        if market.hash != data.hash:
            raise JobError(f"the stored bars are not those of the start: hash {data.hash[:12]} ≠ {market.hash[:12]}")

        def progress(share: float) -> None:
            job.raise_if_cancelled()
            job.tell(share, lanes=job.spec["lanes"])

        table = run_sweep(spec, job.spec["grid"], market, fixed=job.spec["fixed"], progress=progress)
        # The table is on disk before the journal says that the sweep is finished.
        table.write(folder / TABLE)
        job.result = {"lanes": len(table)}
    return job.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
