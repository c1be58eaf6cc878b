"""Runs of strategies in Python, from the outside: kept, failed, stopped, reproduced, compared, swept, traded on paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_strategies.programs import HEAD
from qt_engine import Workspace
from qt_engine.cli import main
from qt_engine.core.errors import InputError, LookAheadError, StrategyError, TargetError
from research_workspace import wait_for

WEEKLY = (
    HEAD
    + '''
@register_strategy
class Weekly(Strategy):
    """Hold what rose over some days, decided weekly."""

    name = "weekly"
    universe = ("AAPL", "IBM")
    params = {"days": whole(10, low=2, high=60)}

    def warmup_bars(self, params):
        return params["days"]

    def prepare(self, history):
        print("preparing")
        days = history.params["days"]
        rose = np.zeros(history.close.shape, bool)
        rose[days:] = history.close[days:] > history.close[:-days]
        return {"rose": rose}

    def on_data(self, context):
        if not context.ends("week"):
            return None
        return TargetPositions.from_array(context.prepared["rose"][-1] * 0.5)
'''
)
CHEAT = WEEKLY.replace(
    "rose[days:] = history.close[days:] > history.close[:-days]", "rose[:-1] = history.close[1:] > history.close[:-1]"
)
SPAN = {"start": "2008-01-01", "end": "2009-12-31"}


def answering(answer: str) -> str:
    """The program with another answer at bar 100."""
    return WEEKLY.replace(
        "        if not context", f"        if context.bar == 100:\n            return {answer}\n        if not context"
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample bars; not to be changed."""
    folder = tmp_path_factory.mktemp("sample") / "workspace"
    Workspace.open(folder).data.import_sample()
    return folder


@pytest.fixture
def ws(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace of the test's own, with the program `weekly`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "no-config.yaml"))
    folder = tmp_path / "workspace"
    shutil.copytree(sample, folder)
    (folder / "strategies").mkdir()
    (folder / "strategies" / "weekly.py").write_text(WEEKLY)
    yield Workspace.open(folder)


def file(ws: Workspace, text: str, name: str = "own.py") -> Path:
    path = ws.folder.parent / name
    path.write_text(text)
    return path


def test_a_run_stores_what_ran_and_the_proof(ws: Workspace) -> None:
    run = ws.backtest("weekly", params={"days": "5"}, **SPAN)
    assert run.status == "completed"
    assert run.metrics.trades > 10
    stored = ws.run(run.id).record
    assert stored.spec.source == WEEKLY
    assert dict(stored.spec.parameters) == {"days": 5}
    assert stored.spec.document["kind"] == "python"
    assert stored.input_hash == run.record.input_hash is not None
    assert stored.proof is not None
    assert (stored.proof["verdict"], stored.proof["bars"]) == ("clean", 505)
    assert "decided again at every bar (499)" in stored.proof["method"]
    assert stored.as_json()["proof"]["checked"] == 499


def test_a_run_of_a_document_says_nothing_of_proofs(ws: Workspace) -> None:
    assert "proof" not in ws.backtest("sma_cross").as_json()


def test_it_is_reproduced_from_what_was_stored_whatever_became_of_the_file(ws: Workspace) -> None:
    run = ws.backtest("weekly", **SPAN)
    (ws.folder / "strategies" / "weekly.py").write_text(WEEKLY.replace("* 0.5", "* 0.25"))
    assert ws.reproduce(run).verdict == "identical"
    changed = ws.backtest("weekly", **SPAN)
    assert changed.record.spec.hash != run.record.spec.hash
    assert changed.metrics.turnover < run.metrics.turnover
    (ws.folder / "strategies" / "weekly.py").unlink()
    assert ws.reproduce(run).verdict == ws.reproduce(changed).verdict == "identical"
    assert "strategy_document" in [row.name for row in ws.compare(run, changed).differences]


def test_a_stored_source_that_was_changed_is_refused(ws: Workspace) -> None:
    run = ws.backtest("weekly", **SPAN)
    with ws.catalog.write() as con:
        [[spec]] = con.execute("SELECT spec FROM runs").fetchall()
        con.execute("UPDATE runs SET spec = ?", [spec.replace("* 0.5", "* 0.6")])
    stored = ws.folder / "runs" / run.id / "spec.json"
    stored.write_text(stored.read_text().replace("* 0.5", "* 0.6"))
    answer = ws.reproduce(run.id)
    assert answer.verdict == "drifted"
    assert "the stored source of weekly is not the one that ran: sha256" in (answer.first_difference or "")


def test_an_exception_fails_the_run_and_keeps_the_traceback(ws: Workspace) -> None:
    path = file(ws, answering("TargetPositions({'AAPL': 1 / 0})"))
    with pytest.raises(StrategyError, match=r"own\.py, line 25, bar 100 \(2008-05-27\): ZeroDivisionError"):
        ws.backtest(path, **SPAN)
    [record] = ws.runs.list()
    assert record.status == "failed"
    assert record.error is not None
    assert record.error.startswith(str(path))
    assert "Traceback" in (record.traceback or "")
    assert "return TargetPositions({'AAPL': 1 / 0})" in (record.traceback or "")
    assert record.input_hash is None
    assert ws.data.series()  # and nothing else was lost


def test_a_wrong_answer_is_wrong_input_and_a_failed_run(ws: Workspace) -> None:
    path = file(ws, answering("TargetPositions({'AAPL': float('nan')})"))
    with pytest.raises(TargetError, match=r"strategy weekly, bar 100 .*the weight of AAPL is nan"):
        ws.backtest(path, **SPAN)
    assert [record.status for record in ws.runs.list()] == ["failed"]


def test_a_strategy_that_looks_ahead_is_stopped(ws: Workspace) -> None:
    with pytest.raises(LookAheadError, match=r"strategy weekly looks ahead at bar \d+ \(2008-.*when nothing after bar"):
        ws.backtest(file(ws, CHEAT), **SPAN)
    [record] = ws.runs.list()
    assert (record.status, record.metrics) == ("failed", None)
    with pytest.raises(LookAheadError):
        ws.sweep(file(ws, CHEAT), grid={"days": [5, 10]}, **SPAN)
    with pytest.raises(LookAheadError):
        ws.sessions.start(file(ws, CHEAT), **SPAN)
    assert list(ws.sessions.list()) == []


def test_a_file_that_is_wrong_leaves_no_run(ws: Workspace) -> None:
    for text in ("x = (\n", "import nothing_of_this_name\n", WEEKLY.replace('"weekly"', '"Weekly One"')):
        with pytest.raises(InputError):
            ws.backtest(file(ws, text), **SPAN)
    with pytest.raises(InputError, match="parameter days is between 2 and 60, not 1"):
        ws.backtest("weekly", params={"days": 1})
    with pytest.raises(InputError):
        ws.backtest("weekly", symbols=["NOBODY"])
    assert ws.runs.list() == []


def test_a_cancelled_run_is_sealed_as_cancelled(ws: Workspace) -> None:
    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ws.backtest("weekly", progress=interrupt, **SPAN)
    assert [record.status for record in ws.runs.list()] == ["cancelled"]


def test_progress_only_grows(ws: Workspace) -> None:
    shares: list[float] = []
    ws.backtest("weekly", progress=shares.append, **SPAN)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_sweep_gives_what_single_runs_give(ws: Workspace) -> None:
    table = ws.sweep("weekly", grid={"days": [5, 20, 40]}, **SPAN)
    assert table.parameters["days"].tolist() == [5, 20, 40]
    for lane, days in enumerate((5, 20, 40)):
        single = ws.backtest("weekly", params={"days": days}, **SPAN).metrics
        assert table.metrics["final_equity"][lane] == single.final_equity
        assert table.metrics["sharpe"][lane] == single.sharpe
    with pytest.raises(InputError, match="parameter days is between 2 and 60, not 100"):
        ws.sweep("weekly", grid={"days": [100]}, **SPAN)


def test_a_paper_session_is_what_a_backtest_is(ws: Workspace) -> None:
    session = ws.sessions.start("weekly", params={"days": 5}, speed=0.0, **SPAN)
    wait_for(lambda: ws.sessions.status(session).state != "running")
    parity = ws.sessions.parity(session)
    assert (parity.verdict, parity.bars) == ("identical", 505)
    assert parity.fills > 20
    assert parity.result_hash == ws.backtest("weekly", params={"days": 5}, **SPAN).record.result_hash


def test_momentum_is_the_same_run_in_both_languages(ws: Workspace) -> None:
    program, document = ws.backtest("xmom_crosssec_py"), ws.backtest("xmom_crosssec")
    assert program.fills.tobytes() == document.fills.tobytes()
    assert program.curve() == document.curve()
    assert program.metrics == document.metrics
    assert program.record.result_hash == document.record.result_hash


def test_a_preview_of_a_program(ws: Workspace) -> None:
    shown = ws.preview(WEEKLY, **SPAN)
    assert shown.problems == ()
    assert shown.metrics == ws.backtest("weekly", **SPAN).metrics
    wrong = ws.preview(WEEKLY.replace("def on_data(self, context):", "def on_data(self, context)"), **SPAN)
    assert [(problem.line, problem.message) for problem in wrong.problems] == [(23, "this is not Python: expected ':'")]
    failing = ws.preview(answering("1 / 0"), **SPAN)
    assert failing.problems[0].line == 25
    assert "bar 100 (2008-05-27): ZeroDivisionError" in failing.problems[0].message


def qt(ws: Workspace, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["--workspace", str(ws.folder), *words])
    return (code, *capsys.readouterr())


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            "TargetPositions({'AAPL': 1 / 0})",
            1,
            "own.py, line 25, bar 100 (2008-05-27): ZeroDivisionError: division by zero",
        ),
        ("TargetPositions({'APPL': 1.0})", 2, "bar 100 (2008-05-27): the run has no symbol 'APPL'; did you mean AAPL?"),
    ],
)
def test_on_the_command_line_a_failure_is_one_line(
    ws: Workspace, capsys: pytest.CaptureFixture[str], answer: str, code: int, said: str
) -> None:
    path = file(ws, answering(answer))
    got, out, err = qt(ws, capsys, "backtest", str(path), "--start", "2008-01-01", "--end", "2009-12-31", "--json")
    lines = [line for line in err.splitlines() if line != "preparing"]
    assert (got, out, len(lines)) == (code, "", 1)
    assert lines[0].endswith(said)
    assert "Traceback" not in err
    _, out, _ = qt(ws, capsys, "runs", "list", "--json")
    assert [run["status"] for run in json.loads(out)] == ["failed"]


def test_one_json_document_on_standard_output_though_the_program_prints(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = qt(ws, capsys, "backtest", "weekly", "--end", "2001-12-31", "--json")
    assert code == 0
    assert json.loads(out)["proof"]["verdict"] == "clean"
    assert set(err.splitlines()) == {"preparing"}


def test_prove_on_the_command_line(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--start", "2008-01-01", "--end", "2009-12-31")
    code, out, _ = qt(ws, capsys, "strategies", "prove", "weekly", *span, "--thorough", "--json")
    found = json.loads(out)
    assert (code, found["clean"], found["no_lookahead"]["checked"]) == (0, True, 494)
    code, out, _ = qt(ws, capsys, "strategies", "prove", str(file(ws, CHEAT)), *span)
    assert code == 1
    assert "weekly: looks ahead at bar" in out
    short = file(ws, WEEKLY.replace('return params["days"]', "return 3"))
    code, out, _ = qt(ws, capsys, "strategies", "prove", str(short), *span, "--json")
    found = json.loads(out)
    assert (code, found["clean"], found["warm_up"]["verdict"]) == (1, False, "violated")
    assert qt(ws, capsys, "strategies", "prove", "nothing_here")[0] == 2


def test_list_check_and_show(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = qt(ws, capsys, "strategies", "list", "--json")
    listed = {entry["name"]: entry for entry in json.loads(out)}
    assert listed["weekly"]["language"] == "python"
    assert listed["weekly"]["description"] == "Hold what rose over some days, decided weekly"
    assert listed["xmom_crosssec"]["language"] == "yaml"
    code, out, _ = qt(ws, capsys, "strategies", "check", "weekly")
    assert (code, "weekly is right" in out) == (0, True)
    path = file(ws, WEEKLY.replace("def on_data(self, context):", "def on_data(self, context)"))
    code, out, _ = qt(ws, capsys, "strategies", "check", str(path))
    assert code == 2
    assert f"{path}:23:" in out
    code, out, _ = qt(ws, capsys, "strategies", "show", "weekly", "--json")
    shown = json.loads(out)
    assert (code, shown["text"], shown["document"]["kind"]) == (0, WEEKLY, "python")
