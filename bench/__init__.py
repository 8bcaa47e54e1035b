"""Benchmarks: everything is measured in one run on this machine. No test reads a clock."""
