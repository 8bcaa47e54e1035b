"""The listener at its door: requests in, answers and state out."""
