"""The commands of `people`."""
