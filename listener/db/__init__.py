"""The only SQL. PostgreSQL is the engine every dyno shares: its locks, its clock, its NOTIFY."""
