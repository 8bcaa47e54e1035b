"""All SQL lives here. Every dyno shares PostgreSQL: its locks, its clock, its NOTIFY."""
