"""The emulated Heroku, asked as a client would, and listened to as a receiver would."""
