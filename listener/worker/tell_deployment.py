"""Tell GitHub of a promotion as a Deployment and its statuses: none is made twice.

What is about to be sent is stored before, so a second try looks at GitHub first: for the deployment
with our nonce, or for the status.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from listener.core import deployments
from listener.core.deployments import Event, State, Step, short
from listener.core.promotion import PromotionKind, Status
from listener.core.rule import Mode
from listener.db import apps, outbox
from listener.db.rules import RuleRow
from listener.github import GitHub
from listener.inventory.commits import Untold
from listener.outbound.http import within
from listener.worker.word import READ_WITHIN, Word

NONCE = "autopromote"  # its name in the payload of a deployment
SEND_WITHIN = 5.0  # seconds after it was stored: so much less than a lease


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the deployment: where it is, and what was asked or said last."""

    repository: str | None = None
    environment: str | None = None
    sha: str | None = None
    nonce: str | None = None  # set before it is asked for
    id: int | None = None
    last: str | None = None  # the state that was told last
    last_status: int = 0
    sending: str | None = None  # a state that may have been told

    @property
    def is_begun(self) -> bool:
        """Whether GitHub may know of it."""
        return self.nonce is not None


_FIELDS = tuple(each.name for each in fields(Known))


def tell(word: Word) -> None:
    """Tell what is new, and that it is inactive once something else runs. Raises GitHubError."""
    known = Known(**{name: word.state[name] for name in _FIELDS if name in word.state})
    github = word.context.github
    if not known.is_begun and not _is_wanted(word.rule):
        word.settle()
        return
    todo = deployments.steps(
        word.row.kind, _worth_telling(word), last=known.last, is_begun=known.is_begun
    )
    if github is None:
        word.give_up("GitHub is not told: set AUTOPROMOTE_GITHUB_TOKEN.")
        return
    for step in todo:
        known = _say(word, github, _made(word, github, known), step, _words(word, step))
    if known.last == State.SUCCESS or _runs_unwell(word):
        _make_way(word, github, known)
    word.settle()


def _words(word: Word, step: Step) -> str:
    """Say it as it stands; of what it was meanwhile, say no gates."""
    gates = word.row.gates if word.row.status is step.status else ()
    return deployments.said(step.status, version=word.row.target_version, gates=gates)


def _runs_unwell(word: Word) -> bool:
    """Whether it failed only because production is not well: it runs there nevertheless."""
    seen = word.row.verification or {}
    return word.row.status is Status.FAILED and seen.get("outcome") is not None


def _is_wanted(rule: RuleRow | None) -> bool:
    return rule is not None and rule.mode is Mode.ARMED and bool(rule.conditions.deployment)


def _worth_telling(word: Word) -> Sequence[Event]:
    """Leave out how it began, which is no waiting yet: most promotions go at once."""
    first = word.events[0] if word.events else None
    if first is None or first.word != Status.WAITING:
        return word.events
    with word.context.database.begin() as conn:
        is_first = outbox.first_event(conn, word.row.id) == first.id
    return word.events[1:] if is_first else word.events


def _made(word: Word, github: GitHub, known: Known) -> Known:
    """Return what is known once the deployment is there: found, or created."""
    if known.id is not None:
        return known
    id = None
    with within(READ_WITHIN):
        if known.is_begun:
            id = _find(github, known)
        else:
            known = _place(word)
    if id is None:
        send_by = time.monotonic() + SEND_WITHIN
        word.begin(**asdict(known))
        id = _create(word, github, known, send_by)
    known = replace(known, id=id)
    word.advance(state=asdict(known))
    return known


def _place(word: Word) -> Known:
    """Find out where it is told: which commit, of which repository. Raises Untold, HerokuError."""
    rule = word.rule
    assert rule is not None  # noqa: S101 - for the type checker: it is wanted
    if (sha := word.commit()) is None:
        raise Untold("Heroku names no whole commit of what goes.")
    is_back = word.row.kind is PromotionKind.ROLLBACK
    source_id = rule.source_id if is_back else word.row.source_id
    return Known(
        repository=word.context.commits.repository(source_id, rule.conditions.repo),
        environment=rule.conditions.deployment,
        sha=sha,
        nonce=uuid.uuid4().hex,
    )


def _find(github: GitHub, known: Known) -> int | None:
    """Look for a deployment that was perhaps made."""
    made = github.deployments(
        str(known.repository), environment=str(known.environment), sha=str(known.sha)
    )
    return next((each.id for each in made if each.payload.get(NONCE) == known.nonce), None)


def _create(word: Word, github: GitHub, known: Known, send_by: float) -> int:
    row = word.row
    with word.context.database.begin() as conn:
        names = apps.names(conn, [row.source_id, row.target_id])
    source, target = names[row.source_id], names[row.target_id]
    is_back = row.kind is PromotionKind.ROLLBACK
    what = f"{target} back to v{row.version}" if is_back else f"{source} v{row.version} to {target}"
    made = github.create_deployment(
        str(known.repository),
        ref=str(known.sha),
        environment=str(known.environment),
        payload={NONCE: str(known.nonce), "promotion": str(row.id)},
        description=short(what),
        send_by=send_by,
    )
    return made.id


def _say(word: Word, github: GitHub, known: Known, step: Step, said: str) -> Known:
    """Tell one state, unless it was told already."""
    repository, id = str(known.repository), int(known.id or 0)
    status = _said(github, known, step) if known.sending == step.state else None
    if status is None:
        known = replace(known, sending=str(step.state))
        send_by = time.monotonic() + SEND_WITHIN
        word.begin(**asdict(known))
        status = github.create_deployment_status(
            repository,
            id,
            state=step.state,
            log_url=word.link(),
            description=said,
            send_by=send_by,
        ).id
    known = replace(known, last=str(step.state), last_status=status, sending=None)
    word.advance(state=asdict(known), told_event=step.event, shown=known.last)
    return known


def _said(github: GitHub, known: Known, step: Step) -> int | None:
    """Look for a status that was perhaps told."""
    with within(READ_WITHIN):
        told = github.deployment_statuses(str(known.repository), int(known.id or 0))
    newer = (each for each in told if each.id > known.last_status)
    return next((each.id for each in newer if each.state == step.state), None)


def _make_way(word: Word, github: GitHub, known: Known) -> None:
    """Have what ran before shown as inactive, and this one, if something else runs by now."""
    row = word.row
    with word.context.database.begin() as conn:
        other = outbox.replaced_by(conn, row.id, row.target_id, word.channel)
        if other is None:
            outbox.stir_replaced(conn, row.id, row.target_id, word.channel)
    if other is not None and known.last == State.SUCCESS:
        step = Step(State.INACTIVE, row.status, word.last_event)
        _say(word, github, known, step, f"Something else runs since promotion {other}.")
