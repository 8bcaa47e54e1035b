"""Tests of the command line: the real program, its stdout, stderr and exit code."""
