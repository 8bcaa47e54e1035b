"""The listener: receives Heroku's webhooks, decides, promotes, watches, and answers for it."""
