"""What a webhook delivery of GitHub's is about: a commit of a repository, whose checks changed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from listener.github.names import is_repo, is_sha
from listener.github.signature import VerifiedBody
from listener.outbound.fields import Fields, Unreadable, loads

HEADER = "X-GitHub-Event"
PING, STATUS = "ping", "status"
# Each of these has its commit under its own name.
_CHECKS = ("check_run", "check_suite", "workflow_run")
# A webhook that was made without a content type sends JSON in a form.
_FORM = b"payload="


class MalformedEvent(Exception):
    """An authentic body that does not say what we need; the reason names what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed at a commit; a ping is about none, and perhaps about no repository."""

    kind: str
    repo: str | None
    sha: str | None = None


def parse(kind: str, body: VerifiedBody) -> Event | None:
    """Read a delivery of the kind that its header says; None for kinds that tell us nothing.

    Raises MalformedEvent.
    """
    if kind not in (PING, STATUS, *_CHECKS):
        return None
    try:
        return _event(kind, Fields(loads(_json(body.content))))
    except Unreadable as error:
        raise MalformedEvent(str(error)) from error


def _json(content: bytes) -> bytes:
    if not content.startswith(_FORM):
        return content
    try:
        # Two of them: nobody signs several, and the number of fields is bounded.
        return parse_qs(content.decode("ascii"), max_num_fields=2)["payload"][0].encode()
    except (ValueError, KeyError) as error:
        raise Unreadable("it is not a form") from error


def _event(kind: str, fields: Fields) -> Event:
    if kind == PING:
        return Event(kind, _repo(fields) if fields.has("repository") else None)
    about, key = (fields, "sha") if kind == STATUS else (fields.part(kind), "head_sha")
    sha = about.text(key)
    if not is_sha(sha):
        raise Unreadable(f"{key} is not a SHA")
    return Event(kind, _repo(fields), sha)


def _repo(fields: Fields) -> str:
    repo = fields.part("repository").text("full_name")
    if is_repo(repo):
        return repo
    raise Unreadable("repository.full_name is not a repository's name")
