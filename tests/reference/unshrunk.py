"""A pytest plug-in with a Hypothesis profile that stops at the first counterexample: which test fails is all that is asked.

The mutation check loads it with `-p reference.unshrunk --hypothesis-profile=unshrunk`.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "unshrunk", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
)  # fmt: skip
