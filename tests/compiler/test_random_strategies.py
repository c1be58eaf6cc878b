"""The compiler beside the reference interpreter: random strategies on random markets with gaps, every decision equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.random_strategies import choices, documents, leaving, numbers
from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.language import load_document
from qt_engine.strategies.nodes import Expression, names
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Plan
from reference.expressions import Interpreter
from reference.generators import markets
from reference.simulator import ExitCondition, Simulator


def read(text: str) -> StrategyDocument:
    """The document; a text that is too long or too deep is drawn again."""
    try:
        return load_document(text, "drawn.yaml")
    except InputError as error:
        assume(not any(word in error.reason for word in ("parts", "deep", "characters")))
        raise AssertionError(f"{error}\n{text}") from None


def reads_position(condition: Expression | None) -> bool:
    return condition is not None and bool(names(condition) & {"position", "bars_held"})


def compare_plan(plan: Plan, told: Interpreter) -> None:
    """Entries always, exits where flags decide them."""
    document = told.document
    np.testing.assert_array_equal(plan.entry, told.entry())
    for flags, condition in ((plan.exit_long, document.exit.long), (plan.exit_short, document.exit.short)):
        if not reads_position(condition):
            np.testing.assert_array_equal(flags, told.table(condition))


@given(documents(), choices(), markets(max_assets=3, max_bars=40))
@settings(max_examples=2 * settings.default.max_examples)
def test_decisions_are_those_of_the_interpreter(text: str, chosen: dict[str, float], market: Market) -> None:
    document = read(text)
    parameters = resolve_parameters(document, chosen)
    compare_plan(compile_plan(document, parameters, market), Interpreter(document, parameters, market))


@given(documents(exits=leaving()), choices(), markets(max_assets=2, max_bars=40))
def test_exits_that_read_the_position(text: str, chosen: dict[str, float], market: Market) -> None:
    """Exit programs in the kernel against the interpreter, asked by the reference simulator."""
    document = read(text)
    parameters = resolve_parameters(document, chosen)
    plan, told = compile_plan(document, parameters, market), Interpreter(document, parameters, market)
    compare_plan(plan, told)

    def asked(condition: Expression | None) -> ExitCondition | None:
        if condition is None or not reads_position(condition):
            return None
        return lambda asset, bar, quantity, held: told.leaves(condition, asset, bar, quantity, held)

    execution = Execution(fee_bps=5.0, slippage_bps=2.0, tick=0.01)
    result = simulate(SimInput(market, plan, execution, 10_000.0))
    conditions = (asked(document.exit.long), asked(document.exit.short))
    expected = Simulator(market, plan, execution, 10_000.0, conditions).run()
    assert result.fills.tobytes() == expected.fill_bytes().tobytes()
    assert result.orders.tobytes() == expected.order_bytes().tobytes()


@given(numbers(depth=4), choices(), markets(max_assets=3, max_bars=30))
def test_numbers_are_those_of_the_interpreter(text: str, chosen: dict[str, float], market: Market) -> None:
    """Not only on which side of a threshold: the number itself, read as the multiple of an average true range is not,
    but as what an exit program is given."""
    head = "schema: 1\nname: drawn\nkind: rules\nuniverse: [A]\nparams: {n: 3, k: 1, p: 20.0, f: 2}\n"
    let = 'let: {first: "sma(close, 2)", second: "first - open"}\n'
    document = read(head + let + f'entry: {{long: "close > open"}}\nexit: {{long: "position > {text}"}}\n')
    parameters = resolve_parameters(document, chosen)
    plan, told = compile_plan(document, parameters, market), Interpreter(document, parameters, market)
    condition = document.exit.long
    assert condition is not None
    expected = told.numbers(condition.right)  # type: ignore[union-attr]
    if len(plan.program_columns) == 1:
        np.testing.assert_allclose(plan.program_columns[0], expected, rtol=1e-12, atol=0)
    else:  # a number that does not change from bar to bar is no column
        known = expected[~np.isnan(market.close)]
        value = plan.program_values[plan.exit_programs[0][1, 1]]
        np.testing.assert_allclose(known, value, rtol=1e-12)


BLOCKS = st.sampled_from((1023, 1024, 1025, 2048, 2500))


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@given(text=documents(), chosen=choices(), bars=BLOCKS, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(settings.default.max_examples // 20, 1))
def test_blocks_of_the_evaluator_do_not_show(
    gaps: float, text: str, chosen: dict[str, float], bars: int, seed: int
) -> None:
    """Markets longer than the evaluator's registers, with lags and crossings over their edges."""
    random = np.random.default_rng(seed)
    close = 100.0 + np.cumsum(random.integers(-2, 3, (bars, 2)), axis=0)
    close[random.random(close.shape) < gaps] = np.nan
    ts = 86_400_000_000_000 * np.arange(1, bars + 1, dtype=np.int64)
    market = Market(
        ("A", "B"), "1d", ts, ts + 1, close - 0.5, close + 1.0, close - 1.0, close, close * 10.0,
        sample=np.ones(bars, np.uint8), periods_per_year=252.0,
    )  # fmt: skip
    document = read(text)
    parameters = resolve_parameters(document, chosen)
    compare_plan(compile_plan(document, parameters, market), Interpreter(document, parameters, market))
