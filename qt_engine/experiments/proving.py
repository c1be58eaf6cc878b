"""Both proofs of one strategy on stored bars: that it does not look ahead, and that its warm-up is long enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qt_engine.core.text import plain
from qt_engine.data.market import Market
from qt_engine.experiments.road import require_bars
from qt_engine.experiments.spec import RunSpec
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.proofs import Proof, WarmUpProof

Progress = Callable[[float], None]
LOOKING_AHEAD = 0.85
"""Share of the work that the first proof is taken for."""


@dataclass(frozen=True)
class Proofs:
    """What was found out of a strategy on a market."""

    spec: RunSpec
    no_lookahead: Proof
    warm_up: WarmUpProof

    @property
    def clean(self) -> bool:
        """Whether neither was violated."""
        return self.no_lookahead.verdict == "clean" and self.warm_up.verdict != "violated"

    @property
    def sentences(self) -> list[str]:
        """The outcome in a few lines."""
        name = plain(self.spec.strategy)
        notes = [f"{name}: note: {note}" for note in self.no_lookahead.notes]
        return [f"{name}: {self.no_lookahead.sentence}", *notes, f"{name}: {self.warm_up.sentence}"]

    def as_json(self) -> dict[str, Any]:
        """The document of `qt strategies prove --json`."""
        return {
            "strategy": self.spec.strategy,
            "symbols": list(self.spec.symbols),
            "interval": self.spec.interval,
            "parameters": dict(self.spec.parameters),
            "clean": self.clean,
            "no_lookahead": self.no_lookahead.as_json(),
            "warm_up": self.warm_up.as_json(),
        }


def prove(spec: RunSpec, market: Market, *, thorough: bool = False, progress: Progress | None = None) -> Proofs:
    """Prove a strategy of any kind on a market.

    Parameters
    ----------
    thorough
        Cut the future off at every bar, however many there are.
    progress
        Called with the share done; may raise to cancel.

    Raises
    ------
    InputError
        If the strategy is wrong or there are no bars.
    StrategyError
        If a strategy in Python raises.
    """
    from qt_engine.portfolio.compilation import compile_strategy
    from qt_engine.simulation.warm import warm_up
    from qt_engine.strategies.loading import stored_strategy
    from qt_engine.strategies.provers import prove_no_lookahead, prove_warm_up

    require_bars(spec, market)
    strategy = stored_strategy(spec.source, spec.document)
    warm_up(sweeps=False)

    def compiled(bars: Market) -> Plan:
        return compile_strategy(strategy, spec.parameters, bars)

    def part(low: float, high: float) -> Progress | None:
        return None if progress is None else lambda share: progress(low + share * (high - low))

    plan = compiled(market)
    ahead = prove_no_lookahead(
        strategy, spec.parameters, market,
        compile=compiled, decided=plan, thorough=thorough, progress=part(0.0, LOOKING_AHEAD),
    )  # fmt: skip
    before = prove_warm_up(
        strategy, spec.parameters, market, compile=compiled, thorough=thorough, progress=part(LOOKING_AHEAD, 1.0)
    )
    return Proofs(spec, ahead, before)
