"""The HTTP API: one file for each blueprint, and what blueprints share."""
