"""The listener: receives Heroku's webhooks, decides, promotes, watches, and answers for it."""

VERSION = "0.1.0"  # also in pyproject.toml; a dyno runs the checkout, which no index knows
