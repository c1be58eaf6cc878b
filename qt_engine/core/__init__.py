"""Floor 0: the nouns everything above shares: errors, intervals, hashing, the clock, the project's files."""
