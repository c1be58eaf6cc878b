"""Floor 11: sessions that trade: the compiled kernel fed bar by bar, its memory on disk before it acts."""
