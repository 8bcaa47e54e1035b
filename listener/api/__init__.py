"""The rooms of the HTTP service: one file a room, and what rooms share."""
