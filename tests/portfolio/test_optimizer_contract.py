"""Every optimizer keeps the contract that authors of plug-ins are given; and the contract catches one that does not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qt_engine.portfolio import Infeasible, Limits, Optimizer, Problem, Weights, optimizer
from qt_engine.testing.optimizers import OptimizerContract, problem


class TestEqualWeight(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("equal")


class TestInverseVolatility(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("inverse_volatility")


class TestMinimumVariance(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("min_variance")


class TestMaximumSharpe(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("max_sharpe")


class TestRiskParity(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("risk_parity")


class TestHierarchicalRiskParity(OptimizerContract):
    def make(self) -> Optimizer:
        return optimizer("hrp")


class TestBlackLitterman(OptimizerContract):
    scale_invariant = False

    def make(self) -> Optimizer:
        return optimizer("black_litterman")


class TestSignal(OptimizerContract):
    scale_invariant = False

    def make(self) -> Optimizer:
        return optimizer("signal")


class _Careless(Optimizer):
    """What an author may get wrong; the base class must not let it out."""

    name = "careless"

    def __init__(self, answer: NDArray[np.float64]) -> None:
        self.answer = answer

    def propose(self, problem: Problem, limits: Limits) -> NDArray[np.float64] | Infeasible:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (np.full(10, np.nan), "no numbers"),
        (np.full(10, np.inf), "no numbers"),
        (np.full(10, 0.2), "gross"),
        (np.eye(10)[0] * 1.5, "max_weight"),
        (np.r_[-0.1, np.full(9, 1.1 / 9)], "side"),
        (np.full(9, 1 / 9), "shape"),
    ],
)
def test_wrong_answers_of_a_plug_in_never_leave(answer: NDArray[np.float64], word: str) -> None:
    given = _Careless(answer).optimize(problem(0))
    assert isinstance(given, Infeasible)
    assert "careless" in given.reason
    assert word in given.reason


def test_a_right_answer_of_a_plug_in_leaves_on_the_grid() -> None:
    given = _Careless(np.full(10, 0.09999999999)).optimize(problem(0))
    assert isinstance(given, Weights)
    assert given.values.tolist() == [0.1] * 10
