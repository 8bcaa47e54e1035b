"""The whole product on one machine: the emulator, PostgreSQL, the listener and the real CLI."""
