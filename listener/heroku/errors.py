"""How a request to Heroku can end otherwise than well; each class is something to act on."""

from __future__ import annotations

from listener.outbound.server import Server


class HerokuError(Exception):
    """Something went wrong between us and Heroku; the message is fit to be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotSent(HerokuError):
    """The request certainly never left: nothing happened at Heroku."""


class Spared(NotSent):
    """It was not sent, to keep calls for what needs them more; it may be in so many seconds."""

    def __init__(self, message: str, *, again_in: int) -> None:
        super().__init__(message)
        self.again_in = again_in


class Refused(HerokuError):
    """A definite no, in Heroku's own words where it gave any: nothing happened at Heroku."""

    def __init__(self, message: str, *, status: int, id: str) -> None:
        super().__init__(message)
        self.status = status
        self.id = id


class RateLimited(Refused):
    """The account has no requests left for now; about 75 come back each minute."""


class Doubtful(HerokuError):
    """No definite answer: a read is to be repeated, a write may have been applied or not."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BadAnswer(HerokuError):
    """Heroku said yes to a read, and what it showed lacks something that we need."""


HEROKU = Server("Heroku", not_sent=NotSent, doubtful=Doubtful, bad_answer=BadAnswer)
