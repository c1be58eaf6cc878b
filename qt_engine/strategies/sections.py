"""One function for each section of a strategy: from its part of the tree to its frozen object."""

from __future__ import annotations

import re
from typing import Any, cast

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import interval_ns
from qt_engine.core.text import plain
from qt_engine.strategies import settings
from qt_engine.strategies.document import (
    AtrLevel,
    Entry,
    Exit,
    FractionLevel,
    Level,
    Orders,
    OrderStyle,
    OrderType,
    Parameter,
    Reentry,
    RiskLimits,
    Sizing,
    SizingMethod,
    TimeInForce,
)
from qt_engine.strategies.functions import SERIES
from qt_engine.strategies.nodes import Expression, Number
from qt_engine.strategies.reading import Reader, entries, hundredth, is_empty
from qt_engine.strategies.spelling import RESERVED
from qt_engine.strategies.syntax import Scalar, Section, Tree

SECTION_KEYS: dict[str, tuple[str, ...]] = {
    "entry": ("long", "short"),
    "exit": ("long", "short", "stop_loss", "take_profit", "trailing_stop", "time_stop"),
    "reentry": ("cooldown", "max_entries"),
    "sizing": ("method", "value", "window"),
    "risk": tuple(settings.RISK),
    "orders": ("entry", "exit"),
}
ORDER_KEYS = ("type", "limit", "stop", "time_in_force", "expire_after")
PRICES_OF_ORDERS: dict[str, tuple[str, ...]] = {
    "market": (), "limit": ("limit",), "stop": ("stop",), "stop_limit": ("limit", "stop"),
}  # fmt: skip
"""Types of orders, and the prices that each needs."""
TIMES_IN_FORCE = ("gtc", "day", "ioc", "fok")
PARAMETER_KEYS = ("type", "default", "low", "high", "step")
LEVEL_KEYS = ("percent", "atr", "window")
MAX_SYMBOLS = 10_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def strategy_name(reader: Reader, tree: Tree) -> str | None:
    """Small letters, digits and underscores: it names files and runs."""
    name = reader.text(tree, "name")
    if name is not None and not _NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64]
        rule = "small letters, digits and underscores, a letter first, at most 64"
        reader.report(tree, f"name {plain(name, 60)!r} is not {rule}", better if _NAME.fullmatch(better) else None)
        return None
    return name


def interval(reader: Reader, tree: Tree) -> str:
    """Length of the bars."""
    text = reader.text(tree, "interval")
    if text is not None:
        try:
            interval_ns(text)
        except InputError as error:
            reader.report(tree, plain(error.reason))
    return text or ""


def universe(reader: Reader, tree: Tree) -> tuple[str, ...]:
    """Symbols, as texts, each once."""
    found: dict[str, None] = {}
    for item in reader.items(tree, "universe"):
        symbol = symbol_name(reader, item)
        if symbol is None:
            continue
        if symbol in found:
            reader.report(item, f"{symbol} stands in the universe twice")
        elif len(found) == MAX_SYMBOLS:
            reader.report(item, f"a universe has at most {MAX_SYMBOLS:,} symbols")
            break
        found[symbol] = None
    return tuple(found)


def symbol_name(reader: Reader, tree: Tree) -> str | None:
    """One symbol."""
    symbol = reader.text(tree, "a symbol")
    if symbol is not None and (not symbol.strip() or symbol != plain(symbol, 1000) or len(symbol) > 64):
        reader.report(tree, "a symbol is a text of at most 64 characters without control characters")
        return None
    return symbol


def identifier(reader: Reader, key: Scalar, what: str) -> bool:
    """Whether a name that the strategy defines can be read in expressions."""
    if not _IDENTIFIER.fullmatch(key.text):
        reader.report(key, f"the name of a {what} is letters, digits and underscores, not {plain(key.text, 60)!r}")
    elif key.text in RESERVED or key.text == "ta":
        reader.report(key, f"{key.text} is a word of the language and cannot name a {what}", f"{key.text}_")
    elif key.text in SERIES:
        reader.report(key, f"{key.text} is a series of the market and cannot name a {what}", f"my_{key.text}")
    else:
        return True
    return False


def parameters(reader: Reader, tree: Tree) -> dict[str, Parameter]:
    """The parameters that could be read, in the order of the file."""
    if not isinstance(tree, Section) and not is_empty(tree):
        reader.report(tree, "params is a mapping of names, such as fast: {type: int, default: 20, low: 5, high: 60}")
    found = {}
    for key, value in entries(tree):
        if not identifier(reader, key, "parameter"):
            continue
        if (parameter := _parameter(reader, key, value)) is None:
            reader.unread.add(key.text)
        else:
            found[key.text] = parameter
    return found


def _parameter(reader: Reader, key: Scalar, tree: Tree) -> Parameter | None:
    name = key.text
    if isinstance(tree, Scalar) and not is_empty(tree):
        value = reader.number(tree, f"parameter {name}")
        if value is None:
            return None
        return Parameter(name, "int" if isinstance(value, int) else "float", value, line=key.line, column=key.column)
    given = reader.section(tree, f"parameter {name}", PARAMETER_KEYS)
    if "default" not in given:
        if isinstance(tree, Section) or is_empty(tree):
            reader.report(key, f"parameter {name} needs a default, such as {name}: {{type: int, default: 20}}")
        return None
    numbers: dict[str, int | float | None] = {}
    for part in ("default", "low", "high", "step"):
        if part in given:
            numbers[part] = reader.number(given[part][1], f"{part} of {name}")
    default = numbers["default"]
    kind: str | None = "int" if isinstance(default, int) else "float"
    if "type" in given:
        tree_of_type = given["type"][1]
        if isinstance(tree_of_type, Scalar) and tree_of_type.text in ("bool", "boolean"):
            reader.report(tree_of_type, "a switch is an int with low: 0 and high: 1, compared in the condition", "int")
            return None
        kind = reader.choice(tree_of_type, f"type of {name}", ("int", "float"))
    if kind is None or any(value is None for value in numbers.values()):
        return None
    before = len(reader.problems)
    for part, value in numbers.items():
        if kind == "int" and not isinstance(value, int):
            reader.report(given[part][1], f"{part} of {name} is a whole number, as its type is int")
    if len(reader.problems) > before:
        return None
    exact = {part: (value if kind == "int" else float(cast(float, value))) for part, value in numbers.items()}
    low, high, step = exact.get("low"), exact.get("high"), exact.get("step")
    centre = cast(float, exact["default"])
    if step is not None and step <= 0:
        reader.report(given["step"][1], f"step of {name} must be above 0")
    if low is not None and high is not None and low > high:
        reader.report(given["low"][1], f"low of {name} is above its high")
    elif low is not None and centre < low:
        reader.report(given["default"][1], f"default of {name} is below its low", f"{low:g}")
    elif high is not None and centre > high:
        reader.report(given["default"][1], f"default of {name} is above its high", f"{high:g}")
    return Parameter(name, "int" if kind == "int" else "float", centre, low, high, step, key.line, key.column)


def conditions(reader: Reader, tree: Tree, what: str) -> tuple[Expression, ...]:
    """A list of expressions."""
    found = (reader.expression(item, what) for item in reader.items(tree, what))
    return tuple(expression for expression in found if expression is not None)


def named_expressions(
    reader: Reader, tree: Tree, taken: dict[str, Parameter]
) -> dict[str, tuple[Scalar, Expression | None]]:
    """The `let` section: each name with its place and, where it could be read, its expression."""
    if not isinstance(tree, Section) and not is_empty(tree):
        reader.report(tree, "let is a mapping of names to expressions, such as fast_ma: sma(close, fast)")
    found: dict[str, tuple[Scalar, Expression | None]] = {}
    for key, value in entries(tree):
        if not identifier(reader, key, "let expression"):
            continue
        if key.text in taken:
            reader.report(key, f"{key.text} is a parameter already", f"{key.text}_series")
            continue
        found[key.text] = (key, reader.expression(value, key.text))
    return found


def entry(reader: Reader, key: Scalar, tree: Tree) -> Entry:
    """Entry conditions, at least one."""
    given = reader.section(tree, "entry", SECTION_KEYS["entry"])
    if not given and ((isinstance(tree, Section) and not tree.entries) or is_empty(tree)):
        reader.report(key, "entry needs a condition for long or for short")
    sides = {side: reader.expression(value, f"entry: {side}") for side, (_, value) in given.items()}
    return Entry(sides.get("long"), sides.get("short"))


def exit_(reader: Reader, tree: Tree) -> Exit:
    """Exit conditions and protective settings."""
    given = reader.section(tree, "exit", SECTION_KEYS["exit"])
    sides = {side: reader.expression(given[side][1], f"exit: {side}") for side in ("long", "short") if side in given}
    levels = {name: _level(reader, given[name][1], name) for name in settings.LEVELS if name in given}
    bars = reader.setting(given["time_stop"][1], "time_stop", settings.TIME_STOP) if "time_stop" in given else None
    return Exit(
        sides.get("long"), sides.get("short"), levels.get("stop_loss"), levels.get("take_profit"),
        levels.get("trailing_stop"), bars,
    )  # fmt: skip


def _level(reader: Reader, tree: Tree, name: str) -> Level | None:
    if not isinstance(tree, Section):
        fraction = reader.setting(tree, name, settings.LEVELS[name])
        return None if fraction is None else FractionLevel(fraction)
    given = reader.section(tree, name, LEVEL_KEYS)
    if "percent" in given and "atr" in given:
        reader.report(given["atr"][0], f"{name} has a percent already; one of percent, atr")
    elif "percent" in given:
        if "window" in given:
            reader.report(given["window"][0], "window belongs to atr")
        bounds = settings.LEVELS[name]
        hundredfold = settings.Setting(
            "number", above=0.0, below=_hundredfold(bounds.below), high=_hundredfold(bounds.high)
        )
        percent = reader.setting(given["percent"][1], f"{name}: percent", hundredfold)
        return None if percent is None else FractionLevel(hundredth(percent))
    elif "atr" in given:
        multiple = reader.setting(given["atr"][1], f"{name}: atr", settings.ATR_MULTIPLE)
        window: Expression | None = Number(14)
        if "window" in given:
            window = reader.setting(given["window"][1], f"{name}: window", settings.ATR_WINDOW)
        return AtrLevel(multiple, window) if multiple is not None and window is not None else None
    else:
        reader.report(tree, f"{name} needs percent or atr, such as {{atr: 2, window: 14}}")
    return None


def _hundredfold(bound: float | None) -> float | None:
    return None if bound is None else bound * 100


def reentry(reader: Reader, tree: Tree) -> Reentry:
    """When a signal counts again."""
    given = reader.section(tree, "reentry", SECTION_KEYS["reentry"])
    cooldown = reader.setting(given["cooldown"][1], "cooldown", settings.COOLDOWN) if "cooldown" in given else None
    most = (
        reader.setting(given["max_entries"][1], "max_entries", settings.MAX_ENTRIES) if "max_entries" in given else None
    )
    return Reentry(cooldown or Number(0), most)


def sizing(reader: Reader, tree: Tree) -> Sizing:
    """How much is bought."""
    given = reader.section(tree, "sizing", SECTION_KEYS["sizing"])
    if not given:
        return Sizing()
    if "method" not in given:
        reader.report(tree, f"sizing needs a method: one of {', '.join(settings.SIZING_VALUES)}")
        return Sizing()
    chosen = reader.choice(given["method"][1], "method", settings.SIZING_VALUES)
    if chosen is None:
        return Sizing()
    method = cast(SizingMethod, chosen)
    if "value" not in given:
        reader.report(
            given["method"][0], f"sizing needs a value: for {method} {settings.SIZING_VALUES[method].expected}"
        )
        return Sizing(method)
    value = reader.setting(given["value"][1], "value", settings.SIZING_VALUES[method]) or Number(1.0)
    window: Expression | None = None
    if method == "volatility_target":
        window = Number(20)
        if "window" in given:
            window = reader.setting(given["window"][1], "window", settings.VOLATILITY_WINDOW)
    elif "window" in given:
        reader.report(given["window"][0], "window belongs to the method volatility_target")
    return Sizing(method, value, window)


def risk(reader: Reader, tree: Tree | None, gross: Expression) -> RiskLimits:
    """Limits of the run; `gross` stands where `max_gross` is left out."""
    given = {} if tree is None else reader.section(tree, "risk", SECTION_KEYS["risk"])
    limits: dict[str, Any] = {
        name: reader.setting(value, name, settings.RISK[name]) for name, (_, value) in given.items()
    }
    limits["max_gross"] = limits.get("max_gross") or gross
    return RiskLimits(**limits)


def orders(reader: Reader, tree: Tree) -> Orders:
    """What kind of orders conditions make."""
    given = reader.section(tree, "orders", SECTION_KEYS["orders"])
    styles = {side: _order_style(reader, key, value, f"orders: {side}") for side, (key, value) in given.items()}
    return Orders(**styles)


def _order_style(reader: Reader, key: Scalar, tree: Tree, what: str) -> OrderStyle:
    given = reader.section(tree, what, ORDER_KEYS)
    chosen = reader.choice(given["type"][1], f"{what}: type", PRICES_OF_ORDERS) if "type" in given else "market"
    force = "gtc"
    if "time_in_force" in given:
        force = reader.choice(given["time_in_force"][1], f"{what}: time_in_force", TIMES_IN_FORCE) or "gtc"
    prices = {name: reader.expression(given[name][1], f"{what}: {name}") for name in ("limit", "stop") if name in given}
    bars = None
    if "expire_after" in given:
        bars = reader.setting(given["expire_after"][1], f"{what}: expire_after", settings.EXPIRE_AFTER)
    if chosen is not None:
        for name in PRICES_OF_ORDERS[chosen]:
            if name not in given:
                reader.report(key, f"{what}: type {chosen} needs a price under {name}, such as {name}: close")
        for name in prices:
            if name not in PRICES_OF_ORDERS[chosen]:
                takers = [word for word, needs in PRICES_OF_ORDERS.items() if name in needs]
                reader.report(given[name][0], f"{what}: {name} belongs to the types {', '.join(takers)}, not {chosen}")
    return OrderStyle(
        cast(OrderType, chosen or "market"), prices.get("limit"), prices.get("stop"), cast(TimeInForce, force), bars
    )
