"""The doctor: checks everything once, now, and repairs nothing.

It stores only what Heroku tells of a slug's commit, which never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from listener import heroku
from listener.core import own_names
from listener.core.app import App
from listener.core.finding import Finding, State, Unread
from listener.core.parity import compare
from listener.core.rule import Mode
from listener.db import access_tokens, apps, holds, release_requests, releases, rules, subscriptions
from listener.db.apps import AppRow
from listener.db.holds import HoldRow
from listener.db.release_requests import LastAnswer
from listener.db.rules import RuleRow
from listener.db.subscriptions import SubscriptionRow
from listener.errors import Busy
from listener.inventory.context import Context
from listener.inventory.traits import UNAUTHORIZED
from listener.inventory.webhooks import hook_url
from listener.roles import Role, Scope
from listener.services import (
    doctor_account,
    doctor_apps,
    doctor_checks,
    doctor_github,
    doctor_told,
    notices,
    told_commits,
    troubles,
)
from listener.services.heroku_calls import HerokuCall, attempt, gather, traits
from listener.services.status import ReachabilityCheck, Readiness

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorSnapshot:
    """What the database tells: the rules that act, our webhooks, the holds, and all their apps."""

    address: str | None  # ours
    rules: Sequence[RuleRow]
    subscriptions: Mapping[str, SubscriptionRow]  # by source
    holds: Sequence[HoldRow]
    rows: Sequence[AppRow]
    now: datetime
    answers: Mapping[str, LastAnswer]  # by target, of Heroku's to our last release there

    @property
    def apps(self) -> Mapping[str, App]:
        """The facts of all their apps."""
        return {row.id: row.facts for row in self.rows}

    @property
    def sources(self) -> list[str]:
        """The apps that Heroku is to tell us of."""
        return list(dict.fromkeys((*(rule.source_id for rule in self.rules), *self.subscriptions)))

    @property
    def pairs(self) -> list[tuple[RuleRow, str]]:
        """Every rule with each of its targets."""
        return [(rule, target) for rule in self.rules for target in rule.target_ids]

    def without(self, app_id: str) -> str:
        """Return the command for a rule whose app was destroyed; empty where no rule names it."""
        for rule in self.rules:
            if app_id == rule.source_id:
                return f"autopromote rules:remove {rule.name} --confirm {rule.name}"
            if app_id in rule.target_ids:
                others = [self.apps[id].name for id in rule.target_ids if id != app_id]
                return f"autopromote rules:update {rule.name} --to {','.join(others) or 'APP'}"
        return ""

    @property
    def used(self) -> list[str]:
        """Every source and target."""
        return list(dict.fromkeys((*self.sources, *(target for _, target in self.pairs))))


class Doctor:
    """Checks the listener, its account and its apps; what Heroku does not answer is unknown."""

    def __init__(
        self,
        context: Context,
        readiness: Readiness,
        mirror: ReachabilityCheck,
        *,
        login: Callable[[HerokuCall, str | None], Finding] | None = None,
    ) -> None:
        """Look with these; `login` tells how people come in, where they do."""
        self._context = context
        self._readiness = readiness
        self._mirror = mirror
        self._login = login
        self._is_free = Lock()

    def of(self, context: Context) -> Doctor:
        """Return the same for whoever this context is of."""
        same = copy(self)
        same._context = context  # noqa: SLF001 - of its own kind
        return same

    def examine(self, *, asked_by: str) -> list[Finding]:
        """Return every finding about the listener, and about what whoever asks may see.

        Heroku is asked for some seconds; what is left then is unknown.

        Raises Busy while another examination runs: promotions need the connections to Heroku too.
        """
        if not self._is_free.acquire(blocking=False):
            raise Busy("Everything is just being examined for somebody. Try again in a moment.")
        try:
            return self._examined(self._context.reach.sees, asked_by)
        finally:
            self._is_free.release()

    def _examined(self, scope: Scope, asked_by: str) -> list[Finding]:
        # Meanwhile, for both may be slow, and somebody waits.
        with ThreadPoolExecutor(max_workers=1) as pool:
            at_github = pool.submit(doctor_github.findings, self._context.github)
            return self._found(scope, asked_by, at_github)

    def _found(
        self, scope: Scope, asked_by: str, at_github: Future[list[Finding]]
    ) -> list[Finding]:
        ask = HerokuCall("", shared=self._context.shared)
        faults = self._readiness.faults()
        faults = replace(faults, apps=tuple(name for name in faults.apps if scope.has(name)))
        scene = self._scene(scope) if faults.database is None else None
        url = scene.address if scene is not None else self._context.public_url
        own = [
            doctor_account.version(asked_by),
            self._mirror.look(url, is_set=self._context.public_url is not None),
            doctor_account.database(faults),
            doctor_account.keys(faults),
            doctor_account.runners(faults),
        ]
        found = [*own, *self._at_heroku(ask, scene, url), *at_github.result()]
        if scene is not None:
            found += doctor_apps.releases(scene.rows, scene.now)
            found += doctor_apps.holds(scene.holds, scene.apps, scene.now)
            found += doctor_checks.findings(self._context, scene.rules)
            found += doctor_told.findings(self._context, scene.rules)
            found += self._troubles(scope, scene)
        named = partial(own_names.filled, url=url, user=self._context.reader.user)
        return [
            replace(each, message=named(each.message), why=named(each.why), mend=named(each.mend))
            for each in found
        ]

    def _troubles(self, scope: Scope, scene: DoctorSnapshot) -> list[Finding]:
        unheard = notices.findings(self._context, scene.rules)
        is_admins = self._context.reach.covers_all(Role.ADMIN)  # as the list of them is
        with self._context.database.begin() as conn:
            machines = access_tokens.list_machines(conn) if is_admins else []
            found = troubles.findings(conn, scope)
        return [*doctor_account.machines(machines, scene.now), *unheard, *found]

    def _scene(self, scope: Scope) -> DoctorSnapshot:
        with self._context.database.begin() as conn:
            acting = [row for row in rules.live(conn, scope=scope) if row.mode is not Mode.OFF]
            live = {row.app_id: row for row in subscriptions.live(conn, scope=scope)}
            held = holds.open_(conn, scope=scope)
            return DoctorSnapshot(
                address=self._context.address(conn),
                rules=acting,
                subscriptions=live,
                holds=held,
                rows=_used(conn, acting, live, held),
                now=releases.now(conn),
                answers=release_requests.last_answers(
                    conn, {id for r in acting for id in r.target_ids}
                ),
            )

    def _at_heroku(
        self, ask: HerokuCall, scene: DoctorSnapshot | None, url: str | None
    ) -> list[Finding]:
        client = self._context.heroku
        who = attempt(ask, client.account)
        findings = [doctor_account.token(who)]
        if isinstance(who, Unread) and who.status == UNAUTHORIZED:
            message = "Nothing more was asked of Heroku, which does not accept the token."
            return [*findings, Finding(name="heroku", state=State.UNKNOWN, message=message)]
        findings += [
            doctor_account.scopes(client.scopes),
            doctor_account.expiry(attempt(ask, client.authorizations)),
            *([self._login(ask, url)] if self._login is not None else []),
        ]
        if scene is not None:
            name = who.email if isinstance(who, heroku.Account) else "the listener's account"
            findings += self._around(ask, scene, name)
        return [*findings, doctor_account.requests(client.requests_left)]

    def _around(self, ask: HerokuCall, scene: DoctorSnapshot, who: str) -> list[Finding]:
        seen = self._seen(ask, scene)
        allowed = self._context.allowed_apps
        targets = {target for _, target in scene.pairs}
        reached = [
            doctor_apps.access(
                scene.apps[id],
                seen[id],
                who=who,
                allowed=allowed,
                last=scene.answers.get(id),
                is_target=id in targets,
                instead=scene.without(id),
            )
            for id in scene.used
        ]
        readable = {id for id, app in seen.items() if isinstance(app, heroku.App)}
        return [
            doctor_apps.rules(scene.rules),
            *doctor_apps.conditions(scene.rules),
            *doctor_apps.overlapping(scene.rules, scene.apps),
            *reached,
            *self._factors(ask, scene, [id for id in scene.used if id in targets & readable]),
            *self._hooks(ask, scene, [id for id in scene.sources if id in readable]),
            *self._commits(scene, readable),
            *self._parity(ask, scene, seen),
        ]

    def _commits(self, scene: DoctorSnapshot, readable: Collection[str]) -> list[Finding]:
        """Check for every rule that asks about commits whether somebody tells them."""
        asking = [
            rule
            for rule in scene.rules
            if rule.conditions.needs_commits and rule.source_id in readable
        ]
        with self._context.database.begin() as conn:
            found = {id: told_commits.count(conn, id) for id in {r.source_id for r in asking}}
        return [
            finding
            for rule in asking
            for finding in doctor_apps.commits(
                rule, scene.apps[rule.source_id], found[rule.source_id]
            )
        ]

    def _factors(
        self, ask: HerokuCall, scene: DoctorSnapshot, targets: Sequence[str]
    ) -> list[Finding]:
        """Report the targets that want a second factor; nothing where Heroku does not tell."""
        wanted = list(dict.fromkeys(targets))
        if not wanted:
            return []
        told = attempt(ask, partial(self._context.heroku.wanting_a_second_factor, wanted))
        guarded: frozenset[str] = frozenset() if isinstance(told, Unread) else told
        return [doctor_apps.factor(scene.apps[id]) for id in wanted if id in guarded]

    def _seen(self, ask: HerokuCall, scene: DoctorSnapshot) -> dict[str, heroku.App | Unread]:
        """Read every app from Heroku: in one list, and alone where the list lacks it."""
        if not scene.used:
            return {}
        listed = attempt(ask, self._context.heroku.apps)
        found: dict[str, heroku.App | Unread] = {}
        if not isinstance(listed, Unread):
            found = {app.id: app for app in listed if app.id in scene.apps}
        lacking = [id for id in scene.used if id not in found]
        return found | gather(ask, _each(self._context.heroku.app, lacking))

    def _hooks(
        self, ask: HerokuCall, scene: DoctorSnapshot, sources: Sequence[str]
    ) -> list[Finding]:
        found = gather(ask, _each(self._context.heroku.webhooks, sources))
        ours = [id for id in sources if id in scene.subscriptions]
        delivered = gather(ask, _each(self._context.heroku.webhook_deliveries, ours))
        findings: list[Finding] = []
        for id in sources:
            app, row = scene.apps[id], scene.subscriptions.get(id)
            findings.append(doctor_apps.webhook(app, row, found[id], url=hook_url(scene.address)))
            if row is not None:
                findings.append(doctor_apps.deliveries(app, row, delivered[id]))
            findings += doctor_apps.others(app, row, found[id])
        return findings

    def _parity(
        self, ask: HerokuCall, scene: DoctorSnapshot, seen: Mapping[str, heroku.App | Unread]
    ) -> list[Finding]:
        """Compare every rule's apps, pair by pair, where both can be read."""
        fresh = {id: _as_core(app) for id, app in seen.items() if isinstance(app, heroku.App)}
        pairs = [(r, t) for r, t in scene.pairs if r.source_id in fresh and t in fresh]
        used = dict.fromkeys(id for rule, target in pairs for id in (rule.source_id, target))
        found = traits(self._context, ask, [fresh[id] for id in used])
        return [
            replace(finding, rule=rule.name)
            for rule, target in pairs
            for finding in compare(found[rule.source_id], found[target])
        ]


def _used(
    conn: Connection,
    acting: Sequence[RuleRow],
    live: Mapping[str, SubscriptionRow],
    held: Sequence[HoldRow],
) -> list[AppRow]:
    used = {id for rule in acting for id in (rule.source_id, *rule.target_ids)}
    used |= {*live, *(row.app_id for row in held if row.app_id is not None)}
    return apps.all_of(conn, used)


def _each(call: Callable[[str], Answer], ids: Sequence[str]) -> dict[str, Callable[[], Answer]]:
    return {id: partial(call, id) for id in ids}


def _as_core(app: heroku.App) -> App:
    return App(app.id, app.name, app.stack, app.generation, app.is_container, app.build_stack)
