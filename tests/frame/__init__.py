"""Tests of what holds the listener together: settings, keys, roles, logs, processes."""
