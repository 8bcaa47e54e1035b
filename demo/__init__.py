"""The whole product on one machine: the emulator, a PostgreSQL, the listener and the real CLI."""
