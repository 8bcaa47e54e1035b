"""The commands of `wall`."""
