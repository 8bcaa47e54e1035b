"""The GitHub client, against bytes on real sockets."""
