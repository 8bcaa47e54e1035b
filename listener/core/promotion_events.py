"""The events of promotions for other programs: CloudEvents, one for each thing that became of one.

Their shape is a promise: docs/events.md says what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from listener.core.commits import Commit
from listener.core.deployments import Event
from listener.core.gates import plain
from listener.core.promotion import UNFINISHED, Status
from listener.core.shown import LONGEST_SUBJECT, Shown

TYPE = "com.heroku-autopromote.promotion"
TEST = "com.heroku-autopromote.test"
VERSION = "1.0"  # of CloudEvents
CONTENT_TYPE = "application/cloudevents+json"
_STATUSES = frozenset(str(each) for each in Status)


def receiver(url: str) -> str:
    """Return the URL if events may be sent there. Raises ValueError, whose words never show it."""
    try:
        return plain.url(url)
    except ValueError:
        raise ValueError("it must be URLs like https://example.com/hooks/TOKEN.") from None


def news(events: Iterable[Event], *, last: str | None) -> list[Event]:
    """Leave out what is no news: another reason to stay in the status that was told last."""
    found: list[Event] = []
    for event in events:
        # A person's no, and the end that follows from it, have the same word.
        if event.word not in UNFINISHED or event.word != last:
            found.append(event)
        last = standing(event, last)
    return found


def standing(event: Event, before: str | None) -> str | None:
    """Return the status in which an event leaves the promotion; a person's word changes none."""
    return event.word if event.word in _STATUSES else before


def cloud_event(
    *, id: str, source: str, type: str, subject: str, at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    """Return an event in the structured JSON of CloudEvents."""
    return {
        "specversion": VERSION,
        "id": id,
        "source": source,
        "type": type,
        "subject": subject,
        "time": moment(at),
        "datacontenttype": "application/json",
        "data": data,
    }


def moment(at: datetime | None) -> str | None:
    """Return a time as the API answers it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


@dataclass(frozen=True, slots=True)
class Words:
    """What ships, in the words of the API; with its commits, a hundred each way at most."""

    shown: Shown | None
    commit: str | None  # of the promotion, as long as nothing was read

    def as_json(self) -> dict[str, Any] | None:
        """Return what ships; None where nobody knows."""
        ships = self.shown
        if ships is None:
            return None
        return {
            "from": ships.base,
            "to": ships.head or self.commit,
            "is_read": ships.is_read,
            "relation": ships.relation,
            "goes_back": ships.goes_back,
            "coming": ships.coming,
            "leaving": ships.leaving,
            "authors": list(ships.authors),
            "author_count": ships.author_count,
            "pulls": [
                {"number": each.number, "title": each.title, "url": ships.url_of(each.number)}
                for each in ships.pulls
            ],
            "pull_count": ships.pull_count,
            "repository": ships.repository,
            "compare_url": ships.compare_url,
            "untold": ships.untold,
            "commits": _commits(ships.commits or ()),
            "leaves": _commits(ships.leaves or ()),
        }


def _commits(found: Sequence[Commit]) -> list[dict[str, Any]]:
    return [
        {
            "sha": each.sha,
            "subject": each.subject[:LONGEST_SUBJECT],
            "author": each.author,
            "login": each.login,
            "at": moment(each.at),
            "pull": each.pull,
        }
        for each in found
    ]
