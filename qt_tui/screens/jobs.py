"""`J`: what runs in processes of its own, how far it is, and what a finished sweep found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget

from qt_tui import formats, metrics
from qt_tui.background import in_background
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import NAMES
from qt_tui.keymap import bind
from qt_tui.launch import Order, launch
from qt_tui.models import PERFECT, named
from qt_tui.screens.dialog import Dialog
from qt_tui.widgets.footer_line import FooterLine
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.jobs.job import Job
    from qt_engine.optimization.sweeping import SweepTable
    from qt_tui.app import QtApp

PERIOD = 0.3
BEST = 300
COLUMNS = (
    Column("State", 13), Column("Kind", 6), Column("Progress", 22), Column("What", 20, grow=True), Column("Started", 16),
    Column("Job", 8),
)  # fmt: skip
GLYPHS = {"running": "▶", "finished": "✓", "stopped": "■", "interrupted": "⚡", "failed": "✗"}
SHOWN = ("total_return", "sharpe", "max_drawdown", "trades", "cagr", "volatility")


class JobsScreen(Dialog[None]):
    """Jobs above; the best combinations of the chosen sweep below."""

    heading = "Jobs"
    DEFAULT_CSS = """
    JobsScreen > #frame { max-width: 100%; width: 94%; height: 90%; }
    JobsScreen Pane { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("jobs.cancel", "cancel", "Cancel", "Stop this job", show=True),
        bind("jobs.run", "run", "Run", "Backtest this combination as a registered run", show=True),
        bind("screen.next_pane", "other", "Other list", "Between jobs and results"),
    ]

    def content(self) -> list[Widget]:
        return [
            Table(
                COLUMNS, empty="No jobs yet.\n\nA sweep (2, then s) or a paper session (6, then r) is a job.", id="jobs"
            )
        ]

    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Pane(self.heading, *self.content(), id="dialog-pane")
            yield Pane("Results", Table((Column("", 10),), empty="", id="results"), id="results-pane")
        yield FooterLine()

    def on_mount(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._table: SweepTable | None = None
        self._loaded: tuple[str, str] | None = None
        self.query_one("#jobs", Table).focus()
        self._look()
        self.set_interval(PERIOD, self._look_again)

    @property
    def qt(self) -> QtApp:
        """The app, with its type."""
        return cast("QtApp", self.app)

    @property
    def chosen(self) -> Job | None:
        """The job under the cursor."""
        row = self.query_one("#jobs", Table).current
        return self._jobs.get(row.key) if row else None

    # -- jobs ----------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        if any(job.state == "running" for job in self._jobs.values()):
            self._look()

    def _look(self) -> None:
        in_background(self, "jobs", lambda: self.qt.workspace.jobs.list(), self._show)

    def _show(self, jobs: Sequence[Job]) -> None:
        self._jobs = {job.job_id: job for job in jobs}
        self.query_one("#jobs", Table).show(job_row(job) for job in jobs)
        self._show_results()

    @on(Table.Moved, "#jobs")
    def _moved(self) -> None:
        self._show_results()

    # -- what a sweep found --------------------------------------------------------------------------------------

    def _show_results(self) -> None:
        job = self.chosen
        table = self.query_one("#results", Table)
        pane = self.query_one("#results-pane", Pane)
        if job is None or (job.job_id, job.state) == self._loaded:
            return
        self._loaded = (job.job_id, job.state)
        self._table = None
        pane.remark = ""
        if job.kind != "sweep":
            table.show([], empty="mode 6 shows paper sessions" if job.kind == "paper" else "")
        elif job.state != "finished":
            table.show([], empty=job.error or "the results are there when the sweep is finished")
        else:
            table.show([], empty="loading…")
            in_background(self, "results", lambda: self.qt.workspace.sweeps.table(job.job_id), self._found)

    def _found(self, found: SweepTable) -> None:
        self._table = found
        table = self.query_one("#results", Table)
        names = list(found.varied or found.parameters)
        table.columns = (
            *(Column(name, max(8, len(name)), "right") for name in names),
            *(Column(metrics.title(name), 12, "right") for name in SHOWN),
        )
        rows = []
        for lane in found.order("sharpe")[:BEST].tolist():
            row = found.row(lane)
            cells: list[str | Span] = [f"{row['parameters'][name]:g}" for name in names]
            cells += [metrics.styled(name, row["metrics"].get(name), NAMES) for name in SHOWN]
            rows.append(Row(str(lane), cells, figures={**row["metrics"], **row["parameters"]}))
        table.show(rows, empty="no combination was run")
        shown = f"best {len(rows)} of " if len(found) > len(rows) else ""
        perfect = f"{PERFECT} execution, " if found.perfect else ""
        remark = f"{perfect}{shown}{formats.count(len(found))} by Sharpe ratio; the best of many trials flatters itself"
        self.query_one("#results-pane", Pane).remark = remark

    # -- what the keys do ----------------------------------------------------------------------------------------

    def action_other(self) -> None:
        jobs, results = self.query_one("#jobs", Table), self.query_one("#results", Table)
        (results if jobs.has_focus else jobs).focus()

    def action_cancel(self) -> None:
        from qt_tui.screens.confirm import ConfirmScreen

        job = self.chosen
        if job is None or job.state != "running":
            self.app.notify("this job does not run", severity="warning", markup=False)
            return
        ask = ConfirmScreen(f"Stop {job.kind} {job.job_id[-8:]}?", "What it has done so far stays.")
        self.app.push_screen(ask, lambda sure: self._cancel(job.job_id) if sure else None)

    def _cancel(self, job_id: str) -> None:
        in_background(self, "cancel", lambda: self.qt.workspace.jobs.cancel(job_id), lambda _: self._look())

    def action_run(self) -> None:
        row, job = self.query_one("#results", Table).current, self.chosen
        if self._table is None or row is None or job is None:
            self.app.notify("choose a combination of a finished sweep", severity="warning", markup=False)
            return
        chosen, run = self._table.row(int(row.key))["parameters"], job.spec["run"]
        model = named(run.get("model") or {})
        # A named model brings its own costs; those of the settings may have changed since the sweep.
        costs = ("cash", "seed") if model else ("cash", "seed", "fee_bps", "slippage_bps", "tick")
        order = Order(
            self._table.strategy, self._table.symbols, self._table.interval, run.get("start"), run.get("end"),
            {name: f"{value!r}" for name, value in chosen.items()}, model, run.get("limits") or {},
            {name: run[name] for name in costs},
        )  # fmt: skip
        launch(self.qt, order)


def job_row(job: Job) -> Row:
    """One line of the list."""
    colours = {"running": NAMES.accent, "failed": NAMES.error, "interrupted": NAMES.warning}
    share = job.progress if job.progress is not None else 0.0
    done = round(share * 16)
    run: Any = job.spec.get("run") or {}
    symbols = run.get("symbols", ())
    what = f"{run.get('strategy', '')} on {' '.join(symbols) if len(symbols) < 7 else f'{len(symbols)} symbols'}"
    if model := named(run.get("model") or {}):
        what += f", {model}"
    if job.kind == "sweep":
        what += f", {job.spec.get('lanes', 0):,} combinations"
    if job.error:
        what = job.error
    return Row(
        job.job_id,
        [
            (f"{GLYPHS[job.state]} {job.state}", colours.get(job.state, NAMES.foreground)), job.kind,
            f"{'█' * done}{'░' * (16 - done)} {share:4.0%}", what, formats.moment(job.created, intraday=True), job.job_id[-8:],
        ],
        figures={"progress": share},
    )  # fmt: skip
