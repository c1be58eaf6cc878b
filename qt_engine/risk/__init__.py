"""Floor 5: how much may be lost: limits, sizing, checks of a book, value at risk with its backtests, stress scenarios."""
