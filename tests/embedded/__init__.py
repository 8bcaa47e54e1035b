"""The PostgreSQL that this machine lends itself."""
