"""The Platform API, one blueprint per file."""
