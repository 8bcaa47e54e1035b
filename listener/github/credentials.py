"""As which account GitHub is asked: that of a token, or an App's where it is installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from listener.github.session import Bearer
from listener.outbound.address import checked_token


@dataclass(frozen=True, slots=True)
class Token:
    """A person's or a machine's token, fine-grained or classic."""

    token: str = field(repr=False)

    @property
    def is_fine_grained(self) -> bool:
        """Whether it is one that GitHub lets have no permission for check runs."""
        return self.token.startswith("github_pat_")


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App: its id and a private key of it, in PEM."""

    id: str
    private_key: str = field(repr=False)


Credentials = Token | App


class Keyring(Protocol):
    """Has the tokens to ask with; threads share it."""

    def own(self) -> Bearer:
        """Return what says who we are, apart from any repository."""
        ...

    def of(self, repo: str) -> Bearer:
        """Return what a repository is asked with. Raises NotSent, RateLimited, Refused."""
        ...

    def forget(self, bearer: Bearer) -> None:
        """Take note that GitHub knows this token no more."""
        ...


class OneToken:
    """A token that is everything we have."""

    def __init__(self, credentials: Token) -> None:
        self._bearer = Bearer(checked_token(credentials.token, of="GitHub"))

    def own(self) -> Bearer:
        """Return the token."""
        return self._bearer

    def of(self, repo: str) -> Bearer:
        """Return the token, whichever the repository."""
        return self._bearer

    def forget(self, bearer: Bearer) -> None:
        """Keep it: there is no other."""
