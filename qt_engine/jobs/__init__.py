"""Floor 9: one way to run anything long: a process of its own, an append-only journal, a heartbeat, progress, cancel."""
