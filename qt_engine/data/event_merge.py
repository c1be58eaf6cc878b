"""What of some events is new, and how new ones are put among those that are stored.

Two trades may be alike in time, price and size: they are two trades. So a file that is imported again, or overlaps with
another one, adds an event as often as it holds it more often than the store does. Of actions there is one of a kind at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.events import Events, concatenate


def find_stored(stored: Events, events: Events) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each event: whether it is stored, and whether another one is stored in its place (which only actions have)."""
    if not len(stored) or not len(events):
        return np.zeros(len(events), bool), np.zeros(len(events), bool)
    keys = concatenate([stored, events]).keys()
    old, new = keys[: len(stored)], keys[len(stored) :]
    times = np.bincount(old, minlength=int(keys.max()) + 1)
    known = occurrence(new) < times[new]
    if events.kind != "actions":
        return known, np.zeros(len(events), bool)
    value = np.zeros(len(times))
    value[old] = stored.columns["value"]
    differs = known & (value[new] != events.columns["value"])
    return known & ~differs, differs


def occurrence(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often the same number stands before each one."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
    counts = np.empty(len(keys), np.int64)
    counts[order] = np.arange(len(keys)) - np.repeat(first, np.diff(np.append(first, len(keys))))
    return counts


def merge(stored: Events, new: Events) -> Events:
    """Both in order of time, at one time the stored ones first; a new action takes the place of one of its kind and time."""
    if stored.kind == "actions" and len(stored) and len(new):
        keys = concatenate([stored, new]).keys()
        stored = stored.take(~np.isin(keys[: len(stored)], keys[len(stored) :]))
    both = concatenate([stored, new])
    by = (both.columns["kind"], both.ts) if stored.kind == "actions" else (both.ts,)
    return both.take(np.lexsort(by))
