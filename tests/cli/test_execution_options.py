"""Execution models and limits from the command line, and that bad input of every kind is one line and loses no run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qt_engine import Workspace
from qt_engine.cli import main


class Said(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Said]

PROGRAM = '''
from qt_engine import Strategy, TargetPositions


class Odd(Strategy):
    """Decides once."""

    name = "odd"
    universe = ("AAPL", "IBM")
    warmup = 5

    def on_data(self, context):
        return TargetPositions({weights}) if context.bar == 10 else None
'''


@pytest.fixture
def qt(ws: Workspace, capfd: pytest.CaptureFixture[str]) -> Call:
    def call(*words: object) -> Said:
        code = main(["--workspace", str(ws.folder), *map(str, words)])
        captured = capfd.readouterr()
        return Said(code, captured.out, captured.err)

    return call


def metrics(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)["metrics"]
    return found


def test_costs_rise_from_perfect_to_conservative(qt: Call) -> None:
    """The same decisions; a dearer model leaves less."""
    finals = [
        metrics(qt("backtest", "quick", "--execution", name, "--json"))["final_equity"]
        for name in ("perfect", "default", "conservative")
    ]
    assert finals == sorted(finals, reverse=True)
    assert len(set(finals)) == 3


def test_a_flag_is_laid_over_the_model(qt: Call) -> None:
    free = metrics(qt("backtest", "quick", "--execution", "perfect", "--json"))
    dear = metrics(qt("backtest", "quick", "--execution", "perfect", "--fee-bps", "5", "--json"))
    assert free["fees"] == 0.0 < dear["fees"]
    assert metrics(qt("backtest", "quick", "--execution", "default", "--json")) == metrics(
        qt("backtest", "quick", "--json")
    )


def test_a_run_of_any_model_is_reproduced(qt: Call) -> None:
    said = qt("backtest", "quick", "--execution", "conservative", "--limit", "max_daily_loss=3%", "--seed", 7, "--json")
    run = json.loads(said.out)["run_id"]
    again = json.loads(qt("runs", "reproduce", run, "--json").out)
    assert again["verdict"] == "identical"


def test_another_seed_is_another_run_where_chance_decides(qt: Call) -> None:
    one, two, same = (
        metrics(qt("backtest", "quick", "--execution", "conservative", "--seed", seed, "--json")) for seed in (1, 2, 1)
    )
    assert one == same != two


def test_a_limit_holds_and_is_told(qt: Call) -> None:
    said = qt("backtest", "quick", "--limit", "max_drawdown=5%", "--json")
    assert metrics(said)["max_drawdown"] > -0.15
    assert any("drawdown" in warning for warning in json.loads(said.out)["warnings"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--execution", "perfct"), "there is no execution model 'perfct'; did you mean perfect?"),
        (("--limit", "max_drawdown"), "is no assignment"),
        (("--limit", "max_drawdown=much"), "is a number such as 0.2 or 20%"),
        (("--limit", "max_drawdown=120%"), "max_drawdown must be above 0 and at most 1"),
        (("--limit", "max_daily_loss=20"), "percent are written max_daily_loss=20%"),
        (
            ("--execution", "crypto_spot", "--fee-bps", "3"),
            "crypto_spot has a schedule of fees: fee_bps would change nothing",
        ),
        (("--limit", "max_drawdwn=5%"), "there is no limit 'max_drawdwn'; did you mean max_drawdown?"),
        (("--limit", "max_gross=0.5", "--limit", "max_net=0.8"), "contradicts max_gross"),
        (("--limit", "max_gross=0.5", "--limit", "max_gross=0.8"), "--limit sets max_gross twice"),
        (("--limit", "max_positions=1.5"), "max_positions"),
        (("--cash", "-5"), "cash"),
        (("--cash", "nan"), "cash"),
        (("--fee-bps", "-1"), "fee_bps must be between 0 and 1000"),
        (("--symbols", "AAPL,NOPE"), "NOPE"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_run(words: tuple[str, ...], said: str, qt: Call, ws: Workspace) -> None:
    refused = qt("backtest", "quick", *words)
    assert refused.code == 2
    assert said in refused.err
    assert refused.err.count("\n") == 1
    assert "Traceback" not in refused.err
    assert list(ws.runs.list()) == []


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ('{"AAPL": float("nan")}', "nan"),
        ('{"AAPL": float("inf")}', "inf"),
        ('{"TSLA": 0.5}', "TSLA"),
        ('{"AAPL": "half"}', "a number, not str"),
    ],
)
def test_weights_that_are_none_fail_the_run_and_keep_it(
    weights: str, said: str, qt: Call, ws: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "odd.py"
    path.write_text(PROGRAM.replace("{weights}", weights))
    refused = qt("backtest", path)
    assert refused.code == 2
    assert said in refused.err
    assert "Traceback" not in refused.err
    (record,) = ws.runs.list()
    assert record.status == "failed"


def test_a_market_without_volume_fills_nothing_under_a_volume_budget(qt: Call, tmp_path: Path) -> None:
    rows = "\n".join(
        f"2020-01-{day:02d},{100 + (-1) ** day * day},200,50,{100 - (-1) ** day * day},0" for day in range(1, 29)
    )
    path = tmp_path / "still.csv"
    path.write_text(f"date,open,high,low,close,volume\n{rows}\n")
    assert qt("data", "import", path, "--symbol", "STILL", "--interval", "1d").code == 0
    words = ("backtest", "quick", "--symbols", "STILL", "--set", "window=3", "--json")
    assert metrics(qt(*words))["trades"] > 0
    still = metrics(qt(*words, "--execution", "us_stocks"))
    assert (still["trades"], still["final_equity"], still["fees"]) == (0, 100_000.0, 0.0)
