"""Every mistake in a portfolio, and in the orders and limits of rules, is found at its place, with what was probably meant.

Each row replaces a part of a right strategy; `«` in the new text marks where the problem must be reported.
"""

from __future__ import annotations

import pytest

from qt_engine.core.errors import InputError
from qt_engine.strategies.language import load_document, read_document
from qt_engine.strategies.parameters import grid, resolve_parameters

PORTFOLIO = """\
schema: 1
name: book
description: A portfolio
kind: portfolio
interval: 1d
universe: [AAPL, IBM, MSFT]
params:
  n: {type: int, default: 21, low: 1, high: 60}
  most: {type: float, default: 0.5, low: 0.1, high: 2.0}
require: ["n < 50"]
let:
  momentum: percent_change(close, n)
select: {rank: momentum, top: 2, bottom: 20%, where: close > 5}
weights: {method: black_litterman, window: 100, covariance: ewma, half_life: 30, views: momentum / n, confidence: 0.4, fallback: hold}
rebalance: {every: month, drift_band: 5%}
constraints:
  max_weight: most
  min_weight: 1%
  max_turnover: 50%
  gross: 100%
  net: 0
  long_only: false
  sectors: {TECH: [AAPL, MSFT], OLD: [IBM]}
  max_sector: 80%
risk: {max_gross: 2.0, max_net: 100%, max_concentration: 60%, max_position: 1e6, max_daily_loss: 5%, max_orders_per_day: 100}
"""
RULES = """\
schema: 1
name: orders
kind: rules
params: {n: 3}
entry: {long: close > open}
exit: {long: close < open}
orders:
  entry: {type: limit, limit: close * 0.99, time_in_force: day, expire_after: n}
  exit: {type: stop_limit, stop: low, limit: low * 0.99}
risk: {max_gross: 1.0, max_net: 50%}
"""

SELECT = "rank: momentum, top: 2, bottom: 20%, where: close > 5"
WEIGHTS = "method: black_litterman, window: 100, covariance: ewma, half_life: 30, views: momentum / n, confidence: 0.4, fallback: hold"
WRONG_PORTFOLIOS = [
    # sections and keys
    ("kind: portfolio", "kind: «portfolios", "one of rules, portfolio", "portfolio"),
    ("weights:", "«entry: {long: close > open}\nweights:", "entry belongs to kind rules, and this strategy is of kind portfolio", None),
    ("weights:", "«sizing: {method: equity_fraction, value: 1}\nweights:", "sizing belongs to kind rules", None),
    ("weights:", "«orders: {}\nweights:", "orders belongs to kind rules", None),
    ("weights:", "«weight:", "is not a section", "weights"),
    ("weights:", "weights: {method: equal}\n«weights:", "second time", None),
    ("rebalance:", "«drift_band: 5%\nrebalance:", "belongs under rebalance", None),
    ("rank: momentum", "«ranks: momentum", "not a key of select", "rank"),
    ("window: 100", "«windows: 100", "not a key of weights", "window"),
    ("every: month", "«evry: month", "not a key of rebalance", "every"),
    ("max_turnover: 50%", "«turnover: 50%", "not a key of constraints", "max_turnover"),
    ("max_net: 100%", "«maximum_net: 100%", "not a key of risk", "max_net"),
    (f"{{{SELECT}}}", "«momentum", "select is a mapping", None),
    (f"{{{WEIGHTS}}}", "«equal", "weights is a mapping", None),
    ("{every: month, drift_band: 5%}", "«month", "rebalance is a mapping", None),
    # select
    (SELECT, "«rank: momentum", "rank needs top or bottom", None),
    (SELECT, "«top: 2", "top needs rank", None),
    (SELECT, "«bottom: 2", "bottom needs rank", None),
    ("top: 2", "top: «0", "top is a whole number from 1, or a percentage above 0% below 100%, not 0", None),
    ("top: 2", "top: «2.5", "top is a whole number from 1, or a percentage", None),
    ("top: 2", "top: «-3", "top is a whole number from 1, or a percentage", None),
    ("top: 2", "top: «100%", "top is a whole number from 1, or a percentage", None),
    ("top: 2", "top: «ten", "there is no parameter ten", None),
    ("top: 2", "top: «close", "close changes from bar to bar", None),
    ("top: 2", "top: «n / 2", "top is a whole number from 1, or a percentage above 0% below 100%, not 10.5", None),
    ("rank: momentum", "rank: «momentum > 0", "select: rank is a number, and this is a condition", None),
    ("rank: momentum", "rank: «momentun", "there is no series", "momentum"),
    ("rank: momentum", "rank: «position", "position cannot be read under select", None),
    ("rank: momentum", "rank: «", "select: rank: an expression is missing here", None),
    ("rank: momentum", "rank: \"close[«-1]\"", "the future cannot be named", None),
    ("where: close > 5", "where: «close", "select: where is a condition, and this is a number", None),
    # weights
    ("method: black_litterman", "method: «min_varianze", "method is one of equal", "min_variance"),
    ("window: 100", "window: «1", "window is a whole number from 2", None),
    ("window: 100", "window: «10%", "not a percentage", None),
    ("covariance: ewma", "covariance: «emwa", "one of sample, ewma, ledoit_wolf, shrunk, factor", "ewma"),
    ("half_life: 30", "half_life: «0", "half_life is a number above 0", None),
    ("half_life: 30", "«shrinkage: 10%", "shrinkage belongs to the covariance shrunk, not ewma", None),
    ("half_life: 30", "«factors: 3", "factors belongs to the covariance factor, not ewma", None),
    ("views: momentum / n", "«value: momentum", "value belongs to the method signal, not black_litterman", None),
    ("views: momentum / n", "views: «momentum > 0", "weights: views is a number, and this is a condition", None),
    ("confidence: 0.4", "confidence: «100%", "confidence is a percentage above 0% below 100%", None),
    ("confidence: 0.4", "confidence: «40", "confidence is a percentage", "40%"),
    ("fallback: hold", "fallback: «none", "one of equal, inverse_volatility, hold, cash", None),
    (WEIGHTS, "method: equal, «window: 20", "window belongs to the methods inverse_volatility, min_variance", None),
    (WEIGHTS, "method: hrp, «views: momentum", "views belongs to the method black_litterman, not hrp", None),
    (WEIGHTS, "method: inverse_volatility, «covariance: sample", "covariance belongs to the methods", None),
    (WEIGHTS, "«method: signal", "method signal needs value: the weight of each asset", None),
    (WEIGHTS, "«method: black_litterman", "method black_litterman needs views", None),
    (WEIGHTS, "method: signal, value: «close > 1", "weights: value is a number, and this is a condition", None),
    (WEIGHTS, "method: signal, value: «bars_held", "cannot be read under weights", None),
    # rebalance
    ("every: month", "every: «monthly", "every is one of week, month, quarter, bar, or a number of bars", "month"),
    ("every: month", "every: «5", "every is one of week", "5 bars"),
    ("every: month", "every: «0 bars", "every is a whole number from 1", None),
    ("every: month", "every: «m bars", "there is no parameter m", None),
    ("every: month", "every: «close bars", "close changes from bar to bar", None),
    ("every: month", "every: «[month]", "every is a text", None),
    ("drift_band: 5%", "drift_band: «0", "drift_band is a percentage above 0%", None),
    ("drift_band: 5%", "drift_band: «5", "drift_band is a percentage above 0% to 100%", "5%"),
    # constraints and limits
    ("max_weight: most", "max_weight: «10", "would be 1000%; write percent with its sign", "10%"),
    ("max_weight: most", "max_weight: «0", "max_weight is a percentage above 0%", None),
    ("min_weight: 1%", "min_weight: «60%", "min_weight is at most max_weight: 0.6 ≤ most", None),
    ("max_turnover: 50%", "max_turnover: «50", "max_turnover is a percentage", "50%"),
    ("gross: 100%", "gross: «1100%", "gross is a percentage above 0% to 1000%", None),
    ("gross: 100%", "gross: «300%", "gross is at most max_gross: 3.0 ≤ 2.0", None),
    ("net: 0", "net: «-150%", "net is at most gross: abs(-1.5) ≤ 1.0", None),
    ("net: 0", "net: «nan", "only finite numbers", None),
    ("long_only: false", "long_only: «no", "one of true, false", None),
    ("  long_only: false", "  «long_only: true", "long_only contradicts bottom", None),
    ("{TECH: [AAPL, MSFT], OLD: [IBM]}", "«[AAPL]", "sectors is a mapping of names to symbols", None),
    ("OLD: [IBM]", "OLD: [«AAPL]", "AAPL is in sector TECH already", None),
    ("OLD: [IBM]", "OLD: «{IBM: 1}", "sector OLD is a list", None),
    ("OLD: [IBM]", "OLD: [«[IBM]]", "a symbol is a text", None),
    ("OLD: [IBM]", "«TECH: [IBM]", "second time", None),
    ("OLD: [IBM]", '«" ": [IBM]', "the name of a sector", None),
    ("  sectors: {TECH: [AAPL, MSFT], OLD: [IBM]}\n  max_sector", "  «max_sector", "max_sector needs sectors", None),
    ("  sectors: {TECH: [AAPL, MSFT], OLD: [IBM]}\n  max_sector: 80%", "  «sectors: {TECH: [IBM]}", "sectors need max_sector", None),
    ("max_net: 100%", "max_net: «5", "would be 500%", "5%"),
    ("max_concentration: 60%", "max_concentration: «0", "max_concentration is a percentage above 0%", None),
    ("max_position: 1e6", "max_position: «5%", "not a percentage", None),
    ("max_daily_loss: 5%", "max_daily_loss: «150%", "max_daily_loss is a percentage above 0% to 100%", None),
    ("max_orders_per_day: 100", "max_orders_per_day: «1.5", "max_orders_per_day is a whole number", None),
]  # fmt: skip
WRONG_RULES = [
    ("orders:\n", "«order:\n", "is not a section", "orders"),
    ("orders:\n", "«type: limit\norders:\n", "is not a section", None),
    ("entry: {type", "«enter: {type", "not a key of orders", "entry"),
    ("type: limit", "«kind: limit", "not a key of orders: entry", None),
    ("type: limit", "type: «limited", "one of market, limit, stop, stop_limit", "limit"),
    ("  entry: {type: limit, limit: close * 0.99", "  «entry: {type: limit", "type limit needs a price under limit", None),
    ("  exit: {type: stop_limit, stop: low, limit", "  «exit: {type: stop_limit, limit", "type stop_limit needs a price under stop", None),
    ("type: limit, limit", "type: market, «limit", "limit belongs to the types limit, stop_limit, not market", None),
    ("type: stop_limit, stop", "type: limit, «stop", "stop belongs to the types stop, stop_limit, not limit", None),
    ("limit: close * 0.99", "limit: «close < 5", "orders: entry: limit is a number", None),
    ("stop: low", "stop: «position", "position cannot be read under orders", None),
    ("time_in_force: day", "time_in_force: «gtd", "one of gtc, day, ioc, fok", "gtc"),
    ("expire_after: n", "expire_after: «0", "expire_after is a whole number from 1", None),
    ("expire_after: n", "expire_after: «close", "changes from bar to bar", None),
    ("{type: stop_limit, stop: low, limit: low * 0.99}", "«market", "orders: exit is a mapping", None),
    ("max_net: 50%", "max_net: «150%", "max_net is at most max_gross: 1.5 ≤ 1.0", None),
    ("max_net: 50%", "max_concentration: «120%", "max_concentration is at most max_gross", None),
    ("risk:", "«select: {}\nrisk:", "select belongs to kind portfolio, and this strategy is of kind rules", None),
    ("risk:", "«constraints: {}\nrisk:", "constraints belongs to kind portfolio", None),
]  # fmt: skip
WRONG = [(PORTFOLIO, *row) for row in WRONG_PORTFOLIOS] + [(RULES, *row) for row in WRONG_RULES]


def _marked(right: str, old: str, new: str) -> tuple[str, int, int]:
    assert right.count(old) == 1, old
    text = right.replace(old, new)
    before = text[: text.index("«")]
    return text.replace("«", ""), before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize("text", [PORTFOLIO, RULES], ids=["portfolio", "rules"])
def test_the_strategies_of_the_tables_are_right(text: str) -> None:
    document, problems = read_document(text)
    assert problems == []
    assert document is not None


@pytest.mark.parametrize(("right", "old", "new", "message", "suggestion"), WRONG, ids=[row[2][:60] for row in WRONG])
def test_mistake(right: str, old: str, new: str, message: str, suggestion: str | None) -> None:
    text, line, column = _marked(right, old, new)
    document, problems = read_document(text)
    assert document is None
    here = [problem for problem in problems if (problem.line, problem.column) == (line, column)]
    assert here, problems
    assert message in here[0].message
    assert here[0].suggestion == suggestion
    assert here[0].severity == "error"
    assert "\n" not in here[0].sentence


def test_what_a_method_needs_is_asked_for_at_its_section() -> None:
    _, problems = read_document(PORTFOLIO.replace("method: black_litterman, ", ""))
    assert [(p.line, p.column, p.message.partition(":")[0]) for p in problems] == [(14, 1, "weights needs a method")]


def test_a_symbol_of_a_sector_outside_the_universe_is_a_warning() -> None:
    document, problems = read_document(PORTFOLIO.replace("OLD: [IBM]", "OLD: [IBM, MSFTT]"))
    assert document is not None
    assert [(p.line, p.severity, p.suggestion) for p in problems] == [(16, "warning", "MSFT")]


def test_what_nothing_reads_is_a_warning() -> None:
    text = "schema: 1\nname: a\nkind: portfolio\nparams: {n: 2}\nlet: {m: close}\n"
    document, problems = read_document(text)
    assert document is not None
    assert [problem.message for problem in problems] == ["parameter n is never read", "let expression m is never read"]


# (parameters, part of the message)
BAD_CHOICES = [
    ({"n": 55}, "n = 55: the strategy requires n < 50"),
    ({"n": 61}, "between 1 and 60"),
    ({"most": 0.005}, "between 0.1 and 2.0"),
    ({"most": 2.5}, "between 0.1 and 2.0"),
]


@pytest.mark.parametrize(("chosen", "message"), BAD_CHOICES)
def test_a_choice_of_parameters_that_does_not_fit(chosen: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=r".+") as error:
        resolve_parameters(load_document(PORTFOLIO), chosen)
    assert message in error.value.reason


def test_settings_must_fit_each_other_for_every_choice_of_parameters() -> None:
    document = load_document(PORTFOLIO.replace("min_weight: 1%", "min_weight: 30%"))
    assert resolve_parameters(document, {"most": 0.3})
    with pytest.raises(InputError, match="most = 0.2: min_weight is at most max_weight"):
        resolve_parameters(document, {"most": 0.2})
    with pytest.raises(InputError, match="min_weight is at most max_weight"):
        grid(document, {"most": [0.2, 0.5]})
    assert len(grid(document, {"most": [0.3, 0.5]})["most"]) == 2


def test_a_count_over_parameters_is_checked_for_every_choice() -> None:
    document = load_document(PORTFOLIO.replace("top: 2", "top: most"))
    assert resolve_parameters(document, {"most": 0.3})
    assert resolve_parameters(document, {"most": 2.0})
    with pytest.raises(InputError, match="most = 1.5: top is a whole number from 1, or a percentage"):
        resolve_parameters(document, {"most": 1.5})
