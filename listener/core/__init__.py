"""The pure core: values and functions, no clock, no database, no network, no framework."""
