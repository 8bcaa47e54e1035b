"""How requests go out, to whichever server: bounded, once, and with no secret in what is told.

Knows of no server in particular, and nothing of the rest of this program.
"""
