"""A strategy of kind `portfolio` as data: what is chosen, how it is weighted, when, and within which bounds.

As in `qt_engine.strategies.document`, numbers are expressions over the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from qt_engine.strategies.document import Reading, StrategyDocument, text_of
from qt_engine.strategies.nodes import Expression, Number

__all__ = [
    "COVARIANCES", "FALLBACKS", "WEIGHTS_METHODS", "Constraints", "Covariance", "Every", "FallbackMethod",
    "PortfolioDocument", "Rebalance", "Select", "Weights", "WeightsMethod",
]  # fmt: skip

WeightsMethod = Literal[
    "equal", "inverse_volatility", "min_variance", "max_sharpe", "risk_parity", "hrp", "black_litterman", "signal"
]
WEIGHTS_METHODS: tuple[WeightsMethod, ...] = (
    "equal", "inverse_volatility", "min_variance", "max_sharpe", "risk_parity", "hrp", "black_litterman", "signal",
)  # fmt: skip
Covariance = Literal["sample", "ewma", "ledoit_wolf", "shrunk", "factor"]
COVARIANCES: tuple[Covariance, ...] = ("sample", "ewma", "ledoit_wolf", "shrunk", "factor")
FallbackMethod = Literal["equal", "inverse_volatility", "hold", "cash"]
FALLBACKS: tuple[FallbackMethod, ...] = ("equal", "inverse_volatility", "hold", "cash")
Every = Literal["week", "month", "quarter", "bars"]


@dataclass(frozen=True, slots=True)
class Select:
    """Which assets are held. Without `rank` all that meet `where`, without that all that trade.

    `top` and `bottom` are counts from 1, or fractions below 1 of the assets that are ranked.
    """

    rank: Expression | None = None
    top: Expression | None = None
    bottom: Expression | None = None
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """How the chosen assets are weighted; what a method does not read is None. See `selection.WeightsSetting`."""

    method: WeightsMethod = "equal"
    window: Expression | None = None
    covariance: Covariance | None = None
    half_life: Expression | None = None
    shrinkage: Expression | None = None
    factors: Expression | None = None
    value: Expression | None = None
    views: Expression | None = None
    confidence: Expression | None = None
    fallback: FallbackMethod = "hold"


@dataclass(frozen=True, slots=True)
class Rebalance:
    """When weights are decided anew: at the end of each period, or every so many `bars`."""

    every: Every = "month"
    bars: Expression | None = None
    drift_band: Expression | None = None


@dataclass(frozen=True, slots=True)
class Constraints:
    """Bounds of the weights. See `selection.ConstraintsSetting`; here sectors hold symbols, sorted like their names."""

    max_weight: Expression | None = None
    min_weight: Expression | None = None
    max_turnover: Expression | None = None
    gross: Expression = field(default_factory=lambda: Number(1.0))
    net: Expression | None = None
    long_only: bool = True
    sectors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    max_sector: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioDocument(StrategyDocument):
    """A strategy of kind `portfolio`: a choice of assets and their weights, decided anew on a schedule."""

    select: Select = field(default_factory=Select)
    weights: Weights = field(default_factory=Weights)
    rebalance: Rebalance = field(default_factory=Rebalance)
    constraints: Constraints = field(default_factory=Constraints)

    @property
    def kind(self) -> Literal["portfolio"]:
        """Portfolio."""
        return "portfolio"

    def readings(self) -> Iterator[Reading]:
        """What assets are chosen and weighted by."""
        if self.select.rank is not None:
            yield Reading("select: rank", self.select.rank, "number")
        if self.select.where is not None:
            yield Reading("select: where", self.select.where, "condition")
        if self.weights.value is not None:
            yield Reading("weights: value", self.weights.value, "number")
        if self.weights.views is not None:
            yield Reading("weights: views", self.weights.views, "number")

    def canonical(self) -> dict[str, Any]:
        """As `StrategyDocument.canonical`."""
        every = self.rebalance.every if self.rebalance.bars is None else f"{text_of(self.rebalance.bars)} bars"
        bounds = ("max_weight", "min_weight", "max_turnover", "gross", "net", "max_sector")
        numbers = ("window", "half_life", "shrinkage", "factors", "value", "views", "confidence")
        return {
            **self.canonical_head(),
            "select": {name: text_of(getattr(self.select, name)) for name in ("rank", "top", "bottom", "where")},
            "weights": {
                "method": self.weights.method,
                "covariance": self.weights.covariance,
                "fallback": self.weights.fallback,
                **{name: text_of(getattr(self.weights, name)) for name in numbers},
            },
            "rebalance": {"every": every, "drift_band": text_of(self.rebalance.drift_band)},
            "constraints": {
                **{name: text_of(getattr(self.constraints, name)) for name in bounds},
                "long_only": self.constraints.long_only,
                "sectors": {name: list(symbols) for name, symbols in self.constraints.sectors},
            },
        }
