"""The rooms that people's requests come to: what is asked, answered, and refused."""
