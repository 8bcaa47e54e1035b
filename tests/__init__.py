"""The tests: values first, then rooms with real parts, then the whole town."""
