"""The fixtures of this folder."""

from research_workspace import app, folders, own_user, research, workspace

__all__ = ["app", "folders", "own_user", "research", "workspace"]
