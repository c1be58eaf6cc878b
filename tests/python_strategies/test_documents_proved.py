"""Documents are proved like programs, and a compiler that looked ahead would be caught at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from python_strategies.programs import walk
from qt_engine.data.market import Market
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.language import load_document
from qt_engine.strategies.library import StrategyLibrary
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.provers import continued, made_up, prove_no_lookahead
from qt_engine.testing.strategies import panel

LIBRARY = StrategyLibrary(Path("/nowhere"))
SHIPPED = [info.name for info in LIBRARY.list()]
RULES = "schema: 1\nname: a\nkind: rules\nentry:\n  long: close > sma(close, 5)\nexit:\n  long: close < sma(close, 5)\n  stop_loss: {atr: 2, window: 5}\n"


def compiler(document: StrategyDocument) -> Callable[[Market], Plan]:
    parameters = resolve_parameters(document)
    return lambda market: compile_strategy(document, parameters, market)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_does_not_look_ahead(name: str) -> None:
    document = load_document(LIBRARY.resolve(name).text)
    market = panel(("A", "B", "C", "D"), 620)
    proof = prove_no_lookahead(document, resolve_parameters(document), market, compile=compiler(document))
    assert proof.verdict == "clean", proof.sentence
    assert proof.checked > 50


def _shifted(name: str) -> Callable[[Plan], Plan]:
    """A compiler that knows one bar more of one of its tables."""

    def fault(plan: Plan) -> Plan:
        table = getattr(plan, name)
        moved = np.concatenate([table[..., 1:, :], table[..., -1:, :]], axis=-2)
        return replace(plan, **{name: np.ascontiguousarray(moved)})

    return fault


@pytest.mark.parametrize("name", ["entry", "exit_long", "distances"])
@pytest.mark.parametrize("bars", [200, 1500])
def test_a_compiler_that_looks_one_bar_ahead_is_caught(name: str, bars: int) -> None:
    document = load_document(RULES)
    honest, fault = compiler(document), _shifted(name)
    proof = prove_no_lookahead(document, {}, walk(bars), compile=lambda market: fault(honest(market)))
    assert proof.verdict == "violated"
    assert proof.violation is not None
    assert proof.violation.what == name


def test_a_portfolio_that_peeks_at_one_rebalance_only_is_caught() -> None:
    document = load_document(LIBRARY.resolve("xmom_crosssec").text)
    honest, market = compiler(document), panel(("A", "B", "C", "D"), 1500)

    def peeking(bars: Market) -> Plan:
        plan = honest(bars)
        target = plan.target.copy()
        later = np.flatnonzero(plan.rebalance < len(bars) - 1)
        if len(later) > 30:
            row = later[30]
            rises = bars.close[plan.rebalance[row] + 1] > bars.close[plan.rebalance[row]]
            target[row] = np.where(rises, 0.25, 0.0)
        return replace(plan, target=target)

    proof = prove_no_lookahead(document, resolve_parameters(document), market, compile=peeking)
    assert proof.verdict == "violated"
    assert proof.violation is not None
    assert proof.violation.bar == honest(market).rebalance[30]


def test_markets_that_go_on_begin_with_the_market() -> None:
    market = walk(50)
    longer, other = continued(market), made_up(market)
    assert longer.head(50).hash == market.hash
    assert len(longer) > 50
    assert len(other) == 50
    assert (other.close != market.close).all()
    assert continued(market).hash == longer.hash
    assert (continued(walk(1)).ts[1:] > walk(1).ts[0]).all()
