"""Hypothesis profiles: the default says the same thing twice, `--hypothesis-profile=thorough` looks ten times as far.

Tests that need more examples than a profile's `max_examples` multiply it, so that the profile scales them as well.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "thorough", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")
