"""Completion: a shell asks what a word may become, by `autopromote __complete`.

Names of commands load nothing; flags load the one command that they belong to; names of rules, apps
and promotions ask the listener, for at most a second. On any error it completes nothing and prints
nothing, because somebody is typing.
"""
