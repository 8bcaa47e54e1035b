"""What Heroku has, as far as it is known here: for both requests of people and background work."""
