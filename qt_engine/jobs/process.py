"""The identity of a job's process.

The implementation lies on the ground floor, because the run registry, which stands below jobs, needs it as well.
"""

from __future__ import annotations

from qt_engine.core.process import ProcessIdentity, current, identify, is_alive

__all__ = ["ProcessIdentity", "current", "identify", "is_alive"]
