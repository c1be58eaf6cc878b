"""Under which terms a run is carried out: what was given, laid over a named execution model, laid over the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from qt_engine.core.settings import Settings

COSTS = ("fee_bps", "slippage_bps", "tick")
OTHERS = ("cash", "seed")


def chosen_terms(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `RunSpec` that say how to trade, checked at once: before any data is loaded.

    Parameters
    ----------
    given
        `cash`, `fee_bps`, `slippage_bps`, `tick`, `seed`; `execution`, the name of a model or an `Execution`; `risk`, a
        mapping or `RiskLimits`. None: not given.

    Raises
    ------
    InputError
        If a value is out of its range, or a limit contradicts another.
    NotFoundError
        If there is no model of this name.
    """
    from qt_engine.risk.limits import RiskLimits
    from qt_engine.simulation.execution import Execution
    from qt_engine.simulation.presets import preset

    unknown = sorted(set(given) - {*COSTS, *OTHERS, "execution", "risk"})
    if unknown:
        raise TypeError(f"unknown argument {unknown[0]}")
    said = {name: _number(name, given[name]) for name in (*COSTS, *OTHERS) if given.get(name) is not None}
    chosen = {name: said.get(name, getattr(settings, name)) for name in OTHERS}
    base, wanted = given.get("execution"), {name: said[name] for name in COSTS if name in said}
    if base is None:
        model = Execution(name="default", **{name: getattr(settings, name) for name in COSTS} | wanted)
    else:
        model = base.replace(**wanted) if isinstance(base, Execution) else preset(str(base)).model(**wanted)
        if model.fees and "fee_bps" in wanted:
            named = base.name if isinstance(base, Execution) else str(base)
            raise InputError(
                f"execution model {plain(named, 60)} has a schedule of fees: fee_bps would change nothing, so leave it out"
            )
    if not 0.0 < chosen["cash"] < 1e15:
        raise InputError(f"cash must be above 0 and below 1e15, not {chosen['cash']:g}")
    if int(chosen["seed"]) != chosen["seed"] or not 0 <= chosen["seed"] < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2^63 - 1, not {chosen['seed']}")
    risk = given.get("risk") or {}
    limits = risk if isinstance(risk, RiskLimits) else RiskLimits(**risk)
    rest = {name: value for name, value in model.canonical().items() if name not in COSTS}
    if model.name != "default":
        rest["name"] = model.name
    costs = {name: getattr(model, name) for name in COSTS}
    return {**chosen, **costs, "model": rest, "limits": limits.model_dump(exclude_none=True)}


def _number(name: str, value: Any) -> Any:
    """The value, if it is a number that a run can be given."""
    try:
        float(value)
        if isinstance(value, str):
            raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} is a number, not {plain(value, 40)!r}") from None
    return value
