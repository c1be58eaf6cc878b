"""Floor 1: where things are kept: the DuckDB catalog, the Parquet lake and the journal file."""
