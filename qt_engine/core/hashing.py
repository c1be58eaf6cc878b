"""One way to name things by their content.

Configurations are hashed as canonical JSON (sorted keys, no white space, NaN refused), arrays as
(dtype, shape, bytes). Wall time, host names and paths never enter a hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def canonical_json(value: Any) -> str:
    """JSON text that is equal exactly when the values are equal.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: such a value has no canonical JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_bytes(data: bytes | memoryview) -> str:
    """SHA-256 of the bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def hash_config(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`."""
    return hash_bytes(canonical_json(value).encode())


def hash_arrays(arrays: Mapping[str, np.ndarray], **labels: Any) -> str:
    """SHA-256 over named arrays, in the order of their names, and JSON-serialisable labels.

    Each array contributes its name, dtype (with byte order), shape and C-contiguous bytes.
    """
    import numpy as np

    digest = hashlib.sha256(canonical_json(labels).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"|{name}:{array.dtype.str}:{array.shape}|".encode())
        digest.update(array.view(np.uint8).data if array.size else b"")
    return digest.hexdigest()
