"""The fixtures of this folder."""

from sample_workspace import own_user, sample

__all__ = ["own_user", "sample"]
