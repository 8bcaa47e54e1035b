"""The commands of `commits`."""
