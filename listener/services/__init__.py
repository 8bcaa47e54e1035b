"""Where people's requests are carried out: one service per file, each answers with values."""
