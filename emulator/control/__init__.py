"""The control API, under /_emulator: what a test or a demonstration does to this Heroku."""
