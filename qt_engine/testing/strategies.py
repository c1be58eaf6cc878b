"""The contract of strategies in Python.

A test module subclasses `StrategyContract` and says which class is meant; pytest then runs every promise of
`qt_engine.strategies.base.Strategy` against it::

    class TestMyStrategy(StrategyContract):
        def make(self):
            return MyStrategy
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.randomness import splitmix64
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.strategies.base import Strategy
from qt_engine.strategies.decisions import Decider, as_python_strategy, targets_of
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.provers import prove_no_lookahead, prove_warm_up
from qt_engine.strategies.python_source import PythonStrategy

DAY_NS = 86_400_000_000_000
MONDAY = 1_262_563_200_000_000_000
"""2010-01-04."""


class StrategyContract(ABC):
    """What every strategy in Python promises."""

    @abstractmethod
    def make(self) -> type[Strategy]:
        """The class, imported from its own file."""

    def market(self) -> Market:
        """Bars that the strategy can decide on: by default three years of weekdays of the symbols of its universe.

        Prices wander together with one another; an asset that is listed late, days without trade and one of a whole month
        are among them.
        """
        symbols = tuple(self.make().universe) or ("AAA", "BBB", "CCC")
        return panel(symbols, 780)

    def parameters(self) -> Mapping[str, int | float]:
        """Parameters to run it with; by default its own."""
        return resolve_parameters(self.strategy())

    def strategy(self) -> PythonStrategy:
        """The strategy as a run stores it."""
        return as_python_strategy(self.make())

    def test_it_is_read_from_its_own_text(self) -> None:
        strategy, made = self.strategy(), self.make()
        assert strategy.name == made.name
        assert strategy.fresh() is not made
        assert strategy.description

    def test_it_decides_something_and_what_it_decides_are_weights(self) -> None:
        market = self.market()
        bars, target, _ = targets_of(self.strategy(), self.parameters(), market)
        assert len(bars) > 0, "on this market it decides nothing, so that nothing is tested; give it another one"
        assert target.shape == (len(bars), len(market.symbols))
        assert np.isfinite(target).all()
        assert (np.diff(bars) > 0).all()

    def test_the_same_again(self) -> None:
        market, parameters = self.market(), self.parameters()
        one, two = (targets_of(self.strategy(), parameters, market) for _ in range(2))
        assert one[0].tobytes() == two[0].tobytes()
        assert one[1].tobytes() == two[1].tobytes()

    def test_bar_by_bar_it_decides_what_it_decides_at_once(self) -> None:
        market, parameters, strategy = self.market(), self.parameters(), self.strategy()
        whole = targets_of(strategy, parameters, market)
        decider, bar = Decider(strategy, parameters), 0
        for step in (1, 2, 97, 1, 200, 1, len(market)):
            bar = min(bar + step, len(market))
            decider.advance(market.head(bar))
        bars, target = decider.targets()
        assert bars.tobytes() == whole[0].tobytes()
        assert target.tobytes() == whole[1].tobytes()

    def test_it_does_not_look_ahead(self) -> None:
        proof = prove_no_lookahead(self.strategy(), self.parameters(), self.market(), thorough=True)
        assert proof.verdict == "clean", proof.sentence

    def test_its_warm_up_is_long_enough(self) -> None:
        proof = prove_warm_up(self.strategy(), self.parameters(), self.market())
        assert proof.verdict != "violated", proof.sentence

    def test_there_is_no_decision_before_the_warm_up(self) -> None:
        strategy, parameters = self.strategy(), self.parameters()
        warmup = Decider(strategy, parameters).warmup
        bars, _, _ = targets_of(strategy, parameters, self.market())
        assert len(bars) == 0 or bars[0] >= warmup

    def test_a_history_that_is_too_short_gives_no_decision_and_no_error(self) -> None:
        strategy, parameters, market = self.strategy(), self.parameters(), self.market()
        warmup = Decider(strategy, parameters).warmup
        for bars in sorted({1, 2, warmup // 2, warmup} - {0}):
            if bars <= warmup:
                assert len(targets_of(strategy, parameters, market.head(bars))[0]) == 0
        targets_of(strategy, parameters, market.head(warmup + 1))

    def test_the_market_is_left_as_it_was(self) -> None:
        market = self.market()
        before = market.hash
        targets_of(self.strategy(), self.parameters(), market)
        assert panel_hash(market) == before

    def test_the_bounds_of_its_parameters_can_be_run(self) -> None:
        strategy, market = self.strategy(), self.market()
        for name, parameter in strategy.params.items():
            for bound in (parameter.low, parameter.high):
                if bound is None:
                    continue
                try:
                    parameters = resolve_parameters(strategy, {name: bound})
                except InputError:
                    continue  # beside the defaults of the others it is none that the strategy requires
                targets_of(strategy, parameters, market)


def panel_hash(market: Market) -> str:
    """The hash of a market, computed anew."""
    return market.head(len(market)).hash


def panel(symbols: tuple[str, ...], bars: int, seed: int = 5) -> Market:
    """Daily bars of weekdays whose prices share a common path, with gaps; the same everywhere.

    The first two symbols keep close together; the last is listed after 60 bars; each misses single days, and the second
    all of a month.
    """
    days = np.arange(bars, dtype=np.int64)
    ts = MONDAY + (days // 5 * 7 + days % 5) * DAY_NS
    common = np.cumsum(_noise(seed, bars)) * 0.03
    close = np.empty((bars, len(symbols)))
    for asset in range(len(symbols)):
        noise = _noise(seed + 1000 * (asset + 1), bars)
        own = np.zeros(bars)
        pull = 0.85 if asset < 2 else 1.0
        for bar in range(1, bars):
            own[bar] = pull * own[bar - 1] + 0.03 * noise[bar]
        close[:, asset] = 50.0 * (asset + 1) * np.exp((1.0 + 0.1 * asset) * common + own)
        for bar in range(11 + asset, bars, 53 + 4 * asset):
            close[bar, asset] = np.nan
    if len(symbols) > 2:
        close[:60, -1] = np.nan
    if len(symbols) > 1:
        close[300:322, 1] = np.nan
    volume = np.where(np.isnan(close), np.nan, 1e6)
    return market_from_arrays(symbols, "1d", ts, close, close * 1.01, close * 0.99, close, volume)


def _noise(seed: int, bars: int) -> NDArray[np.float64]:
    """Numbers between -0.5 and 0.5."""
    return np.array([number / 2**64 - 0.5 for number in splitmix64(seed, bars)])
