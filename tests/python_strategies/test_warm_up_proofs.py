"""The warm-up prover: history begins later, and decisions after the warm-up must not notice."""

from __future__ import annotations

import pytest

from python_strategies.programs import program, walk
from qt_engine.core.errors import InputError
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.provers import prove_warm_up

MEAN = """
class Example(Strategy):
    name = "example"
    warmup = {warmup}
    recursive = {recursive}
    def on_data(self, context):
        mean = context.close[-20:].mean(axis=0)
        return TargetPositions({{"A": 1.0 if context.close[-1, 0] > mean[0] else 0.0}})
"""
EXPONENTIAL = """
class Example(Strategy):
    name = "example"
    warmup = {warmup}
    recursive = {recursive}
    def prepare(self, history):
        mean = np.empty(len(history))
        mean[0] = history.close[0, 0]
        for bar in range(1, len(history)):
            mean[bar] = mean[bar - 1] + 0.2 * (history.close[bar, 0] - mean[bar - 1])
        return {{"mean": mean}}
    def on_data(self, context):
        return TargetPositions({{"A": float(context.close[-1, 0] > context.prepared["mean"][-1])}})
"""
COUNTING = """
class Example(Strategy):
    name = "example"
    recursive = {recursive}
    def on_data(self, context):
        return TargetPositions({{"A": 1.0}}) if context.bar % 7 == 0 else None
"""
FROM_THE_FIRST_BAR = """
class Example(Strategy):
    name = "example"
    warmup = 5
    recursive = {recursive}
    def on_data(self, context):
        return TargetPositions({{"A": round(float(context.close[-1, 0] / context.close[0, 0]), 4)}})
"""

CASES = [
    (MEAN.format(warmup=19, recursive=False), "exact"),
    (MEAN.format(warmup=40, recursive=False), "exact"),
    (MEAN.format(warmup=18, recursive=False), "violated"),
    (MEAN.format(warmup=5, recursive=False), "violated"),
    (MEAN.format(warmup=5, recursive=True), "settles"),
    (EXPONENTIAL.format(warmup=3, recursive=False), "violated"),
    (EXPONENTIAL.format(warmup=3, recursive=True), "settles"),
    (COUNTING.format(recursive=False), "violated"),
    (COUNTING.format(recursive=True), "unsettled"),
    (FROM_THE_FIRST_BAR.format(recursive=False), "violated"),
    (FROM_THE_FIRST_BAR.format(recursive=True), "unsettled"),
]


@pytest.mark.parametrize(("body", "verdict"), CASES, ids=range(len(CASES)))
def test_verdicts(body: str, verdict: str) -> None:
    proof = prove_warm_up(program(body), {}, walk(600), thorough=True)
    assert proof.verdict == verdict, proof.sentence
    assert (proof.violation is not None) == (verdict == "violated")
    if verdict == "settles":
        assert proof.settled_after is not None
        assert proof.declared is not None
        assert proof.declared < proof.settled_after < 100


def test_a_violation_says_where_and_how_many_bars_would_not_do() -> None:
    proof = prove_warm_up(program(MEAN.format(warmup=10, recursive=False)), {}, walk(600), thorough=True)
    assert proof.violation is not None
    violation = proof.violation
    assert 10 <= violation.bar - violation.known < 19
    assert (violation.symbol, violation.what) == ("A", "target")
    assert f"{violation.bar - violation.known} bars earlier; 10 bars were declared to be enough" in proof.sentence


def test_too_few_bars_are_said_to_be() -> None:
    proof = prove_warm_up(program(MEAN.format(warmup=19, recursive=False)), {}, walk(20))
    assert (proof.verdict, proof.starts) == ("exact", ())
    assert "too few bars (20)" in proof.sentence


DOCUMENT = """
schema: 1
name: example
kind: rules
params: {window: 20}
entry: {long: "close > %s(close, window)"}
exit: {long: "close < %s(close, window)"}
"""


@pytest.mark.parametrize(("function", "verdicts"), [("sma", {"exact"}), ("ema", {"settles"})])
def test_of_documents_it_is_found_out(function: str, verdicts: set[str]) -> None:
    document = load_document(DOCUMENT % (function, function))
    proof = prove_warm_up(document, resolve_parameters(document), walk(900), thorough=True)
    assert proof.verdict in verdicts, proof.sentence
    assert proof.declared is None
    assert proof.first_decision == 19


def test_a_kind_that_is_compiled_above_needs_to_be_told_how() -> None:
    document = load_document(
        "schema: 1\nname: a\nkind: portfolio\nuniverse: [A, B]\nselect: {rank: close, top: 1}\nrebalance: {every: month}\n"
    )
    with pytest.raises(InputError, match="say how it is compiled"):
        prove_warm_up(document, {}, walk())
