"""`make crash` and `make chaos`: real processes, failures on purpose, and what must still hold."""
