"""The harnesses can fail: what each of their checks is there for, it finds."""
