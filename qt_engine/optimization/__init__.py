"""Floor 10: looking for parameters. A sweep runs every combination of a grid on the one kernel."""
