"""Floor 7: what a run was worth: metrics from the kernel's counters, and its closed round trips."""
