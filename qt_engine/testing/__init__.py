"""Contract tests that every implementation of an extensible family passes; authors of a plug-in subclass them."""
