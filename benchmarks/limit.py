"""Limit kernels: the least work each workload needs, written by hand in numba, one fused pass a backtest.

The engine's speed is told as a ratio to these, measured beside them in one run. They know their strategy, store nothing and
check nothing; no general engine can be faster.
"""

from __future__ import annotations

import numba as nb
import numpy as np

import workloads as D

jit = nb.njit(cache=True, nogil=True, error_model="numpy")


@jit
def sma_bt(o, c, fa, sl, qty, cash, fee, slip):
    """Rolling sums, crossover, next-open fills, equity, running metrics. Nothing is stored."""
    n = len(c)
    sf = 0.0; ss = 0.0; pf = 0.0; ps = 0.0
    pos = 0.0; eq = cash; peak = cash; mdd = 0.0
    m1 = 0.0; m2 = 0.0; trades = 0; pend = 0
    cs = cash
    for i in range(n):
        if pend == 1:
            px = o[i] * (1 + slip); cs -= qty * px * (1 + fee); pos = qty
        elif pend == -1:
            px = o[i] * (1 - slip); cs += pos * px * (1 - fee); pos = 0.0; trades += 1
        pend = 0
        x = c[i]
        e = cs + pos * x
        r = e / eq - 1.0
        m1 += r; m2 += r * r
        eq = e
        if e > peak: peak = e
        d = 1.0 - e / peak
        if d > mdd: mdd = d
        sf += x; ss += x
        if i >= fa: sf -= c[i - fa]
        if i >= sl: ss -= c[i - sl]
        if i >= sl - 1:
            a = sf / fa; b = ss / sl
            if i >= sl:
                if pos == 0.0 and a > b and pf <= ps: pend = 1
                elif pos > 0.0 and a < b and pf >= ps: pend = -1
            pf = a; ps = b
    mu = m1 / n
    sd = np.sqrt(max(m2 / n - mu * mu, 0.0))
    return eq, (mu / sd if sd > 0 else 0.0), mdd, float(trades)


@jit
def sma_bt_cs(o, c, cum, fa, sl, qty, cash, fee, slip):
    """Same from one shared cumulative sum; the per-bar metrics only run while in a position."""
    n = len(c)
    pos = False; eq = cash; peak = cash; mdd = 0.0
    m1 = 0.0; m2 = 0.0; trades = 0; pend = 0
    cs = cash
    rf = 1.0 / fa; rs = 1.0 / sl
    pf = (cum[sl] - cum[sl - fa]) * rf; ps = (cum[sl] - cum[0]) * rs
    for i in range(sl, n):
        if pend != 0:
            if pend == 1:
                cs -= qty * o[i] * (1 + slip) * (1 + fee); pos = True
            else:
                cs += qty * o[i] * (1 - slip) * (1 - fee); pos = False; trades += 1
                e = cs; r = e / eq - 1.0; m1 += r; m2 += r * r; eq = e
                d = 1.0 - e / peak
                if d > mdd: mdd = d
                if e > peak: peak = e
            pend = 0
        if pos:
            e = cs + qty * c[i]
            r = e / eq - 1.0
            m1 += r; m2 += r * r; eq = e
            if e > peak: peak = e
            d = 1.0 - e / peak
            if d > mdd: mdd = d
        a = (cum[i + 1] - cum[i + 1 - fa]) * rf; b = (cum[i + 1] - cum[i + 1 - sl]) * rs
        if pos:
            if a < b and pf >= ps: pend = -1
        elif a > b and pf <= ps: pend = 1
        pf = a; ps = b
    mu = m1 / n
    sd = np.sqrt(max(m2 / n - mu * mu, 0.0))
    return eq, (mu / sd if sd > 0 else 0.0), mdd, float(trades)


@jit
def cumsum0(c):
    o = np.empty(len(c) + 1); s = 0.0; o[0] = 0.0
    for i in range(len(c)):
        s += c[i]; o[i + 1] = s
    return o


@nb.njit(cache=True, parallel=True, error_model="numpy")
def sweep2(o, c, P, out, qty, cash, fee, slip):
    cum = cumsum0(c)
    for j in nb.prange(len(P)):
        out[j] = sma_bt_cs(o, c, cum, P[j, 0], P[j, 1], qty, cash, fee, slip)


@nb.njit(cache=True, parallel=True, error_model="numpy")
def multi2(O, C, P, out, qty, cash, fee, slip):          # O, C: [assets, bars]
    for a in nb.prange(len(O)):
        cum = cumsum0(C[a])
        for j in range(len(P)):
            out[a, j] = sma_bt_cs(O[a], C[a], cum, P[j, 0], P[j, 1], qty, cash, fee, slip)


@jit
def bracket(o, h, l, c, n_rsi, lvl, sl, tp, tr, tmax, qty, cash, fee, slip):
    """RSI entry at next open; from the entry bar on: gap at open, then stop (tighter of fixed and
    trailing from the previous bars' high), then target; time stop at the open after tmax bars."""
    n = len(c)
    pos = False; cs = cash; eq = cash; peak = cash; mdd = 0.0; m1 = 0.0; m2 = 0.0
    ag = 0.0; al = 0.0; ent = 0.0; hi = 0.0; held = 0; pend = False
    k_sl = 0; k_tp = 0; k_tr = 0; k_t = 0; prev = c[0]
    for i in range(n):
        if pend and not pos:
            ent = o[i]; hi = ent; held = 0; pos = True
            cs -= qty * ent * (1 + slip) * (1 + fee)
        pend = False
        if pos:
            fs = ent * (1 - sl); ts = hi * (1 - tr); st = fs if fs >= ts else ts; tg = ent * (1 + tp)
            px = 0.0; kind = 0
            if held > 0 and o[i] <= st: px = o[i]; kind = 1
            elif held > 0 and o[i] >= tg: px = o[i]; kind = 2
            elif held >= tmax: px = o[i]; kind = 3
            elif l[i] <= st: px = st; kind = 1
            elif h[i] >= tg: px = tg; kind = 2
            if kind:
                cs += qty * px * (1 - slip) * (1 - fee); pos = False
                if kind == 1:
                    if fs >= ts: k_sl += 1
                    else: k_tr += 1
                elif kind == 2: k_tp += 1
                else: k_t += 1
            else:
                if h[i] > hi: hi = h[i]
                held += 1
        x = c[i]
        e = cs + qty * x if pos else cs
        r = e / eq - 1.0; m1 += r; m2 += r * r; eq = e
        if e > peak: peak = e
        d = 1.0 - e / peak
        if d > mdd: mdd = d
        dd = x - prev; prev = x
        g = dd if dd > 0 else 0.0; q = -dd if dd < 0 else 0.0
        if i <= n_rsi:
            ag += g / n_rsi; al += q / n_rsi
        else:
            ag += (g - ag) / n_rsi; al += (q - al) / n_rsi
        if i >= n_rsi and not pos and 100.0 * ag < lvl * (ag + al): pend = True
    mu = m1 / n; sd = np.sqrt(max(m2 / n - mu * mu, 0.0))
    return eq, (mu / sd if sd > 0 else 0.0), mdd, float(k_sl), float(k_tp), float(k_tr), float(k_t)


A = (D.QTY, D.CASH, D.FEE, D.SLIP)


def pairs(fasts, slows):
    """All pairs, the slow window varying fastest: int64 (n, 2)."""
    return np.array([(fast, slow) for fast in fasts for slow in slows], np.int64)


def w1(data):
    final, _, _, trades = sma_bt(data["open"], data["close"], 20, 100, *A)
    return final, int(trades)


def w2(data):
    out = np.empty((2000, 4))
    sweep2(data["open"], data["close"], pairs(D.FASTS, D.SLOWS), out, *A)
    return out[:, 0].sum(), int(out[:, 3].sum())


def w4(data):
    found = bracket(data["open"], data["high"], data["low"], data["close"], 14, 30.0, 0.02, 0.04, 0.03, 60, *A)
    return found[0], int(sum(found[3:7]))


def w5(columns):
    out = np.empty((100, 200, 4))
    multi2(columns["open"], columns["close"], pairs(D.W5_FASTS, D.W5_SLOWS), out, *A)
    return out[..., 0].sum(), int(out[..., 3].sum())


@jit
def momentum(O, C, me, top, skip, look, cash, fee, slip, curve):
    """[bars, assets]; at each month end rank C[t-skip]/C[t-look], equal weight of the top at next open."""
    n, k = C.shape
    sh = np.zeros(k); cs = cash; cost = fee + slip; j = 0; rb = False; orders = 0
    tgt = np.zeros(k)
    for i in range(n):
        if rb:
            v = cs
            for a in range(k): v += sh[a] * O[i, a]
            for a in range(k):
                want = v * tgt[a] / O[i, a]
                d = want - sh[a]
                if d != 0.0:
                    cs -= d * O[i, a] + abs(d) * O[i, a] * cost; sh[a] = want; orders += 1
            rb = False
        v = cs
        for a in range(k):
            if sh[a] != 0.0: v += sh[a] * C[i, a]
        curve[i] = v
        if j < len(me) and me[j] == i:
            j += 1
            if i >= look:
                s = np.argsort(-(C[i - skip] / C[i - look]))
                tgt[:] = 0.0
                for a in range(top): tgt[s[a]] = 1.0 / top
                rb = True
    eq = curve
    peak = eq[0]; mdd = 0.0; m1 = 0.0; m2 = 0.0
    for i in range(1, n):
        if eq[i] > peak: peak = eq[i]
        mdd = max(mdd, 1 - eq[i] / peak); r = eq[i] / eq[i - 1] - 1; m1 += r; m2 += r * r
    mu = m1 / n
    return eq[n - 1], mu / np.sqrt(m2 / n - mu * mu), mdd, orders


def w3(d):
    out = momentum(d["open"], d["close"], D.month_ends(d["ts"]), 50, 21, 252, D.CASH, D.FEE, D.SLIP, np.empty(len(d["ts"])))
    return out[0], out[3]


def prepared(work, data):
    """The workload's data as its limit kernel wants it; not counted."""
    return {k: np.ascontiguousarray(data[k].T) for k in ("open", "close")} if work == "W5" else data


WORK = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5}
