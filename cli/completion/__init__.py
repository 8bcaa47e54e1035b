"""Completion: a shell asks for what a word may become, by `autopromote __complete`.

Names of commands load nothing; flags load the one command they are of; names of rules, apps and
promotions ask the listener, for a second at most. Whatever goes wrong completes nothing and says
nothing, for somebody is typing.
"""
