"""One function for each section that only strategies of kind `portfolio` have: from its part of the tree to its frozen object."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

from qt_engine.core.text import plain
from qt_engine.strategies import settings
from qt_engine.strategies.nodes import Expression, Number
from qt_engine.strategies.portfolio_document import (
    COVARIANCES,
    FALLBACKS,
    WEIGHTS_METHODS,
    Constraints,
    Every,
    FallbackMethod,
    Rebalance,
    Select,
    Weights,
    WeightsMethod,
)
from qt_engine.strategies.reading import Reader, entries, is_empty
from qt_engine.strategies.sections import symbol_name
from qt_engine.strategies.syntax import Scalar, Section, Tree

PORTFOLIO_SECTION_KEYS: dict[str, tuple[str, ...]] = {
    "select": ("rank", "top", "bottom", "where"),
    "weights": (
        "method", "window", "covariance", "half_life", "shrinkage", "factors", "value", "views", "confidence", "fallback",
    ),
    "rebalance": ("every", "drift_band"),
    "constraints": (
        "max_weight", "min_weight", "max_turnover", "gross", "net", "long_only", "sectors", "max_sector",
    ),
}  # fmt: skip
PERIODS = ("week", "month", "quarter")
_BARS = re.compile(r"(.*\S)\s+bars?")
_OPTIMISED = ("min_variance", "max_sharpe", "risk_parity", "hrp", "black_litterman")
_METHODS_OF = {
    "window": ("inverse_volatility", *_OPTIMISED),
    "covariance": _OPTIMISED,
    "half_life": _OPTIMISED,
    "shrinkage": _OPTIMISED,
    "factors": _OPTIMISED,
    "value": ("signal",),
    "views": ("black_litterman",),
    "confidence": ("black_litterman",),
}
"""The methods of weighting that each key belongs to; the others belong to all."""
_COVARIANCE_OF = {"half_life": "ewma", "shrinkage": "shrunk", "factors": "factor"}
_DEFAULTS: dict[str, Number] = {
    "window": Number(252), "half_life": Number(63.0), "shrinkage": Number(0.1), "factors": Number(5),
    "confidence": Number(0.5),
}  # fmt: skip


def select(reader: Reader, tree: Tree) -> Select:
    """Which assets are held."""
    given = reader.section(tree, "select", PORTFOLIO_SECTION_KEYS["select"])
    parts: dict[str, Expression | None] = {}
    for name, (_, value) in given.items():
        if name in settings.SELECT:
            parts[name] = reader.setting(value, name, settings.SELECT[name])
        else:
            parts[name] = reader.expression(value, f"select: {name}")
    counts = [name for name in ("top", "bottom") if name in given]
    if "rank" in given and not counts:
        reader.report(given["rank"][0], "rank needs top or bottom: how many are held, such as top: 10 or top: 20%")
    elif counts and "rank" not in given:
        reader.report(given[counts[0]][0], f"{counts[0]} needs rank: the series that the assets are ranked by")
    return Select(**parts)


def weights(reader: Reader, key: Scalar, tree: Tree) -> Weights:
    """How the chosen assets are weighted."""
    given = reader.section(tree, "weights", PORTFOLIO_SECTION_KEYS["weights"])
    if "method" not in given:
        reader.report(key, f"weights needs a method: one of {', '.join(WEIGHTS_METHODS)}")
        return Weights()
    method = cast("WeightsMethod | None", reader.choice(given["method"][1], "method", WEIGHTS_METHODS))
    if method is None:
        return Weights()
    covariance = "ledoit_wolf" if method in _OPTIMISED else None
    if "covariance" in given and method in _OPTIMISED:
        covariance = reader.choice(given["covariance"][1], "covariance", COVARIANCES) or covariance
    fallback: str | None = "hold" if method in ("equal", "signal") else "equal"
    if "fallback" in given:
        fallback = reader.choice(given["fallback"][1], "fallback", FALLBACKS) or fallback
    parts: dict[str, Any] = {"method": method, "covariance": covariance, "fallback": cast(FallbackMethod, fallback)}
    for name, takers in _METHODS_OF.items():
        estimator = _COVARIANCE_OF.get(name)
        fits = method in takers and estimator in (None, covariance)
        if name in given and method not in takers:
            belongs = "the method" if len(takers) == 1 else "the methods"
            reader.report(given[name][0], f"{name} belongs to {belongs} {', '.join(takers)}, not {method}")
        elif name in given and not fits:
            reader.report(given[name][0], f"{name} belongs to the covariance {estimator}, not {covariance}")
        elif name in ("value", "views") and fits:
            if name in given:
                parts[name] = reader.expression(given[name][1], f"weights: {name}")
            else:
                what = "the weight of each asset" if name == "value" else "the expected return of each asset"
                reader.report(given["method"][0], f"method {method} needs {name}: {what}, as a series")
        elif name != "covariance" and fits:
            parts[name] = _DEFAULTS[name]
            if name in given:
                parts[name] = reader.setting(given[name][1], name, settings.WEIGHTS[name]) or _DEFAULTS[name]
    return Weights(**parts)


def rebalance(reader: Reader, tree: Tree) -> Rebalance:
    """When weights are decided anew."""
    given = reader.section(tree, "rebalance", PORTFOLIO_SECTION_KEYS["rebalance"])
    found = _every(reader, given["every"][1]) if "every" in given else Rebalance()
    if "drift_band" in given:
        band = reader.setting(given["drift_band"][1], "drift_band", settings.REBALANCE["drift_band"])
        found = replace(found, drift_band=band)
    return found


def _every(reader: Reader, tree: Tree) -> Rebalance:
    text = reader.text(tree, "every")
    if text is None or not isinstance(tree, Scalar):
        return Rebalance()
    word = text.strip()
    if word in PERIODS:
        return Rebalance(cast(Every, word))
    if word == "bar":
        return Rebalance("bars", Number(1, line=tree.line, column=tree.column))
    if (counted := _BARS.fullmatch(word)) is not None:
        bars = reader.setting(replace(tree, text=counted[1]), "every", settings.REBALANCE["bars"])
        return Rebalance("bars", bars) if bars is not None else Rebalance()
    near = f"{word} bars" if word.isdigit() else reader.closest(word.removesuffix("ly"), (*PERIODS, "bar"))
    reader.report(tree, f"every is one of {', '.join(PERIODS)}, bar, or a number of bars such as 5 bars", near)
    return Rebalance()


def constraints(reader: Reader, tree: Tree | None, chosen: Select, method: WeightsMethod) -> Constraints:
    """Bounds of the weights; without `long_only` shorts are allowed where the strategy names them."""
    given = {} if tree is None else reader.section(tree, "constraints", PORTFOLIO_SECTION_KEYS["constraints"])
    parts: dict[str, Any] = {
        name: reader.setting(value, name, settings.CONSTRAINTS[name])
        for name, (_, value) in given.items()
        if name in settings.CONSTRAINTS
    }
    parts["gross"] = parts.get("gross") or Number(1.0)
    parts["long_only"] = chosen.bottom is None and method != "signal"
    if "long_only" in given:
        answer = reader.choice(given["long_only"][1], "long_only", ("true", "false"))
        if answer == "true" and chosen.bottom is not None:
            reader.report(given["long_only"][0], "long_only contradicts bottom under select, which is sold short")
        parts["long_only"] = answer == "true"
    if "sectors" in given:
        parts["sectors"] = _sectors(reader, given["sectors"][1])
        if "max_sector" not in given:
            reader.report(given["sectors"][0], "sectors need max_sector: the most that each may weigh, such as 30%")
    elif "max_sector" in given:
        reader.report(given["max_sector"][0], "max_sector needs sectors, such as sectors: {TECH: [AAPL, MSFT]}")
    return Constraints(**parts)


def _sectors(reader: Reader, tree: Tree) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(tree, Section) and not is_empty(tree):
        reader.report(tree, "sectors is a mapping of names to symbols, such as TECH: [AAPL, MSFT]")
    found: list[tuple[str, tuple[str, ...]]] = []
    sector_of: dict[str, str] = {}
    for key, value in entries(tree):
        if not key.text.strip() or key.text != plain(key.text, 1000) or len(key.text) > 64:
            reader.report(key, "the name of a sector is a text of at most 64 characters without control characters")
            continue
        symbols = []
        for item in reader.items(value, f"sector {plain(key.text, 60)}"):
            symbol = symbol_name(reader, item)
            if symbol is None:
                continue
            if symbol in sector_of:
                reader.report(item, f"{symbol} is in sector {sector_of[symbol]} already; a symbol has one sector")
                continue
            sector_of[symbol] = key.text
            symbols.append(symbol)
        found.append((key.text, tuple(sorted(symbols))))
    return tuple(sorted(found))
