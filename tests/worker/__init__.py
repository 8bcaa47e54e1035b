"""The steps, one at a time: a real PostgreSQL, an emulated Heroku, and no thread but the test's."""
