"""Asking URLs: what is good, and where we never go."""
