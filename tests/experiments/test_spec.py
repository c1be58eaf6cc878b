"""A spec names what was asked for: equal questions have equal hashes, in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError
from qt_engine.experiments.spec import DataSlice, RunSpec
from sample_workspace import STRATEGY

ONE = RunSpec(
    "s", {"kind": "rules"}, "text", ("AAPL",), "1d", None, None, {"fast": 10, "slow": 20.5}, 1e5, 5.0, 2.0, 1e-8, 0
)


def test_json_reads_back() -> None:
    assert RunSpec.from_json(json.loads(json.dumps(ONE.as_json()))) == ONE
    data = DataSlice((("AAPL", "ab"), ("[b]", "cd")), "1d", 1, 2, 3, "ef")
    assert DataSlice.from_json(json.loads(json.dumps(data.as_json()))) == data
    with pytest.raises(InputError, match="speed"):
        RunSpec.from_json({**ONE.as_json(), "speed": 1})


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"source": "other text"}, True),
        ({"parameters": {"slow": 20.5, "fast": 10}}, True),
        ({"parameters": {"fast": 11, "slow": 20.5}}, False),
        ({"document": {"kind": "rules", "x": 1}}, False),
        ({"symbols": ("IBM",)}, False),
        ({"interval": "1h"}, False),
        ({"start": "2010-01-01"}, False),
        ({"end": "2010-01-01"}, False),
        ({"cash": 1.0}, False),
        ({"fee_bps": 1.0}, False),
        ({"slippage_bps": 1.0}, False),
        ({"tick": 0.01}, False),
        ({"seed": 1}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_the_hash_covers(change: dict[str, Any], same: bool) -> None:
    assert (replace(ONE, **change).hash == ONE.hash) is same


def test_comments_and_white_space_of_a_strategy_do_not_change_its_hash(ws: Workspace) -> None:
    first = ws.specify("quick").hash
    ws.strategies.save("quick", "# a comment\n" + STRATEGY.replace("close, window", "close ,  window"))
    assert ws.specify("quick").hash == first
    ws.strategies.save("quick", STRATEGY.replace("5%", "6%"))
    assert ws.specify("quick").hash != first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"start": "2010-01-31"}, {"start": date(2010, 1, 31)}),
        ({"start": "2010-01-31T15:30:00+01:00"}, {"start": "2010-01-31T14:30:00Z"}),
        ({"start": "2010-01-31T14:30"}, {"start": datetime(2010, 1, 31, 14, 30, tzinfo=UTC)}),
        ({"params": {"window": "7"}}, {"params": {"window": 7.0}}),
        ({"symbols": ["AAPL"]}, {}),
        ({"cash": 100_000}, {}),
    ],
)
def test_equal_questions_have_equal_hashes(ws: Workspace, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert ws.specify("quick", **one).hash == ws.specify("quick", **other).hash


def test_all_hashes_are_the_same_in_processes_with_other_hash_seeds(ws: Workspace) -> None:
    code = (
        "import sys, json; from qt_engine import Workspace\n"
        "run = Workspace.open(sys.argv[1]).backtest('rsi_reversion', seed=5)\n"
        "print(json.dumps([hash('x'), {k: v for k, v in run.as_json().items() if k.endswith('_hash')}]))"
    )
    said = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, str(ws.folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        said.append(json.loads(done.stdout))
    assert said[0][0] != said[1][0]
    assert said[0][1] == said[1][1]
    assert sorted(said[0][1]) == ["data_hash", "input_hash", "parameter_hash", "result_hash", "spec_hash"]
    record = ws.backtest("rsi_reversion", seed=5).as_json()
    assert {name: record[name] for name in said[0][1]} == said[0][1]
