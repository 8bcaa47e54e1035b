"""The gates: one function for each condition that a candidate must pass."""
