"""The contract of optimizers.

A test module subclasses `OptimizerContract` and says how to make an optimizer; pytest then runs every promise of
`qt_engine.portfolio.Optimizer` against it::

    class TestMyOptimizer(OptimizerContract):
        def make(self):
            return MyOptimizer()
"""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from qt_engine.core.randomness import splitmix64
from qt_engine.portfolio import Infeasible, Optimizer, Problem, Weights
from qt_engine.portfolio.constraints import net_of
from qt_engine.portfolio.covariance import ledoit_wolf
from qt_engine.strategies.selection import ConstraintsSetting

STEP = 1e-6
"""Weights are multiples of this, cut towards zero: sums may miss their aim by so much an asset."""

LONG_ONLY: tuple[tuple[str, ConstraintsSetting], ...] = (
    ("free", ConstraintsSetting()),
    ("tight cap", ConstraintsSetting(max_weight=0.12)),
    ("cap that leaves no choice", ConstraintsSetting(max_weight=0.1)),
    ("floor", ConstraintsSetting(min_weight=0.04)),
    ("floor and cap", ConstraintsSetting(min_weight=0.02, max_weight=0.25)),
    ("half invested", ConstraintsSetting(gross=0.5, max_weight=0.2)),
    ("leveraged", ConstraintsSetting(gross=1.8)),
    ("sectors", ConstraintsSetting(max_sector=0.4)),
    ("sectors and caps", ConstraintsSetting(max_sector=0.38, max_weight=0.2, min_weight=0.01)),
    ("little turnover", ConstraintsSetting(max_turnover=0.1)),
    ("some turnover, capped", ConstraintsSetting(max_turnover=0.4, max_weight=0.3, max_sector=0.5)),
    ("no turnover", ConstraintsSetting(max_turnover=0.0)),
)
"""Constraints that ten assets held long in three sectors can meet."""
BOTH_SIDES: tuple[tuple[str, ConstraintsSetting], ...] = (
    ("neutral", ConstraintsSetting(long_only=False)),
    ("tilted", ConstraintsSetting(long_only=False, gross=1.5, net=0.3, max_weight=0.4)),
    ("sectors over both sides", ConstraintsSetting(long_only=False, max_sector=0.4, max_weight=0.25)),
    ("little turnover", ConstraintsSetting(long_only=False, max_turnover=0.2)),
)
"""Constraints that ten assets, five of them short, can meet."""
CONTRADICTIONS: tuple[tuple[str, ConstraintsSetting, tuple[str, ...]], ...] = (
    ("caps below gross", ConstraintsSetting(max_weight=0.01), ("max_weight", "1%", "10 assets", "gross 1")),
    ("floors above gross", ConstraintsSetting(min_weight=0.2), ("min_weight", "20%", "gross 1")),
    ("sectors below gross", ConstraintsSetting(max_sector=0.2), ("max_sector", "20%", "gross 1")),
    ("net that no long book has", ConstraintsSetting(net=0.0), ("net 0", "short")),
)
"""Constraints that ten assets held long in three sectors cannot meet, and what the reason must name."""
FLAWED: tuple[tuple[str, ConstraintsSetting], ...] = (
    ("floor above cap", ConstraintsSetting(min_weight=0.3, max_weight=0.2)),
    ("net above gross", ConstraintsSetting(gross=1.0, net=1.5)),
    ("no number", ConstraintsSetting(max_weight=float("nan"))),
    ("below zero", ConstraintsSetting(gross=-1.0)),
)
"""Constraints that contradict whatever the assets are."""


def problem(
    seed: int, constraints: ConstraintsSetting | None = None, *, assets: int = 10, both: bool = False
) -> Problem:
    """A problem with everything an optimizer may ask for: a common factor, three sectors, weights held, signals and views."""
    observations = 120
    draws = np.array(splitmix64(seed, (observations + 8) * (assets + 1)), np.float64) / 2.0**64
    table = draws.reshape(observations + 8, assets + 1) - 0.5
    spread = 0.01 + 0.03 * (table[-1, :assets] + 0.5)
    returns = 0.012 * table[:observations, -1:] + spread * table[:observations, :assets] + 0.0008 * table[-2, :assets]
    side = np.where(both & (np.arange(assets) % 2 == 1), -1, 1).astype(np.int8)
    held = table[-3, :assets] + 0.5
    signal = table[-4, :assets] + 0.5
    # Every asset is expected to earn on its side, so that the best ratio exists under any constraints.
    expected = side * (1e-4 + 1e-3 * (table[-6, :assets] + 0.5))
    return Problem(
        symbols=tuple(f"ASSET{number:02}" for number in range(assets)),
        side=side,
        constraints=constraints or ConstraintsSetting(long_only=not both),
        previous=held / held.sum() * side,
        sectors=tuple(("energy", "health", "metals")[number % 3] for number in range(assets)),
        returns=returns,
        covariance=ledoit_wolf(returns),
        expected_returns=expected,
        signal=signal / signal.sum() * side,
        views=np.where(np.arange(assets) % 4 == 0, 0.002 * table[-5, :assets], np.nan),
    )


class OptimizerContract(ABC):
    """What every optimizer promises.

    Attributes
    ----------
    scale_invariant
        Whether the weights stay when all returns are multiplied by one number. False where views or signals are in units of
        their own.
    tolerance
        By how much weights may differ where they should be the same: after reordering assets, or scaling returns.
    """

    scale_invariant: ClassVar[bool] = True
    tolerance: ClassVar[float] = 5e-6

    @abstractmethod
    def make(self) -> Optimizer:
        """An optimizer."""

    def test_it_has_a_short_lower_case_name(self) -> None:
        name = self.make().name
        assert name
        assert name == name.lower()
        assert " " not in name

    @pytest.mark.parametrize(("label", "constraints"), LONG_ONLY, ids=[label for label, _ in LONG_ONLY])
    def test_long_weights_keep_their_bounds(self, label: str, constraints: ConstraintsSetting) -> None:
        for seed in range(4):
            self._check(problem(seed, constraints))

    @pytest.mark.parametrize(("label", "constraints"), BOTH_SIDES, ids=[label for label, _ in BOTH_SIDES])
    def test_weights_of_both_sides_keep_their_bounds(self, label: str, constraints: ConstraintsSetting) -> None:
        for seed in range(4):
            self._check(problem(seed, constraints, both=True))

    @pytest.mark.parametrize(
        ("label", "constraints", "words"), CONTRADICTIONS, ids=[label for label, _, _ in CONTRADICTIONS]
    )
    def test_contradictions_are_values_that_name_them(
        self, label: str, constraints: ConstraintsSetting, words: tuple[str, ...]
    ) -> None:
        if not self.make().fills_gross:
            return
        answer = self.make().optimize(problem(1, constraints))
        assert isinstance(answer, Infeasible)
        for word in words:
            assert word in answer.reason

    @pytest.mark.parametrize(("label", "constraints"), FLAWED, ids=[label for label, _ in FLAWED])
    def test_constraints_that_make_no_sense_are_values_too(self, label: str, constraints: ConstraintsSetting) -> None:
        answer = self.make().optimize(problem(1, constraints))
        assert isinstance(answer, Infeasible)
        assert answer.reason
        assert "\n" not in answer.reason

    def test_shorts_contradict_long_only(self) -> None:
        answer = self.make().optimize(problem(1, ConstraintsSetting(long_only=True), both=True))
        assert isinstance(answer, Infeasible)
        assert "long_only" in answer.reason

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0])
    @pytest.mark.parametrize("name", ["returns", "covariance", "expected_returns", "previous", "signal", "views"])
    def test_no_number_that_goes_in_brings_out_another_than_a_finite_one(self, name: str, value: float) -> None:
        whole = problem(2)
        for every in (False, True):
            array: NDArray[np.float64] = getattr(whole, name).copy()
            array.flat[slice(None) if every else slice(3, 4)] = value
            with np.errstate(all="ignore"):
                answer = self.make().optimize(_with(whole, name, array))
            if isinstance(answer, Weights):
                assert np.isfinite(answer.values).all()
            else:
                assert answer.reason

    def test_assets_without_a_side_have_no_weight(self) -> None:
        given = problem(3)
        side = given.side.copy()
        side[[0, 4, 9]] = 0
        answer = self.make().optimize(replace(given, side=side))
        assert isinstance(answer, Weights)
        assert (answer.values[[0, 4, 9]] == 0).all()
        nothing = self.make().optimize(replace(given, side=np.zeros_like(side)))
        assert isinstance(nothing, Weights)
        assert not nothing.values.any()

    def test_one_asset_has_it_all(self) -> None:
        given = problem(4, assets=1)
        answer = self.make().optimize(replace(given, signal=np.ones(1), expected_returns=np.full(1, 1e-3)))
        assert isinstance(answer, Weights)
        assert abs(answer.values[0] - 1.0) < self.tolerance

    def test_reordering_assets_reorders_weights(self) -> None:
        for seed in range(4):
            given = problem(seed, ConstraintsSetting(max_weight=0.3, max_sector=0.5))
            order = np.argsort(splitmix64(seed + 99, len(given.symbols)))
            straight, turned = self.make().optimize(given), self.make().optimize(_reordered(given, order))
            assert isinstance(straight, Weights)
            assert isinstance(turned, Weights)
            assert np.abs(straight.values[order] - turned.values).max() <= self.tolerance

    def test_the_unit_of_returns_does_not_matter(self) -> None:
        if not self.scale_invariant:
            return
        for factor in (1e-3, 7.0, 1e3):
            given = problem(5, ConstraintsSetting(max_weight=0.3))
            larger = replace(
                given,
                returns=given.returns * factor,
                covariance=given.covariance * factor**2,
                expected_returns=given.expected_returns * factor,
            )
            one, two = self.make().optimize(given), self.make().optimize(larger)
            assert isinstance(one, Weights)
            assert isinstance(two, Weights)
            assert np.abs(one.values - two.values).max() <= self.tolerance

    def test_a_problem_is_not_changed_and_has_one_answer(self) -> None:
        given = problem(6, ConstraintsSetting(max_turnover=0.5))
        before = [getattr(given, name).copy() for name in ("side", "previous", "returns", "covariance", "signal")]
        optimizer = self.make()
        first = optimizer.optimize(given)
        optimizer.optimize(problem(7))
        second = optimizer.optimize(given)
        after = [getattr(given, name) for name in ("side", "previous", "returns", "covariance", "signal")]
        assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
        assert isinstance(first, Weights)
        assert isinstance(second, Weights)
        assert first.values.tobytes() == second.values.tobytes()

    def test_processes_and_threads_agree(self) -> None:
        """Fresh processes that hash texts differently and have more or fewer threads for linear algebra."""
        kind = type(self.make())
        code = (
            f"from {kind.__module__} import {kind.__qualname__} as kind\n"
            "from qt_engine.testing.optimizers import problem\n"
            "print([kind().optimize(problem(seed)).values.tobytes().hex() for seed in range(3)])"
        )
        told = set()
        for seed, threads in (("1", "1"), ("2", "2")):
            environment = {
                **os.environ,
                "PYTHONHASHSEED": seed,
                "OMP_NUM_THREADS": threads,
                "OPENBLAS_NUM_THREADS": threads,
            }
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)
            assert done.returncode == 0, done.stderr.decode()
            told.add(done.stdout)
        assert len(told) == 1

    def _check(self, given: Problem) -> None:
        optimizer, setting = self.make(), given.constraints
        answer = optimizer.optimize(given)
        assert isinstance(answer, Weights), answer
        values = answer.values
        steps = values / STEP
        room = STEP * len(values)
        assert np.isfinite(values).all()
        assert np.abs(steps - np.round(steps)).max() < 1e-4
        assert not np.signbit(values[values == 0]).any()
        absolute = values * given.side
        if setting.max_turnover is not None:
            traded = float(np.abs(values - given.previous).sum())
            assert traded <= setting.max_turnover + room
            if traded > setting.max_turnover - 2 * room:
                return  # on the way from what was held, which kept none of the bounds
        assert (absolute >= 0).all()
        if setting.max_weight is not None:
            assert absolute.max() <= setting.max_weight + STEP
        if setting.min_weight is not None and optimizer.fills_gross:
            assert absolute.min() >= setting.min_weight - 2 * STEP
        if optimizer.fills_gross:
            assert abs(absolute.sum() - setting.gross) <= 2 * room
            assert abs(values.sum() - net_of(given.side, setting)) <= 2 * room
        else:
            assert absolute.sum() <= setting.gross + room
        if setting.max_sector is not None:
            for sector in set(given.sectors):
                inside = np.array([name == sector for name in given.sectors])
                assert absolute[inside].sum() <= setting.max_sector + room


def _with(given: Problem, name: str, array: NDArray[np.float64]) -> Problem:
    changed = dict(vars(given))
    changed[name] = array
    return Problem(**changed)


def _reordered(given: Problem, order: NDArray[np.intp]) -> Problem:
    return replace(
        given,
        symbols=tuple(given.symbols[i] for i in order),
        side=given.side[order],
        previous=given.previous[order],
        sectors=tuple(given.sectors[i] for i in order),
        returns=given.returns[:, order],
        covariance=given.covariance[np.ix_(order, order)],
        expected_returns=given.expected_returns[order],
        signal=given.signal[order],
        views=given.views[order],
    )
