"""Floor 2: market data: raw files, canonical bars, and the markets that runs are made on."""
