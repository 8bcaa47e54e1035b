"""The measurements: everything side by side in one run, on this machine. No test reads a clock."""
