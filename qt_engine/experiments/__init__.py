"""Floor 8: every run is registered before it starts and kept, whatever became of it; compare, reproduce, export."""
