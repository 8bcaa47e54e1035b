"""How findings look, to the commands that show some."""
