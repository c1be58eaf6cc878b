"""Limits are checked where they are made, and two of them make one that is as strict as both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.risk.limits import RiskLimits

FIELDS = tuple(RiskLimits.model_fields)


@st.composite
def limits(draw: st.DrawFn) -> RiskLimits:
    fraction = st.none() | st.floats(0.01, 0.99)
    values: dict[str, Any] = {
        "max_positions": draw(st.none() | st.integers(1, 50)),
        "max_gross": draw(st.none() | st.floats(0.1, 5.0)),
        "max_net": draw(st.none() | st.floats(0.0, 5.0)),
        "max_concentration": draw(st.none() | st.floats(0.01, 5.0)),
        "max_position": draw(st.none() | st.floats(1.0, 1e6)),
        "max_drawdown": draw(fraction),
        "max_daily_loss": draw(fraction),
        "max_orders_per_day": draw(st.none() | st.integers(1, 100)),
    }
    if values["max_gross"] is not None:
        for name in ("max_net", "max_concentration"):
            if values[name] is not None:
                values[name] = min(values[name], values["max_gross"])
    return RiskLimits(**values)


def test_nothing_given_limits_nothing() -> None:
    assert RiskLimits().unlimited
    assert not RiskLimits(max_net=0.0).unlimited


def test_every_limit_says_what_it_means_with_unit_and_range() -> None:
    for name, field in RiskLimits.model_fields.items():
        assert field.description, name
        assert any(unit in field.description for unit in ("fraction", "count", "currency")), name
        assert any(bound in field.description for bound in ("above", "between", "from")), name


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"max_positions": 0}, "max_positions"),
        ({"max_positions": 2.5}, "max_positions"),
        ({"max_positions": True}, "max_positions"),
        ({"max_gross": 0.0}, "max_gross"),
        ({"max_gross": -1.0}, "max_gross"),
        ({"max_gross": float("nan")}, "max_gross"),
        ({"max_gross": float("inf")}, "max_gross"),
        ({"max_gross": "1"}, "max_gross"),
        ({"max_net": -0.1}, "max_net"),
        ({"max_concentration": 0.0}, "max_concentration"),
        ({"max_position": 0.0}, "max_position"),
        ({"max_drawdown": 1.01}, "max_drawdown"),
        ({"max_drawdown": 25}, "max_drawdown"),
        ({"max_daily_loss": 0.0}, "max_daily_loss"),
        ({"max_orders_per_day": 0}, "max_orders_per_day"),
        ({"max_gros": 1.0}, "did you mean max_gross?"),
        ({"max_gross": 1.0, "max_net": 1.5}, "max_net 1.5 contradicts max_gross 1"),
        ({"max_gross": 0.5, "max_concentration": 0.6}, "max_concentration 0.6 contradicts max_gross 0.5"),
    ],
)
def test_a_wrong_limit_is_named_in_one_line_however_it_comes(wrong: dict[str, Any], named: str) -> None:
    for make in (lambda: RiskLimits(**wrong), lambda: RiskLimits.model_validate(wrong)):
        with pytest.raises(InputError) as caught:
            make()
        assert named in str(caught.value)
        assert "\n" not in str(caught.value)


def test_every_violation_is_named() -> None:
    with pytest.raises(InputError) as caught:
        RiskLimits(max_gross=-1.0, max_positions=0, max_drawdown=2.0)
    assert all(name in str(caught.value) for name in ("max_gross", "max_positions", "max_drawdown"))


def test_limits_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RiskLimits(max_gross=1.0).max_gross = 2.0  # type: ignore[misc]


def test_limits_survive_json() -> None:
    given_limits = RiskLimits(max_positions=3, max_gross=1.5, max_net=0.0)
    assert RiskLimits.model_validate_json(given_limits.model_dump_json()) == given_limits


@given(limits(), limits())
def test_the_tighter_of_two_is_no_looser_than_either_and_names_nothing_that_neither_had(
    one: RiskLimits, other: RiskLimits
) -> None:
    both = one.tighter(other)
    for name in FIELDS:
        values = [value for value in (getattr(one, name), getattr(other, name)) if value is not None]
        got = getattr(both, name)
        assert (got is None) == (not values)
        assert got is None or got <= min(values)
        if name not in ("max_net", "max_concentration"):
            assert got is None or got == min(values)
        elif got is not None and got < min(values):
            assert got == both.max_gross  # the other's gross limit holds it already
    assert both == other.tighter(one)


@given(limits())
def test_tighter_with_nothing_or_with_itself_changes_nothing(one: RiskLimits) -> None:
    assert one.tighter(RiskLimits()) == one == one.tighter(one)
