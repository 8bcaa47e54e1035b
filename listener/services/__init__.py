"""Where people's requests are carried out: one desk a room, each answering with values."""
