"""The official Heroku CLI, with our plugin in it, before our emulator: `make test-heroku-cli`."""
