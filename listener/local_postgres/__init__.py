"""A PostgreSQL of a developer's own, started where DATABASE_URL is unset."""
