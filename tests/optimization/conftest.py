"""The fixtures of this folder."""

from sample_workspace import own_user, sample, ws

__all__ = ["own_user", "sample", "ws"]
