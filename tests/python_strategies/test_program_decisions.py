"""What a strategy in Python is shown, what it may answer, and what a person is told when it answers something else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_strategies.programs import deciding, program, walk
from qt_engine.core.errors import CancelledError, InputError, QtError, StrategyError, TargetError
from qt_engine.strategies.decisions import Decider, plan_of, targets_of
from qt_engine.strategies.schedule import period_ends

REFUSED = [
    ('{"A": 1.0}', "on_data returns TargetPositions or None, not dict"),
    ("1.0", "on_data returns TargetPositions or None, not float"),
    ('TargetPositions({"A": float("nan")})', "the weight of A is nan, not a finite number"),
    ('TargetPositions({"A": float("inf")})', "the weight of A is inf, not a finite number"),
    ('TargetPositions({"A": np.float64("-inf")})', "the weight of A is -inf, not a finite number"),
    ('TargetPositions({"A": "1"})', "the weight of A is a number, not str"),
    ('TargetPositions({"A": None})', "the weight of A is a number, not NoneType"),
    ('TargetPositions({"A": True})', "the weight of A is a number, not bool"),
    ('TargetPositions({"A": 1j})', "the weight of A is a number, not complex"),
    ('TargetPositions({"A": 10**400})', "the weight of A"),
    ('TargetPositions({"a": 1.0})', "the run has no symbol 'a'; did you mean A?"),
    ('TargetPositions({"XYZ": 1.0})', "the run has no symbol 'XYZ'; it has A, B"),
    ("TargetPositions({0: 1.0})", "the run has no symbol '0'; it has A, B"),
    ("TargetPositions([1.0, 2.0])", "weights are numbers by symbol, not list"),
    ("TargetPositions.from_array([1.0])", "weights are an array of 2 numbers, not float64 (1,)"),
    ("TargetPositions.from_array([[1.0, 0.0]])", "weights are an array of 2 numbers, not float64 (1, 2)"),
    ("TargetPositions.from_array([0.0, float('nan')])", "the weight of B is nan, not a finite number"),
    ("TargetPositions.from_array(['x', 'y'])", "weights are an array of 2 numbers"),
    ("TargetPositions.from_array([True, False])", "weights are an array of 2 numbers, not bool (2,)"),
]


@pytest.mark.parametrize(("answer", "said"), REFUSED, ids=[answer for answer, _ in REFUSED])
def test_what_is_no_weight_is_refused_with_strategy_bar_and_symbol(answer: str, said: str) -> None:
    strategy = deciding(f"{answer} if context.bar == 7 else None")
    with pytest.raises(TargetError) as raised:
        targets_of(strategy, {}, walk())
    assert isinstance(raised.value, InputError)
    assert str(raised.value).startswith("example.py: strategy example, bar 7 (2010-01-13): ")
    assert said in str(raised.value)


ACCEPTED = [
    ('TargetPositions({"B": 1})', [0.0, 1.0]),
    ('TargetPositions({"A": np.float32(0.5), "B": np.int64(-1)})', [0.5, -1.0]),
    ("TargetPositions()", [0.0, 0.0]),
    ("TargetPositions({})", [0.0, 0.0]),
    ('TargetPositions({"A": -0.0})', [0.0, 0.0]),
    ("TargetPositions.from_array([1, -2])", [1.0, -2.0]),
    ("TargetPositions.from_array((-0.0, 0.25))", [0.0, 0.25]),
    ("TargetPositions.equal(context.symbols)", [0.5, 0.5]),
    ("TargetPositions.equal(['B'], gross=0.7)", [0.0, 0.7]),
    ("TargetPositions.equal([])", [0.0, 0.0]),
    ('TargetPositions({"A": 0.1 + 0.2, "B": 1 / 3})', [0.3, 0.333333]),
]


@pytest.mark.parametrize(("answer", "row"), ACCEPTED, ids=[answer for answer, _ in ACCEPTED])
def test_weights_become_a_row_of_whole_millionths(answer: str, row: list[float]) -> None:
    bars, target, notes = targets_of(deciding(f"{answer} if context.bar == 7 else None"), {}, walk())
    assert bars.tolist() == [7]
    assert target.tobytes() == np.array([row]).tobytes()
    assert notes == ()


FAILING = [
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("context.close[context.bar + 1]", "IndexError"),
    ("context.ts[context.bar + 1]", "history ends at the current bar"),
    ("context.close.__setitem__(0, 1.0)", "what the context shows cannot be changed, take a copy"),
    ("context.ts.sort()", "take a copy"),
    ("context.params.__setitem__('x', 1)", "AttributeError"),
    ("setattr(context, 'bar', 3)", "context.bar cannot be set; keep what is to be remembered in context.state"),
    ("setattr(context, 'mine', 3)", "context.mine cannot be set"),
    ("delattr(context, 'bar')", "context.bar cannot be deleted"),
    ("context.prepared['x']", "KeyError: 'x'"),
    ("context.column('nobody')", "KeyError: 'nobody'"),
    ("context.ends('fortnight')", "a period is week, month or quarter, not 'fortnight'"),
    ("exit(3)", "SystemExit: 3"),
    ("[][0]", "IndexError"),
    ("setattr(Strategy, 'shared', 1)", "Strategy.shared cannot be set; a strategy's memory is context.state"),
]


@pytest.mark.parametrize(("what", "said"), FAILING, ids=[what for what, _ in FAILING])
def test_an_exception_is_one_line_with_file_line_and_bar(what: str, said: str) -> None:
    strategy = deciding(f"({what}) if context.bar == 7 else None")
    with pytest.raises(StrategyError) as raised:
        targets_of(strategy, {}, walk())
    message = str(raised.value)
    assert message.startswith("example.py, line 7, bar 7 (2010-01-13): ")
    assert said in message
    assert "\n" not in message
    assert raised.value.__cause__ is not None


def test_the_line_is_the_authors_also_where_a_library_raised() -> None:
    strategy = program("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                return self.deeper()
            def deeper(self):
                return np.concatenate([])
        """)
    with pytest.raises(StrategyError, match=r"^example\.py, line 10, bar 0"):
        targets_of(strategy, {}, walk())


def test_arrays_grow_with_time_and_show_the_bars() -> None:
    strategy = program("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                names = ("open", "high", "low", "close", "volume")
                assert [getattr(context, name).shape for name in names] == [(context.bar + 1, 2)] * 5
                assert len(context) == len(context.ts) == context.bar + 1
                assert not any(getattr(context, name).flags.writeable for name in (*names, "ts"))
                context.state.setdefault("seen", []).append(context.close[-1].tolist())
                assert context.state["seen"] == context.close.tolist()
                return TargetPositions({"A": 1.0})
        """)
    assert len(targets_of(strategy, {}, walk(200))[0]) == 200


def test_nobody_is_asked_before_the_warm_up() -> None:
    bars, _, _ = targets_of(deciding("TargetPositions()", warmup="20"), {}, walk())
    assert bars.tolist() == list(range(20, 120))
    assert len(targets_of(deciding("TargetPositions()", warmup="120"), {}, walk())[0]) == 0
    assert targets_of(deciding("TargetPositions()", warmup="500"), {}, walk())[1].shape == (0, 2)


def test_parameters_limits_and_the_drift_band_reach_the_plan() -> None:
    strategy = deciding(
        'TargetPositions({"A": context.params["share"]})', params='{"share": decimal(0.5, low=0.0, high=1.0), "n": 3}',
        risk='{"max_gross": 2.0, "max_positions": 3}', drift_band="0.05",
    )  # fmt: skip
    plan = plan_of(strategy, {"share": 0.25, "n": 3}, walk())
    assert plan.kind == "portfolio"
    assert (plan.target[:, 0] == 0.25).all()
    assert (plan.drift_band, plan.risk.max_gross, plan.risk.max_positions) == (0.05, 2.0, 3)


def test_previous_is_what_was_decided_last() -> None:
    strategy = program("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                if context.bar == 0:
                    assert context.previous is None
                    return TargetPositions({"A": 0.25, "B": 0.0})
                if context.bar == 1:
                    assert dict(context.previous) == {"A": 0.25}
                    assert "B" not in context.previous and len(context.previous) == 1
                    return None
                assert context.previous["A"] == 0.25
        """)
    assert targets_of(strategy, {}, walk())[0].tolist() == [0]


@pytest.mark.parametrize("period", ["week", "month", "quarter"])
def test_ends_is_the_rule_of_documents(period: str) -> None:
    market = walk(400)
    bars, _, _ = targets_of(deciding(f'TargetPositions() if context.ends("{period}") else None'), {}, market)
    assert bars.tolist() == period_ends(market, period).tolist()  # type: ignore[arg-type]


def test_memory_begins_empty_in_every_run() -> None:
    strategy = program("""
        seen = []
        class Example(Strategy):
            name = "example"
            mine = []
            def on_data(self, context):
                for notes in (seen, self.mine, context.state.setdefault("notes", [])):
                    assert len(notes) == context.bar
                    notes.append(1)
                return TargetPositions()
        """)
    for _ in range(3):
        assert len(targets_of(strategy, {}, walk())[0]) == 120


PREPARED_WRONG = [
    ("history.close", "prepare returns arrays by name, not ndarray"),
    ("None", "prepare returns arrays by name, not NoneType"),
    ("{'x': history.close[1:]}", "prepare with 120 bars: 'x' must be an array with a row for every bar"),
    ("{'x': 3.0}", "'x' must be an array with a row for every bar, not float"),
    ("{'x': [object()] * len(history)}", "'x' must be an array with a row for every bar"),
    ("{3: history.close}", "'3' must be an array"),
    (
        "history.close.__setitem__(0, 1)",
        "line 7, prepare with 120 bars: ValueError: assignment destination is read-only",
    ),
]


@pytest.mark.parametrize(("given_back", "said"), PREPARED_WRONG, ids=[text for text, _ in PREPARED_WRONG])
def test_what_prepare_may_not_return(given_back: str, said: str) -> None:
    strategy = program(
        f'class Example(Strategy):\n    name = "example"\n    def prepare(self, history):\n        return {given_back}\n'
        "    def on_data(self, context):\n        return None\n"
    )
    with pytest.raises(StrategyError) as raised:
        targets_of(strategy, {}, walk())
    assert said.replace("line 7", "line 7") in str(raised.value)


def test_an_exception_in_initialize_says_so() -> None:
    strategy = program("""
        class Example(Strategy):
            name = "example"
            def initialize(self, context):
                context.close[-1]
            def on_data(self, context):
                return None
        """)
    with pytest.raises(StrategyError, match=r"^example\.py, line 8, initialize: IndexError"):
        targets_of(strategy, {}, walk())


def test_progress_is_told_and_may_cancel() -> None:
    shares: list[float] = []
    targets_of(deciding("TargetPositions()"), {}, walk(500), shares.append)
    assert shares == sorted(shares)
    assert 0.0 < shares[0] < shares[-1] <= 1.0

    def cancel(_: float) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        targets_of(deciding("TargetPositions()"), {}, walk(500), cancel)


def test_an_interrupt_goes_through() -> None:
    strategy = program("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                raise KeyboardInterrupt
        """)
    with pytest.raises(KeyboardInterrupt):
        targets_of(strategy, {}, walk())


def test_print_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    targets_of(deciding('print("here") if context.bar == 7 else None'), {}, walk())
    assert capsys.readouterr() == ("", "here\n")


STATEFUL = """
class Example(Strategy):
    name = "example"
    warmup = 3
    recursive = True
    def prepare(self, history):
        return {"up": np.vstack([[False, False], history.close[1:] > history.close[:-1]])}
    def on_data(self, context):
        run = context.state.get("run", 0) + int(context.prepared["up"][-1, 0])
        context.state["run"] = run
        if run % 3 == 0:
            return TargetPositions({"A": (run % 7) / 7, "B": -float(context.close[-1, 1] > context.close[:, 1].mean())})
"""


@given(steps=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_steps_of_any_length_decide_what_is_decided_at_once(steps: list[int]) -> None:
    strategy, market = program(STATEFUL), walk(150)
    whole = targets_of(strategy, {}, market)
    decider, bar = Decider(strategy, {}), 0
    for step in [*steps, 150]:
        bar = min(bar + step, 150)
        decider.advance(market.head(bar))
        bars, target = decider.targets()
        expected = whole[0] < bar
        assert bars.tobytes() == whole[0][expected].tobytes()
        assert target.tobytes() == np.ascontiguousarray(whole[1][expected]).tobytes()


def test_a_document_is_no_program() -> None:
    from qt_engine.strategies.decisions import as_python_strategy
    from qt_engine.strategies.language import load_document

    document = load_document("schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 3}\n")
    with pytest.raises(QtError, match="strategy a is of kind rules and not in Python"):
        as_python_strategy(document)
