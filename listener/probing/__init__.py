"""Asking the URLs of rules whether they are well, without being led where nobody should go."""

from listener.probing.prober import Prober

__all__ = ["Prober"]
