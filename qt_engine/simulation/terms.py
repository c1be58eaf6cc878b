"""`Terms`: what a run is carried out under beside its market and plan, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from qt_engine.data.market import Market
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation.execution import Execution
from qt_engine.strategies.plan import Plan


def limits_of_plan(plan: Plan) -> RiskLimits:
    """The limits that a strategy has itself.

    Raises
    ------
    InputError
        If they contradict each other.
    """
    return RiskLimits(
        **{name: value for name in RiskLimits.model_fields if (value := getattr(plan.risk, name)) is not None}
    )


@dataclass(frozen=True)
class Terms:
    """What a run is carried out under, beside its market and plan; see `SimInput`."""

    execution: Execution
    risk: RiskLimits = field(default_factory=RiskLimits)
    seed: int = 0
    kill_ts: int | None = None

    def needs_all(self, plan: Plan, market: Market) -> bool:
        """Whether only the complete path can carry the run."""
        return bool(
            not self.execution.is_simple
            or not self.risk.unlimited
            or self.kill_ts is not None
            or plan.kind == "portfolio"
            or plan.order_style.any()
            or plan.risk.extra
            or len(market.actions)
        )

    def limits(self, plan: Plan) -> RiskLimits:
        """The lesser of each limit of the strategy and of the run.

        Not `RiskLimits.tighter`: a net exposure that a lower gross exposure makes unreachable is left as it is, because buying
        power is measured at the price of the fill and exposure at the reference price.
        """
        both = (limits_of_plan(plan), self.risk)
        lesser = {
            name: min((value for limits in both if (value := getattr(limits, name)) is not None), default=None)
            for name in RiskLimits.model_fields
        }
        return RiskLimits.model_construct(**lesser)
