"""`Execution`: how orders meet the market, one composed model with a field for each part.

What each part does, line by line, is specified in `docs/execution-models.md`. Presets stand in `configs/execution/`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from qt_engine.core.checked import Checked

BPS = 10_000.0
NS_A_MS = 1_000_000
QUANTILES = 256
"""Steps of the quantile table that stands for a lognormal latency."""


class Impact(Checked):
    """Square-root market impact: `coefficient` × volatility × √(quantity / average volume)."""

    title: ClassVar[str] = "impact"
    coefficient: float = Field(
        1.0, gt=0.0, le=100.0, description="Factor before volatility and root; a number above 0, to 100."
    )
    window: int = Field(
        20, ge=2, le=10_000, description="Traded bars over which volatility and volume are measured; 2 to 10,000."
    )


class VolumeShare(Checked):
    """Slippage that grows with the square of the share of the bar's volume: `coefficient` × (quantity / volume)²."""

    title: ClassVar[str] = "volume_share"
    coefficient: float = Field(
        0.1, gt=0.0, le=100.0, description="Relative price move at the whole volume of a bar; above 0, to 100."
    )


class Latency(Checked):
    """Time from a decision to the arrival of its order."""

    title: ClassVar[str] = "latency"
    distribution: Literal["fixed", "uniform", "lognormal", "empirical"] = Field(
        "fixed", description="fixed (ms), uniform (low, high), lognormal (median, sigma) or empirical (samples)."
    )
    ms: float | None = Field(None, ge=0.0, le=1e9, description="fixed: milliseconds from 0 to 1e9.")
    low: float | None = Field(None, ge=0.0, le=1e9, description="uniform: the least, milliseconds.")
    high: float | None = Field(None, ge=0.0, le=1e9, description="uniform: the most, milliseconds, at least low.")
    median: float | None = Field(None, gt=0.0, le=1e9, description="lognormal: median in milliseconds, above 0.")
    sigma: float | None = Field(
        None, gt=0.0, le=5.0, description="lognormal: standard deviation of the logarithm; above 0, to 5."
    )
    samples: tuple[float, ...] | None = Field(
        None, min_length=1, max_length=100_000, description="empirical: measured latencies in milliseconds, 0 or more."
    )

    NEEDED: ClassVar[dict[str, tuple[str, ...]]] = {
        "fixed": ("ms",), "uniform": ("low", "high"), "lognormal": ("median", "sigma"), "empirical": ("samples",),
    }  # fmt: skip

    def contradictions(self) -> list[str]:
        needed = self.NEEDED[self.distribution]
        found = []
        for name in ("ms", "low", "high", "median", "sigma", "samples"):
            if (getattr(self, name) is None) == (name in needed):
                rule = "needs" if name in needed else "has no"
                found.append(f"distribution {self.distribution} {rule} {name}")
        if not found and self.low is not None and self.high is not None and self.low > self.high:
            found.append(f"low {self.low:g} is above high {self.high:g}")
        if not found and self.samples is not None and not all(0.0 <= sample <= 1e9 for sample in self.samples):
            found.append("samples are milliseconds from 0 to 1e9")
        return found

    @cached_property
    def table(self) -> tuple[int, ...]:
        """Quantiles in nanoseconds at equal steps of probability, at least two; between them a draw is interpolated.

        A lognormal distribution is cut at half a step from either end.
        """
        if self.ms is not None:
            quantiles = [self.ms, self.ms]
        elif self.low is not None and self.high is not None:
            quantiles = [self.low, self.high]
        elif self.samples is not None:
            quantiles = sorted(self.samples) if len(self.samples) > 1 else [self.samples[0]] * 2
        else:
            quantiles = self._lognormal()
        return tuple(round(value * NS_A_MS) for value in quantiles)

    def _lognormal(self) -> list[float]:
        import math
        from statistics import NormalDist

        assert self.median is not None and self.sigma is not None
        edge = 0.5 / QUANTILES
        shares = [min(max(i / QUANTILES, edge), 1.0 - edge) for i in range(QUANTILES + 1)]
        return [self.median * math.exp(self.sigma * NormalDist().inv_cdf(share)) for share in shares]


class FeeTier(Checked):
    """Rates from a traded notional of the current calendar month on."""

    title: ClassVar[str] = "fee tier"
    above: float = Field(0.0, ge=0.0, le=1e18, description="Traded notional this month from which it counts, currency.")
    maker_bps: float = Field(
        5.0, ge=-100.0, le=1000.0, description="For fills at a resting limit; -100 (a rebate) to 1000."
    )
    taker_bps: float = Field(5.0, ge=-100.0, le=1000.0, description="For all other fills; basis points, -100 to 1000.")


class FeeRegime(Checked):
    """The fees in force from a date on."""

    title: ClassVar[str] = "fee regime"
    since: date | None = Field(None, description="First UTC day it is in force; none: from the beginning.")
    tiers: tuple[FeeTier, ...] = Field(
        (FeeTier(),), min_length=1, description="Rates by traded notional, the lowest first."
    )
    per_unit: float = Field(
        0.0, ge=0.0, le=1e6, description="Currency per unit of quantity, beside the rate; 0 to 1e6."
    )
    minimum: float = Field(0.0, ge=0.0, le=1e9, description="Least fee of an order in currency, over all of its fills.")

    def contradictions(self) -> list[str]:
        bounds = [tier.above for tier in self.tiers]
        if bounds[0] != 0.0:
            return ["the first tier counts from a notional of 0"]
        return (
            [] if bounds == sorted(set(bounds)) else ["tiers are in the order of their notional, each above the last"]
        )

    @property
    def since_ns(self) -> int:
        """The start of its first day, UTC nanoseconds."""
        if self.since is None:
            return -(2**62)
        moment = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)
        return round(moment.timestamp()) * 1_000_000_000


class Carry(Checked):
    """What holding costs: borrow of shorts, interest on cash, funding of perpetual contracts."""

    title: ClassVar[str] = "carry"
    borrow_rate: float = Field(0.0, ge=0.0, le=10.0, description="Paid on short positions; fraction a year, 0 to 10.")
    margin_rate: float = Field(0.0, ge=0.0, le=10.0, description="Paid on negative cash; fraction a year, 0 to 10.")
    cash_rate: float = Field(0.0, ge=0.0, le=10.0, description="Earned on positive cash; fraction a year, 0 to 10.")
    funding_bps: float = Field(
        0.0, ge=-1000.0, le=1000.0, description="Paid by longs to shorts at each funding; basis points."
    )
    funding_hours: float = Field(
        8.0, ge=0.001, le=10_000.0, description="Hours between fundings, counted from 1970 (UTC)."
    )


class Execution(Checked):
    """How orders meet the market. The defaults are those of a liquid stock: costs on every fill, at the next open."""

    title: ClassVar[str] = "execution"

    name: str = Field(
        "custom", min_length=1, max_length=64, description="What it is called wherever its results appear."
    )
    fee_bps: float = Field(5.0, ge=0.0, le=1000.0, description="Fee on the executed notional; basis points, 0 to 1000.")
    slippage_bps: float = Field(
        2.0, ge=0.0, le=1000.0, description="Fixed, of the reference price; basis points, 0 to 1000."
    )
    tick: float = Field(
        1e-8, gt=0.0, lt=1e6, description="Price step to which levels and limits are rounded; currency, above 0."
    )
    spread_bps: float = Field(
        0.0, ge=0.0, le=2000.0, description="Bid-ask, of which a fill pays half; basis points, 0 to 2000."
    )
    quoted_spread: bool = Field(False, description="Take the spread from the market's quotes where it has them.")
    impact: Impact | None = Field(None, description="Square-root market impact.")
    volume_share: VolumeShare | None = Field(None, description="Slippage by the share of the bar's volume.")
    participation: float | None = Field(
        None, gt=0.0, le=1.0, description="Share of a bar's volume that fills may take; above 0, to 1. None: no bound."
    )
    limit_fills_slip: bool = Field(True, description="Whether fills at a resting limit have slippage as well.")
    latency: Latency | None = Field(None, description="Time from decision to arrival. None: none.")
    failure_probability: float = Field(
        0.0, ge=0.0, lt=1.0, description="Share of orders that fail at arrival; 0 to below 1."
    )
    fees: tuple[FeeRegime, ...] = Field((), description="Schedule in place of fee_bps, by date, the earliest first.")
    carry: Carry | None = Field(None, description="Borrow, interest, funding.")
    path: Literal["pessimistic", "ohlc"] = Field(
        "pessimistic", description="What a bar that touched stop and target did: the worse, or high before low."
    )

    def contradictions(self) -> list[str]:
        starts = [regime.since_ns for regime in self.fees]
        return [] if starts == sorted(set(starts)) else ["fees: regimes are in the order of their dates, each once"]

    @property
    def is_simple(self) -> bool:
        """Whether fills have a fixed slippage and fee and nothing else: what the kernel's shorter path knows."""
        default = Execution.model_fields
        return all(
            getattr(self, name) == field.default
            for name, field in default.items()
            if name not in ("name", "fee_bps", "slippage_bps", "tick")
        )

    @property
    def is_perfect(self) -> bool:
        """Whether trading costs nothing: no result of such a model can be had in a market."""
        free = self.slippage_bps == 0.0 and self.spread_bps == 0.0 and self.impact is None and self.volume_share is None
        charged = self.fee_bps != 0.0 if not self.fees else any(_charges(regime) for regime in self.fees)
        return free and not charged and not self.quoted_spread

    def canonical(self) -> dict[str, Any]:
        """What stands in a hash: the fields that differ from their defaults, without the name."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"name"})


def _charges(regime: FeeRegime) -> bool:
    rates = any(tier.maker_bps > 0.0 or tier.taker_bps > 0.0 for tier in regime.tiers)
    return rates or regime.per_unit > 0.0 or regime.minimum > 0.0
