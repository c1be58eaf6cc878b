"""Every signal gives the numbers of its definition, written down slowly in plain Python."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from features.indicator_markets import Columns, bars
from qt_engine.core.errors import InputError
from qt_engine.features import INDICATORS, compute

Row = Sequence[float]
Definition = Callable[..., float | None]
NOTHING = 0.0


def returns(x: Row) -> list[float]:
    return [now / before - 1 for before, now in pairwise(x)]


def changes(x: Row) -> list[float]:
    return [now - before for before, now in pairwise(x)]


def covariance(x: Row, y: Row) -> float:
    """Of the population."""
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    return statistics.fmean([(a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)])


def sign(x: float) -> float:
    return float(x > 0) - float(x < 0)


# Each definition is given the columns up to and with the bar in question, and the parameters; None: not known yet.


def log_returns(m: Columns) -> float | None:
    return math.log(m["close"][-1] / m["close"][-2]) if len(m["close"]) > 1 else None


def momentum_12_1(m: Columns, window: int, skip: int) -> float | None:
    x = m["close"]
    return x[-1 - skip] / x[-1 - window] - 1 if len(x) > window else None


def time_series_momentum(m: Columns, window: int, centre: float, target: float) -> float | None:
    x = m["close"]
    if len(x) <= window:
        return None
    past = returns(x)[::-1]
    weights = [(centre / (1 + centre)) ** age for age in range(len(past))]
    mean = sum(w * r for w, r in zip(weights, past, strict=True)) / sum(weights)
    spread = sum(w * (r - mean) ** 2 for w, r in zip(weights, past, strict=True)) / sum(weights)
    return sign(x[-1] - x[-1 - window]) * target / math.sqrt(spread) if spread else 0.0


def risk_adjusted_momentum(m: Columns, window: int, skip: int) -> float | None:
    x = m["close"].tolist()
    if len(x) <= window:
        return None
    chosen = returns(x[len(x) - 1 - window : len(x) - skip])
    assert len(chosen) == window - skip
    deviation = statistics.stdev(chosen)
    return statistics.fmean(chosen) / deviation if deviation > 1e-14 else 0.0


def nearness_to_high(m: Columns, window: int) -> float | None:
    return m["close"][-1] / max(m["high"][-window:]) if len(m["close"]) >= window else None


def short_term_reversal(m: Columns, window: int) -> float | None:
    x = m["close"]
    return -(x[-1] / x[-1 - window] - 1) if len(x) > window else None


def bollinger_percent_b(m: Columns, window: int, deviations: float) -> float | None:
    x = m["x"][-window:].tolist()
    if len(x) < window:
        return None
    mean, reach = statistics.fmean(x), deviations * statistics.pstdev(x)
    return (x[-1] - (mean - reach)) / (2 * reach) if reach else 0.5


def half_life(m: Columns, window: int) -> float | None:
    x = m["close"].tolist()
    if len(x) <= window:
        return None
    before, change = x[-1 - window : -1], changes(x[-1 - window :])
    spread = covariance(before, before)
    kept = 1 + covariance(before, change) / spread if spread else 1.0
    return math.inf if kept >= 1 else 0.0 if kept <= 0 else math.log(0.5) / math.log(kept)


def hurst(m: Columns, window: int) -> float | None:
    x = m["close"][-window:].tolist()
    if len(x) < window:
        return None
    lags = [2**k for k in range(20) if 2**k <= window // 4]
    moved = [statistics.fmean([(b - a) ** 2 for a, b in zip(x, x[lag:], strict=False)]) for lag in lags]
    if not moved[0]:
        return 0.5
    points = [(math.log(lag), math.log(size)) for lag, size in zip(lags, moved, strict=True) if size]
    if len(points) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*points, strict=True)).slope / 2


def rsi_of(x: Row, window: int) -> list[float | None]:
    out: list[float | None] = [None] * len(x)
    step = changes(x)
    gain = loss = 0.0
    for i in range(window, len(x)):
        if i == window:
            gain = sum(max(c, 0) for c in step[:window]) / window
            loss = sum(max(-c, 0) for c in step[:window]) / window
        else:
            gain = (gain * (window - 1) + max(step[i - 1], 0)) / window
            loss = (loss * (window - 1) + max(-step[i - 1], 0)) / window
        out[i] = 100 * gain / (gain + loss) if gain + loss else 0.0
    return out


def cumulative_rsi(m: Columns, window: int, length: int) -> float | None:
    last = rsi_of(m["close"].tolist(), window)[-length:]
    return math.fsum(v for v in last if v is not None) if len(last) == length and None not in last else None


def connors_rsi(m: Columns, window: int, streak: int, rank: int) -> float | None:
    x = m["close"].tolist()
    if len(x) <= max(window, streak, rank + 1):
        return None
    runs = [0.0]
    for step in changes(x):
        direction = sign(step)
        runs.append(runs[-1] + direction if direction and sign(runs[-1]) in (direction, 0) else direction)
    past = returns(x)
    place = 100 * sum(r < past[-1] for r in past[-1 - rank : -1]) / rank
    strength, run_strength = rsi_of(x, window)[-1], rsi_of(runs, streak)[-1]
    assert strength is not None and run_strength is not None
    return (strength + run_strength + place) / 3


def amihud(m: Columns, window: int) -> float | None:
    x, volume = m["close"].tolist(), m["volume"].tolist()
    if len(x) <= window:
        return None
    pairs = list(zip(returns(x)[-window:], x[-window:], volume[-window:], strict=True))
    impact = [abs(r) / (price * traded) for r, price, traded in pairs if price * traded > 0]
    return 1e6 * statistics.fmean(impact) if impact else math.inf


def roll_spread(m: Columns, window: int) -> float | None:
    step = changes(m["close"].tolist())
    if len(step) <= window:
        return None
    c = covariance(step[-window:], step[-window - 1 : -1])
    return 2 * math.sqrt(-c) if c < 0 else 0.0


def corwin_schultz(m: Columns, window: int) -> float | None:
    high, low, close = (m[name].tolist() for name in ("high", "low", "close"))
    if len(close) <= window:
        return None
    root = 3 - 2 * math.sqrt(2)
    spreads = []
    for t in range(len(close) - window, len(close)):
        top, bottom = high[t], low[t]
        if close[t - 1] > top:
            top, bottom = close[t - 1], bottom + close[t - 1] - top
        elif close[t - 1] < bottom:
            top, bottom = top - (bottom - close[t - 1]), close[t - 1]
        beta = math.log(high[t - 1] / low[t - 1]) ** 2 + math.log(top / bottom) ** 2
        gamma = math.log(max(high[t - 1], top) / min(low[t - 1], bottom)) ** 2
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / root - math.sqrt(gamma / root)
        spreads.append(max(2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)), 0.0))
    return statistics.fmean(spreads)


def kyle_lambda(m: Columns, window: int) -> float | None:
    step = changes(m["close"].tolist())[-window:]
    if len(step) < window or len(m["close"]) <= window:
        return None
    flow = [sign(c) * v for c, v in zip(step, m["volume"][-window:].tolist(), strict=True)]
    spread = covariance(flow, flow)
    return covariance(flow, step) / spread if spread else 0.0


def vpin(m: Columns, window: int, volatility_window: int) -> float | None:
    step = changes(m["close"].tolist())
    if len(m["close"]) < window + volatility_window:
        return None
    unmatched = traded = 0.0
    for t in range(len(step) - window, len(step)):
        deviation = statistics.stdev(step[t - volatility_window + 1 : t + 1])
        volume = float(m["volume"][t + 1])
        bought = statistics.NormalDist().cdf(step[t] / deviation) if deviation else (1 + sign(step[t])) / 2
        unmatched += abs(volume * bought - volume * (1 - bought))
        traded += volume
    return unmatched / traded if traded else 0.0


def order_flow_imbalance(m: Columns, window: int) -> float | None:
    if len(m["close"]) <= window:
        return None
    signs: list[float] = []
    for step in changes(m["close"].tolist()):
        signs.append(sign(step) or (signs[-1] if signs else 0.0))
    volume = m["volume"][-window:].tolist()
    return sum(s * v for s, v in zip(signs[-window:], volume, strict=True)) / sum(volume) if sum(volume) else 0.0


TABLE: dict[str, tuple[Definition, list[tuple[float, ...]]]] = {
    "log_returns": (log_returns, [()]),
    "momentum_12_1": (momentum_12_1, [(30, 5), (2, 0)]),
    "time_series_momentum": (time_series_momentum, [(20, 60.0, 0.01), (5, 3.0, 0.4)]),
    "risk_adjusted_momentum": (risk_adjusted_momentum, [(30, 5), (12, 0), (3, 1)]),
    "nearness_to_high": (nearness_to_high, [(20,), (1,)]),
    "short_term_reversal": (short_term_reversal, [(5,), (21,)]),
    "bollinger_percent_b": (bollinger_percent_b, [(20, 2.0), (5, 1.5), (5, 0.0)]),
    "half_life": (half_life, [(20,), (3,), (60,)]),
    "hurst": (hurst, [(16,), (40,)]),
    "cumulative_rsi": (cumulative_rsi, [(2, 2), (5, 3)]),
    "connors_rsi": (connors_rsi, [(3, 2, 30), (5, 4, 2), (20, 2, 3)]),
    "amihud": (amihud, [(5,), (21,)]),
    "roll_spread": (roll_spread, [(5,), (21,)]),
    "corwin_schultz": (corwin_schultz, [(1,), (21,)]),
    "kyle_lambda": (kyle_lambda, [(5,), (21,)]),
    "vpin": (vpin, [(10, 10), (3, 20), (20, 2)]),
    "order_flow_imbalance": (order_flow_imbalance, [(5,), (21,)]),
}


def market(kind: str, count: int) -> Columns:
    columns = bars("walk" if kind == "gapped" else kind, count, 11)
    if kind == "gapped":  # bars that open far from the close before, both ways
        jump = np.where(np.arange(count) // 3 % 2, 4.0, 0.0)
        columns |= {name: columns[name] + jump for name in ("open", "high", "low", "close", "x")}
    columns["volume"][count // 2 : count // 2 + 8] = 0.0  # nothing is traded for longer than the short windows
    return columns


def test_every_signal_has_a_definition() -> None:
    assert {name for name, i in INDICATORS.items() if i.kind == "signal"} | {"log_returns"} == set(TABLE)


@pytest.mark.parametrize("kind", ["walk", "constant", "halted", "steps", "gapped"])
@pytest.mark.parametrize("name", TABLE)
def test_equals_its_definition(name: str, kind: str) -> None:
    definition, settings = TABLE[name]
    indicator = INDICATORS[name]
    columns = market(kind, 120)
    for values in settings:
        mine = compute(
            name, [columns[c] for c in indicator.inputs],
            dict(zip([p.name for p in indicator.parameters], values, strict=True)),
        )  # fmt: skip
        for t in range(120):
            expected = definition({key: column[: t + 1] for key, column in columns.items()}, *values)
            if expected is None:
                assert math.isnan(mine[t]), (values, t)
            else:
                assert mine[t] == pytest.approx(expected, rel=1e-7, abs=1e-9), (values, t)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("momentum_12_1", {"window": 20, "skip": 21}, "skip must be at most window - 2, not 21 of 20"),
        ("risk_adjusted_momentum", {"window": 20, "skip": 19}, "skip must be at most"),
        ("hurst", {"window": 8}, "window must be between 16"),
        ("time_series_momentum", {"target": 2.0}, "target must be between 0 and 1"),
        ("momentum_12_2", {}, "did you mean 'momentum_12_1'"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, parameters: dict[str, float], said: str) -> None:
    with pytest.raises(InputError) as caught:
        compute(name, [bars("walk", 40)["close"]], parameters)
    assert said in str(caught.value)


def test_what_is_known_of_made_up_processes() -> None:
    draw = np.random.default_rng(0)
    noise = draw.normal(0, 1, 60_000)
    returning = np.empty(len(noise))
    level = 0.0
    for t, shock in enumerate(noise):
        level = 0.9 * level + shock
        returning[t] = 1000 + level
    life = compute("half_life", [returning], {"window": 5000})
    assert np.median(life[5000:]) == pytest.approx(math.log(2) / -math.log(0.9), rel=0.05)
    walk = 1e4 + np.cumsum(noise)
    assert np.nanmedian(compute("hurst", [walk[:9000]], {"window": 2000})) == pytest.approx(0.5, abs=0.06)
    assert np.nanmedian(compute("hurst", [returning[:9000]], {"window": 2000})) < 0.25
    bounced = 100 + np.cumsum(draw.normal(0, 0.02, 20_000)) + np.where(draw.random(20_000) < 0.5, 0.05, -0.05)
    assert np.median(compute("roll_spread", [bounced], {"window": 5000})[5001:]) == pytest.approx(0.1, rel=0.1)
