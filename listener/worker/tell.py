"""The step that tells of a promotion what one channel wants to know: in order, once each.

It is work of its own, of a lane of its own: a promotion waits for nobody who is told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from listener.db import outbox, queue
from listener.github import GitHubError, RateLimited, Refused
from listener.heroku import HerokuError
from listener.inventory.commits import Untold
from listener.inventory.context import Clock, Context
from listener.worker import tell_commit_status, tell_deployment, tell_event
from listener.worker.tell_event import NotTaken
from listener.worker.word import Word

GIVEN_UP_AFTER = timedelta(hours=24)
LEAST, MOST = timedelta(seconds=10), timedelta(hours=1)
# What such an answer refuses is refused tomorrow, too: a commit that is not there, say.
_FOR_EVER = frozenset({409, 410, 422, 451})

_TELLERS: dict[str, Callable[[Word], None]] = {
    outbox.DEPLOYMENT: tell_deployment.tell,
    outbox.COMMIT_STATUS: tell_commit_status.tell,
    outbox.EVENTS: tell_event.tell,
}


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Tell what one channel does not know yet of one promotion."""
    word = Word(context, claim, clock)
    try:
        _TELLERS[word.channel.partition(" ")[0]](word)
    except Untold as why:
        if why.again_in is not None and not _is_too_late(word):
            word.again(why.again_in, str(why))
        else:
            word.give_up(str(why))
    except (GitHubError, HerokuError, NotTaken) as error:
        _again(word, error)


def _again(word: Word, error: Exception) -> None:
    is_final = isinstance(error, Refused) and error.status in _FOR_EVER
    if is_final or _is_too_late(word):
        word.give_up(str(error))
    else:
        word.again(_pause(error, word.attempt), str(error))


def _is_too_late(word: Word) -> bool:
    return word.clock.now() - word.failing_since >= GIVEN_UP_AFTER


def _pause(error: Exception, attempt: int) -> timedelta:
    """Return how long to pause after so many failures: 10 s, doubled each time up to an hour."""
    if isinstance(error, RateLimited):
        return min(max(timedelta(seconds=error.again_in), LEAST), MOST)
    return min(LEAST * (1 << min(attempt - 1, 10)), MOST)
