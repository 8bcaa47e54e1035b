"""The command line against the real listener, as a person meets it."""
