"""The strategies in Python that ship with qt keep the contract, and momentum decides what the document of its name decides."""

from __future__ import annotations

import numpy as np
import pytest

from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.strategies.base import Strategy
from qt_engine.strategies.language import load_document
from qt_engine.strategies.library import StrategyLibrary
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.python_source import load_python
from qt_engine.strategies.shipped.mr_pairs import PairsMeanReversion
from qt_engine.strategies.shipped.xmom_crosssec_py import CrossSectionalMomentum
from qt_engine.testing.strategies import StrategyContract, panel


class TestMomentum(StrategyContract):
    def make(self) -> type[Strategy]:
        return CrossSectionalMomentum


class TestPairs(StrategyContract):
    def make(self) -> type[Strategy]:
        return PairsMeanReversion


def _plan(library: StrategyLibrary, name: str, overrides: dict[str, int], bars: int, seed: int) -> Plan:
    source = library.resolve(name)
    read = load_python if source.language == "python" else load_document
    strategy = read(source.text, str(source.path))
    market = panel(("A", "B", "C", "D", "E", "F"), bars, seed)
    return compile_strategy(strategy, resolve_parameters(strategy, overrides), market)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "overrides", [{}, {"held": 1}, {"held": 50}, {"back": 63, "skip": 0}, {"back": 126, "skip": 42, "held": 3}]
)
def test_momentum_in_python_and_in_yaml_decide_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, overrides: dict[str, int], seed: int
) -> None:
    library = StrategyLibrary(tmp_path_factory.mktemp("nothing"))
    program = _plan(library, "xmom_crosssec_py", overrides, 700, seed)
    document = _plan(library, "xmom_crosssec", overrides, 700, seed)
    # In its first year the document decides to hold nothing; the program is not asked.
    waiting = int(np.argmax(document.rebalance >= overrides.get("back", 252)))
    assert not document.target[:waiting].any()
    assert len(program.rebalance) > 12
    assert program.rebalance.tobytes() == document.rebalance[waiting:].tobytes()
    assert program.target.tobytes() == np.ascontiguousarray(document.target[waiting:]).tobytes()


def test_pairs_hold_two_sides_in_the_hedge_ratio_and_come_home() -> None:
    strategy = load_python(*_text("mr_pairs"))
    market = panel(("A", "B", "C"), 780)
    plan = compile_strategy(strategy, resolve_parameters(strategy, {"window": 120, "most": 1}), market)
    assert len(plan.rebalance) >= 4
    held = plan.target[plan.target.any(axis=1)]
    assert len(held)
    for row in held:
        assert (row > 0).sum() == (row < 0).sum() == 1
        assert np.abs(row).sum() == pytest.approx(1.0, abs=2e-6)
    assert not plan.target.any(axis=1).all()  # it also leaves


def test_pairs_enter_only_what_is_cointegrated() -> None:
    """Two walks of their own are hardly ever traded, and never at a level that they do not pass."""
    from qt_engine.features.cointegration import engle_granger

    strategy = load_python(*_text("mr_pairs"))
    market = panel(("C", "D", "A"), 780, seed=9)
    window = 120
    plan = compile_strategy(strategy, resolve_parameters(strategy, {"window": window, "level": 1}), market)
    before = np.zeros(3)
    for bar, row in zip(plan.rebalance, plan.target, strict=True):
        for entered in _pairs_of(row, before):
            tested = False
            for end in range(int(bar), max(int(bar) - 45, window), -1):
                both = market.close[: end + 1, entered]
                known = both[~np.isnan(both).any(axis=1)][-window:]
                tested |= engle_granger(np.log(known[:, 0]), np.log(known[:, 1])).holds(1)
            assert tested
        before = row


def _pairs_of(row: np.ndarray, before: np.ndarray) -> list[list[int]]:
    new = np.flatnonzero((row != 0) & (before == 0))
    return [sorted(int(k) for k in new)] if len(new) == 2 else []


def _text(name: str) -> tuple[str, str]:
    from pathlib import Path

    source = StrategyLibrary(Path("/nowhere")).resolve(name)
    return source.text, str(source.path)
