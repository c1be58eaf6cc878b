"""Deterministic data of the workloads (numpy only).

W1: a million minute bars. W2: 2,520 daily bars, 2,000 pairs of windows. W3: a panel of 500 assets, monthly momentum.
W4: a million wilder minute bars, so that every
kind of exit is hit. W5: a panel of 100 assets, 200 pairs of windows.
"""

import numpy as np

CASH, QTY = 1_000_000.0, 100.0  # fixed quantity: integer-share and fractional engines agree
FEE, SLIP = 0.0005, 0.0002  # 5 bps fee, 2 bps slippage per side
T0_MIN = 1_262_563_200  # 2010-01-04 00:00 UTC, epoch seconds
FASTS, SLOWS = range(5, 55), range(60, 100)  # W2: 50 x 40 = 2,000 pairs
W5_FASTS, W5_SLOWS = range(5, 25), range(60, 100, 4)  # W5: 20 x 10 = 200 pairs


def _walk(n, sigma, seed, mu=0.0, p0=100.0):
    r = np.random.default_rng(seed)
    gap = r.normal(0, sigma * 0.2, n)
    body = r.normal(mu, sigma, n)
    lo = np.cumsum(gap + body) + np.log(p0)
    close = np.exp(lo)
    open_ = np.exp(lo - body)
    wick = np.abs(r.normal(0, sigma * 0.5, (2, n)))
    high = np.maximum(open_, close) * np.exp(wick[0])
    low = np.minimum(open_, close) * np.exp(-wick[1])
    vol = np.round(r.lognormal(9, 0.5, n))
    return {"open": open_, "high": high, "low": low, "close": close, "volume": vol}


def minutes(n=1_000_000):  # W1
    d = _walk(n, 0.0005, 42)
    d["ts"] = T0_MIN + 60 * np.arange(n, dtype=np.int64)
    return d


def brackets(n=1_000_000):  # W4: wilder bars, so that every exit kind is hit
    d = _walk(n, 0.002, 7)
    d["ts"] = T0_MIN + 60 * np.arange(n, dtype=np.int64)
    return d


def bdays(n=2520):
    d = np.datetime64("2010-01-04") + np.arange(2 * n)
    return d[np.is_busday(d)][:n].astype("datetime64[ns]")


def daily(n=2520):  # W2
    d = _walk(n, 0.015, 11, mu=0.0003)
    d["ts"] = bdays(n).astype("int64") // 1_000_000_000
    return d


def panel(k=500, n=2520, seed=1000):  # W3 (k=500), W5 (k=100): arrays [n, k]
    r = np.random.default_rng(seed)
    mk = r.normal(0.0003, 0.008, n)
    cols = []
    for i in range(k):
        d = _walk(n, 0.014, seed + 1 + i, mu=r.normal(0.0002, 0.0003))
        m = np.exp(np.cumsum(mk * r.uniform(0.6, 1.4)))
        cols.append({c: (d[c] * m if c != "volume" else d[c]) for c in d})
    out = {c: np.ascontiguousarray(np.stack([x[c] for x in cols], 1)) for c in cols[0]}
    out["ts"] = bdays(n).astype("int64") // 1_000_000_000
    return out


def month_ends(ts):
    m = ts.astype("datetime64[s]").astype("datetime64[M]")
    return np.nonzero(m[1:] != m[:-1])[0]
