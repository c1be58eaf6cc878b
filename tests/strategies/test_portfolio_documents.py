"""A portfolio means the same however it is written; the hashes of older strategies are what they always were."""

from __future__ import annotations

import json

import pytest

from qt_engine.core.hashing import canonical_json, hash_config
from qt_engine.core.resources import shipped
from qt_engine.strategies.document import Orders, RulesDocument
from qt_engine.strategies.language import load_document
from qt_engine.strategies.nodes import Binary, Name, Number
from qt_engine.strategies.portfolio_document import Constraints, PortfolioDocument, Rebalance, Select, Weights

LEAST = "schema: 1\nname: a\nkind: portfolio\n"

# Names runs that are stored: a change here would part them from the strategy that they ran.
HASHES = {
    "bollinger_reversion": "f1b7933e4bc1647c",
    "donchian_breakout": "0b5acebf4a670024",
    "macd_trend": "43bdc90277d70bc9",
    "rsi_reversion": "41445a88f25af263",
    "sma_cross": "668a2c49529ede96",
    "volatility_target_trend": "28da1b19c1693380",
}


def portfolio(text: str) -> PortfolioDocument:
    document = load_document(LEAST + text)
    assert isinstance(document, PortfolioDocument)
    return document


@pytest.mark.parametrize("name", sorted(HASHES))
def test_hashes_of_older_strategies_stay(name: str) -> None:
    text = (shipped("configs") / "strategies" / f"{name}.yaml").read_text(encoding="utf-8")
    assert hash_config(load_document(text).canonical())[:16] == HASHES[name]


def test_what_is_left_out() -> None:
    document = portfolio("")
    assert document.kind == "portfolio"
    assert document.select == Select()
    assert document.weights == Weights("equal", fallback="hold")
    assert document.rebalance == Rebalance("month")
    assert document.constraints == Constraints(gross=Number(1.0), long_only=True)
    assert document.risk.max_gross == Number(1.0)


# Pairs that mean the same.
SAME = [
    ("", "select: {}\nweights: {method: equal}\nrebalance: {every: month}\nconstraints: {gross: 100%}\n"),
    ("", "constraints: {long_only: true}\nrisk: {max_gross: 1}\n"),
    ("weights: {method: equal, fallback: hold}\n", "weights: {method: equal}\n"),
    ("weights: {method: hrp}\n", "weights: {method: hrp, window: 252, covariance: ledoit_wolf, fallback: equal}\n"),
    ("weights: {method: hrp, covariance: ewma}\n", "weights: {half_life: 63, covariance: ewma, method: hrp}\n"),
    ("rebalance: {every: bar}\n", "rebalance: {every: 1 bar}\n"),
    ("rebalance: {every: 5 bars}\n", "rebalance: {every: '5   bars'}\n"),
    ("select: {rank: close, top: 10%}\n", "select: {top: 0.1, rank: close}\n"),
    ("select: {rank: close, top: 1, bottom: 1}\n", "select: {rank: close, top: 1, bottom: 1}\nconstraints: {long_only: false}\n"),
    ("constraints: {gross: 150%}\n", "constraints: {gross: 1.5}\nrisk: {max_gross: 150%}\n"),
    (
        "constraints: {sectors: {A: [X, Y], B: [Z]}, max_sector: 30%}\n",
        "constraints: {max_sector: 0.3, sectors: {B: Z, A: [Y, X]}}\n",
    ),
    ("let: {m: close}\nselect: {rank: m, top: 1}\n", "select:\n  top: 1\n  rank: m  # the best\nlet:\n  m: close\n"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_however_it_is_written(one: str, other: str) -> None:
    found = portfolio(one).canonical()
    assert canonical_json(found) == canonical_json(portfolio(other).canonical())
    assert json.loads(canonical_json(found)) == found


# Each differs from all others.
DIFFERENT = [
    "", "select: {where: close > 1}\n", "select: {rank: close, top: 1}\n", "select: {rank: close, top: 2}\n",
    "select: {rank: close, bottom: 1}\n", "select: {rank: open, top: 1}\n", "weights: {method: signal, value: close}\n",
    "weights: {method: signal, value: open}\n", "weights: {method: hrp}\n", "weights: {method: hrp, window: 20}\n",
    "weights: {method: hrp, covariance: sample}\n", "weights: {method: hrp, fallback: cash}\n", "rebalance: {every: week}\n",
    "rebalance: {every: bar}\n", "rebalance: {every: 2 bars}\n", "rebalance: {drift_band: 5%}\n",
    "constraints: {gross: 50%}\n", "constraints: {long_only: false}\n", "constraints: {max_weight: 50%}\n",
    "constraints: {sectors: {A: [X]}, max_sector: 30%}\n", "constraints: {sectors: {B: [X]}, max_sector: 30%}\n",
    "risk: {max_positions: 3}\n", "risk: {max_net: 50%}\n", "risk: {max_gross: 1.5}\n",
]  # fmt: skip


def test_what_is_different_has_another_hash() -> None:
    assert len({hash_config(portfolio(text).canonical()) for text in DIFFERENT}) == len(DIFFERENT)


def test_numbers_are_expressions_over_parameters() -> None:
    document = portfolio(
        "params: {n: 5, f: 0.1, k: 1.5}\nlet: {half: n / 2}\nselect: {rank: close, top: n, bottom: f}\n"
        "weights: {method: hrp, window: 4 * n}\nrebalance: {every: n + 1 bars, drift_band: f}\n"
        "constraints: {gross: k, max_weight: f + f}\nrisk: {max_gross: half}\n"
    )
    assert document.let == {}
    assert document.select == Select(Name("close"), Name("n"), Name("f"))
    assert document.weights.window == Binary("*", Number(4), Name("n"))
    assert document.rebalance == Rebalance("bars", Binary("+", Name("n"), Number(1)), Name("f"))
    assert document.risk.max_gross == Binary("/", Name("n"), Number(2))


@pytest.mark.parametrize(
    ("text", "long_only"),
    [
        ("", True),
        ("select: {rank: close, top: 1}\n", True),
        ("select: {rank: close, bottom: 1}\n", False),
        ("weights: {method: signal, value: close}\n", False),
        ("weights: {method: signal, value: close}\nconstraints: {long_only: true}\n", True),
    ],
)
def test_shorts_are_allowed_where_the_strategy_names_them(text: str, long_only: bool) -> None:
    assert portfolio(text).constraints.long_only is long_only


def test_plain_market_orders_and_new_limits_stand_in_the_hash_only_where_they_are_used() -> None:
    least = "schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 5}\n"
    document = load_document(least)
    assert isinstance(document, RulesDocument)
    assert document.orders == Orders()
    assert not {"orders"} & document.canonical().keys()
    assert document.canonical()["risk"].keys() == {"max_positions", "max_gross", "max_drawdown"}
    written = load_document(least + "orders: {entry: {type: market, time_in_force: gtc}, exit: {}}\nrisk: {}\n")
    assert written.canonical() == document.canonical()
    limited = load_document(least + "orders: {exit: {time_in_force: ioc}}\nrisk: {max_net: 0}\n")
    assert limited.canonical()["orders"]["exit"]["time_in_force"] == "ioc"
    assert limited.canonical()["risk"]["max_net"] == "0.0"
