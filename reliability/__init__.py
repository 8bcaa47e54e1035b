"""`make crash` and `make chaos`: real processes, hurt on purpose, and what must hold even so."""
