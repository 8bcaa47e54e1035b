"""The Heroku client, against bytes on real sockets."""
