"""The whole product on real processes: emulator, dynos, PostgreSQL, the command line."""
