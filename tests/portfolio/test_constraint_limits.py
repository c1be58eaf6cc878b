"""Whether constraints have a solution is decided exactly, and where they have one, proportions are fitted to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.portfolio import Infeasible
from qt_engine.portfolio.constraints import Limits, broken, limits_of, net_of
from qt_engine.portfolio.projection import in_proportion
from qt_engine.portfolio.turnover import move_towards, traded
from qt_engine.strategies.selection import ConstraintsSetting

twentieths = st.integers(0, 24).map(lambda steps: steps / 20)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, tuple[str, ...], ConstraintsSetting]:
    n = draw(st.integers(1, 8))
    side = np.array(draw(st.lists(st.sampled_from([1, 1, -1]), min_size=n, max_size=n)), np.int8)
    sectors = tuple(draw(st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=n, max_size=n)))
    gross = draw(st.sampled_from([0.5, 1.0, 1.5]))
    low = draw(st.none() | st.sampled_from([0.05, 0.1, 0.15]))
    high = draw(st.none() | twentieths)
    net = draw(st.none() | st.sampled_from([-0.5, 0.0, 0.25, 0.5, 1.0]))
    cap = draw(st.none() | twentieths)
    return side, sectors, ConstraintsSetting(high, low, None, gross, net, False, (), cap)


def _solvable(side: np.ndarray, sectors: tuple[str, ...], setting: ConstraintsSetting) -> bool:
    """The same question for a linear programme."""
    optimize = pytest.importorskip("scipy.optimize")
    n = len(side)
    low, high = setting.min_weight or 0.0, min(setting.gross, 9.0 if setting.max_weight is None else setting.max_weight)
    if low > high:
        return False
    rows, most = [np.zeros(n)], [0.0]
    if setting.max_sector is not None:
        for name in {name for name in sectors if name}:
            rows.append(np.array([1.0 if sector == name else 0.0 for sector in sectors]))
            most.append(setting.max_sector)
    solved = optimize.linprog(
        np.zeros(n), A_ub=np.array(rows), b_ub=most, A_eq=np.array([np.ones(n), side]),
        b_eq=[setting.gross, net_of(side, setting)], bounds=[(low, high)] * n,
    )  # fmt: skip
    return bool(solved.status == 0)


@settings(max_examples=200, deadline=None)
@given(_cases())
def test_a_contradiction_is_found_exactly_where_there_is_one(
    case: tuple[np.ndarray, tuple[str, ...], ConstraintsSetting],
) -> None:
    side, sectors, setting = case
    found = limits_of(tuple("ABCDEFGH"[: len(side)]), side, sectors, setting)
    assert isinstance(found, Limits) == _solvable(*case), found


@settings(max_examples=150, deadline=None)
@given(_cases(), st.lists(st.floats(0.01, 10), min_size=8, max_size=8))
def test_proportions_are_fitted_wherever_there_is_a_solution(
    case: tuple[np.ndarray, tuple[str, ...], ConstraintsSetting], shares: list[float]
) -> None:
    side, sectors, setting = case
    limits = limits_of(tuple("ABCDEFGH"[: len(side)]), side, sectors, setting)
    if isinstance(limits, Limits):
        weights = in_proportion(np.array(shares[: len(side)]), side, limits)
        assert not isinstance(weights, Infeasible), weights
        assert broken(weights, side, limits) is None


@pytest.mark.parametrize(
    ("assets", "setting", "reason"),
    [
        (50, {"max_weight": 0.01}, "max_weight 1% of 50 assets cannot reach gross 1"),
        (1, {"max_weight": 0.6}, "max_weight 60% of 1 asset cannot reach gross 1"),
        (50, {"min_weight": 0.03}, "min_weight 3% of 50 assets is more than gross 1"),
        (6, {"max_sector": 0.3}, "max_sector 30% of 3 sectors cannot reach gross 1"),
        (6, {"min_weight": 0.15, "max_sector": 0.2},
         "min_weight 15% of the 2 assets of sector a is more than max_sector 20%"),
        (6, {"net": 0.5}, "gross 1 and net 0.5 need short assets, none is chosen"),
        (6, {"net": -2.0}, "net -2 is more than gross 1"),
        (6, {"max_weight": 0.2, "min_weight": 0.3}, "min_weight 30% is above max_weight 20%"),
    ],
)  # fmt: skip
def test_reasons_name_the_constraints_in_words(assets: int, setting: dict[str, float], reason: str) -> None:
    names = tuple(f"A{k}" for k in range(assets))
    sectors = tuple("abc"[k % 3] for k in range(assets))
    found = limits_of(names, np.ones(assets, np.int8), sectors, ConstraintsSetting(**setting))  # type: ignore[arg-type]
    assert found == Infeasible(reason)


def test_symbols_without_a_sector_are_not_capped() -> None:
    side = np.ones(4, np.int8)
    limits = limits_of(tuple("ABCD"), side, ("a", "a", "", ""), ConstraintsSetting(max_sector=0.3))
    assert isinstance(limits, Limits)
    weights = in_proportion(np.ones(4), side, limits)
    assert not isinstance(weights, Infeasible)
    np.testing.assert_allclose(weights, [0.15, 0.15, 0.35, 0.35])


@given(
    st.lists(st.floats(-1, 1), min_size=5, max_size=5), st.lists(st.floats(-1, 1), min_size=5, max_size=5),
    st.floats(0, 4),
)  # fmt: skip
def test_moving_towards_a_target_trades_no_more_than_the_budget(
    held: list[float], aim: list[float], budget: float
) -> None:
    start, target = np.array(held), np.array(aim)
    moved = move_towards(target, start, budget)
    assert traded(moved, start) <= budget + 1e-12
    if traded(target, start) <= budget:
        assert np.array_equal(moved, target)
    assert (np.abs(moved - start) <= np.abs(target - start) + 1e-12).all()
