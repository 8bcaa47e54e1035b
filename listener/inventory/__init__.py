"""What Heroku has, as far as we know: for requests of people and for background work."""
