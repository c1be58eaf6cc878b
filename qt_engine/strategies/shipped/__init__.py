"""Strategies in Python that ship with qt, a file each; they are also examples of how one is written."""
