"""What the fake GitHub knows: tokens, pull requests, checks, deployments, and its words of refusal.

The repositories themselves are those of `emulator.repositories`; here all of them are private.
"""
