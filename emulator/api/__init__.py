"""The Platform API: one file a room, each a blueprint."""
