"""The pages in a real browser, before a listener and an emulated Heroku: `make test-pages`."""
