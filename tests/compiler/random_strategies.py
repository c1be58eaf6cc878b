"""Hypothesis strategies: well-typed conditions and numbers of the language as text, and whole documents of them.

Thresholds lie on the grid of `reference.generators.markets`, so that ties between prices and numbers happen.
"""

from __future__ import annotations

from hypothesis import strategies as st

PARAMETERS = {"n": (3, 1, 9), "k": (1, 0, 9), "p": (20.0, -50.0, 500.0), "f": (2, 2, 30)}
"""Default and bounds: n and f are windows, k is a lag, p is a threshold."""

HEAD = "schema: 1\nname: drawn\nkind: rules\nuniverse: [A]\n" + "params:\n" + "".join(
    f"  {name}: {{type: {'float' if isinstance(default, float) else 'int'}, default: {default}, low: {low}, high: {high}}}\n"
    for name, (default, low, high) in PARAMETERS.items()
)  # fmt: skip

SERIES = ("close", "open", "high", "low", "close", "bar_index", "first", "second")
WINDOWS = ("1", "2", "3", "n", "n + 1", "max(n, 2)", "5")
WIDER = ("2", "3", "f", "f + 1", "5")
LAGS = ("0", "1", "2", "k", "7")
NUMBERS = ("20", "100", "0", "1", "0.5", "p", "-p", "p / 4", "n", "sqrt(p)", "50", "-1", "log(p)", "exp(k)")
INDICATORS = (
    "sma({x}, {w})", "ema({x}, {w})", "rsi({x}, {w})", "highest({x}, {w})", "lowest({x}, window={w})", "atr({w})",
    "bollinger_upper({x}, {w}, 1.5)", "donchian_upper({w})", "macd({x}, 2, {w} + 2, 2)", "rolling_std({x}, {w})",
    "ta.WILLR({w})",
)  # fmt: skip
# Not ta.RSI and the like of computed series: TA-Lib's answer to infinite prices is its own affair.


@st.composite
def numbers(draw: st.DrawFn, depth: int = 3) -> str:
    """A number series."""

    def number() -> str:
        return draw(numbers(depth=depth - 1))

    def condition() -> str:
        return draw(conditions(depth=depth - 1))

    kind = draw(st.integers(0, 11 if depth > 0 else 1))
    if kind == 0:
        return draw(st.sampled_from(SERIES))
    if kind == 1:
        return draw(st.sampled_from(NUMBERS)) if draw(st.booleans()) else draw(st.sampled_from(SERIES))
    if kind <= 3:
        return f"({number()} {draw(st.sampled_from('+-*/'))} {number()})"
    if kind == 4:
        return f"({number()}) ** {draw(st.sampled_from(('2', '0', '-1', '0.5', '3')))}"
    if kind == 5:
        return f"({number()})[{draw(st.sampled_from(LAGS))}]"
    if kind == 6:
        function = draw(st.sampled_from(("abs", "sqrt", "log", "exp", "sign", "rank", "zscore", "-")))
        return f"{function}({number()})"
    if kind == 7:
        return f"{draw(st.sampled_from(('min', 'max')))}({number()}, {number()})"
    if kind == 8:
        return f"where({condition()}, {number()}, {number()})"
    if kind == 9:
        name = draw(st.sampled_from(("change", "percent_change", "lag")))
        return f"{name}({number()}, {draw(st.sampled_from(WINDOWS))})"
    if kind == 10:
        if draw(st.booleans()):
            return f"bars_since({condition()})"
        return f"count({condition()}, {draw(st.sampled_from(WINDOWS))})"
    # An indicator of a price, of something lagged, or of another indicator.
    inner = draw(
        st.sampled_from(("close", "high", "close[1]", "sma(close, n)", "rsi(close, f)", "(high + low)", "first"))
    )
    return draw(st.sampled_from(INDICATORS)).format(x=inner, w=draw(st.sampled_from(WIDER)))


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> str:
    """A condition."""

    def number() -> str:
        return draw(numbers(depth=depth - 1))

    def condition() -> str:
        return draw(conditions(depth=depth - 1))

    kind = draw(st.integers(0, 9 if depth > 0 else 2))
    if kind <= 1:
        return f"{number()} {draw(st.sampled_from(('<', '<=', '>', '>=', '==', '!=')))} {number()}"
    if kind == 2:
        return f"close {draw(st.sampled_from('<>'))} {draw(st.sampled_from(SERIES))}"
    if kind <= 4:
        joined = f" {draw(st.sampled_from(('and', 'or')))} ".join(
            f"({condition()})" for _ in range(draw(st.integers(2, 3)))
        )
        return f"({joined})"
    if kind == 5:
        return f"not ({condition()})"
    if kind == 6:
        return f"{draw(st.sampled_from(('crosses_above', 'crosses_below')))}({number()}, {number()})"
    if kind == 7:
        return f"{draw(st.sampled_from(('rising', 'falling')))}({number()}, {draw(st.sampled_from(WINDOWS))})"
    if kind == 8:
        return f"is_missing({number()})"
    return f"({condition()})[{draw(st.sampled_from(LAGS))}]"


@st.composite
def leaving(draw: st.DrawFn, depth: int = 2) -> str:
    """An exit condition that may read the position."""
    kind = draw(st.integers(0, 5 if depth > 0 else 2))
    if kind == 0:
        return (
            f"bars_held {draw(st.sampled_from(('>=', '==', '>', '!=')))} {draw(st.sampled_from(('n', '2', 'k + 1')))}"
        )
    if kind == 1:
        return f"position * {draw(numbers(depth=1))} {draw(st.sampled_from('<>'))} {draw(numbers(depth=1))}"
    if kind == 2:
        return draw(conditions(depth=1))
    if kind == 3:
        return f"not ({draw(leaving(depth=depth - 1))})"
    if kind == 4:
        return f"({draw(numbers(depth=1))} - bars_held) ** {draw(st.sampled_from(('2', '0', '-1')))} / position < close"
    return f" {draw(st.sampled_from(('and', 'or')))} ".join(f"({draw(leaving(depth=depth - 1))})" for _ in range(2))


@st.composite
def documents(draw: st.DrawFn, *, exits: st.SearchStrategy[str] | None = None) -> str:
    """A strategy of random conditions, with two names of `let`, the second of which may read the first."""
    wanted = conditions(depth=2) if exits is None else exits
    inner = numbers(depth=2).map(lambda text: text.replace("first", "close").replace("second", "open"))
    first, second = draw(inner), draw(numbers(depth=2)).replace("second", "high")
    text = HEAD + f'let:\n  first: "{first} + 0 * close"\n  second: "{second} + 0 * open"\nentry:\n'
    sides = draw(st.sampled_from((("long",), ("long", "short"), ("short",))))
    text += "".join(f'  {side}: "{draw(conditions())}"\n' for side in sides)
    text += "exit:\n" + "".join(f'  {side}: "{draw(wanted)}"\n' for side in ("long", "short"))
    if draw(st.booleans()):
        text += "  stop_loss: {atr: 2, window: f}\n  time_stop: 3 * n\n"
    if draw(st.integers(0, 3)) == 0:
        text += "sizing: {method: volatility_target, value: 20%, window: f}\n"
    return text


def choices() -> st.SearchStrategy[dict[str, float]]:
    """A value for each parameter."""
    return st.fixed_dictionaries({
        "n": st.integers(1, 5), "k": st.integers(0, 5), "f": st.integers(2, 6),
        "p": st.sampled_from((20.0, 0.0, -3.0, 100.0, 1.0)),
    })  # fmt: skip
