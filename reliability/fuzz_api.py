"""Every route of `/openapi.json`, asked by everybody with what fits its schema and what does not.

Whoever asks, an answer is one that the description knows, and it is shaped as described. Who may
only look changes nothing, here and at Heroku.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis.strategies import SearchStrategy, composite, integers, sampled_from
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from reliability.dice import throw
from reliability.ground import ABE_TOKEN, ANA_TOKEN, ROBOT, RULES, VIC_TOKEN, Ground

CALLERS: dict[str, str | None] = {
    "anonymous": None,
    "viewer": VIC_TOKEN,
    "approver": ABE_TOKEN,
    "admin": ANA_TOKEN,
}
ASKED_A_REFILL = 50  # requests, of which Heroku's own budget bears many more
LOOKERS = ("anonymous", "viewer")
PATIENCE_SECONDS = 30.0
SIGNS = ("Traceback (most", "request_broken", "Error handling")
# A step that was at work as the run crashed the database; errors of a statement have other names.
CUT_OFF = ("event=step_broken", "psycopg.OperationalError: ")
READ_BY_PUT = ("/users/~/capabilities",)
AWAY = (502, 503)  # where the description knows them: Heroku could not be asked
# What people change. The listener's own work goes on meanwhile in other tables and columns.
KEPT = {
    "rules": "SELECT id, name, mode, conditions, revision, removed_at FROM rule ORDER BY id",
    "holds": "SELECT id, kind, reason, released_at FROM hold ORDER BY id",
    "subscriptions": "SELECT id, url, removed_at FROM subscription ORDER BY id",
    "secrets": "SELECT id, sealed, state FROM secret ORDER BY id",
    "promotions": "SELECT count(*) FROM promotion",
    "approvals": "SELECT count(*) FROM approval",
    "deliveries": "SELECT count(*) FROM delivery",
}


@dataclass
class ApiTrial:
    """What was asked and answered, and what did not hold."""

    ground: Ground
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)  # each fault of a route is told once

    def run(self, number: int, chance: Random) -> None:
        """Ask every route so many times with what fits, and with what does not, as everybody."""
        schema = schemathesis.openapi.from_url(f"{self.ground.url}/openapi.json")
        cases = list(_cases(schema, _known(self.ground), number, chance))
        for caller in CALLERS:
            before = self._state()
            talk = Talk(self, caller)
            for case in cases:
                talk.ask(case)
            if caller in LOOKERS:
                after = self._state()
                self.wrong += [
                    f"{caller} changed {what}: {said} after {before[what]}"
                    for what, said in after.items()
                    if said != before[what]
                ]

    def _state(self) -> dict[str, Any]:
        """Return what people can change, here and at Heroku."""
        here = {what: self.ground.database.ask(query) for what, query in KEPT.items()}
        asked = self.ground.heroku.requests()
        told = [
            f"{one['method']} {one['path']}"
            for one in asked
            if one["method"] != "GET" and one["was_applied"] and one["path"] not in READ_BY_PUT
        ]
        return {**here, "something at Heroku": told}


class Talk:
    """One caller with the listener, on one connection."""

    def __init__(self, trial: ApiTrial, caller: str) -> None:
        self._trial, self._caller = trial, caller
        self._session = requests.Session()
        self._session.trust_env = False
        self._log_in()

    def ask(self, case: Any) -> None:
        """Ask, and check the answer."""
        if not self._trial.sent % ASKED_A_REFILL:
            remaining = {"email": ROBOT, "remaining": 4500}
            self._trial.ground.heroku.control("rate-limits", remaining)
        self._trial.sent += 1
        try:
            answer = case.call(
                base_url=self._trial.ground.url, session=self._session, timeout=PATIENCE_SECONDS
            )
        except requests.exceptions.InvalidHeader:
            return  # the library does not send it
        except requests.RequestException as error:
            self._tell(case, f"{type(error).__name__}")
            return
        status = answer.status_code
        self._trial.statuses[status] = self._trial.statuses.get(status, 0) + 1
        if status == httpx.codes.UNAUTHORIZED:
            self._log_in()  # one of the routes ends tokens
        self._check(case, answer)

    def _check(self, case: Any, answer: Any) -> None:
        status = answer.status_code
        known = case.operation.definition.raw["responses"]
        if status >= 500 and not (status in AWAY and str(status) in known):
            self._tell(case, f"answered {status}: {answer.text[:300]}")
        if self._caller == "anonymous" and _needs_token(case) and status < 400:
            self._tell(case, f"answered {status} without a token")
        checks = [
            CHECKS.get_one(name)
            for name in (
                "status_code_conformance",
                "content_type_conformance",
                "response_schema_conformance",
            )
        ]
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as found:
            for one in found.exceptions:
                self._tell(case, f"{status}: {one}")

    def _tell(self, case: Any, said: str) -> None:
        body = case.body if isinstance(case.body, (dict, list)) else str(case.body)[:300]
        fault = f"{case.operation.label} {said[:40]}"
        if fault in self._trial.told:
            return
        self._trial.told.add(fault)
        what = f"{case.method} {case.formatted_path} {dict(case.query or {})} {body!r}"
        self._trial.wrong.append(f"{self._caller}: {what[:700]}: {' '.join(said.split())[:600]}")

    def _log_in(self) -> None:
        token = CALLERS[self._caller]
        if token is None:
            return
        url = f"{self._trial.ground.url}/api/tokens"
        answer = httpx.post(url, json={"heroku_token": token}, timeout=30, trust_env=False)
        if answer.is_success:  # else he is refused until later
            self._session.headers["Authorization"] = f"Bearer {answer.json()['token']}"


def _needs_token(case: Any) -> bool:
    return "security" in case.operation.definition.raw


def _cases(
    schema: Any, known: Mapping[str, list[str]], number: int, chance: Random
) -> Iterator[Any]:
    """Draw, for each route, so many requests that fit its description, and as many that do not."""
    for found in schema.get_all_operations():
        operation = found.ok()
        modes = [GenerationMode.POSITIVE]
        if operation.query or operation.body:  # any text fits a path
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            drawn: list[Any] = []
            strategy = _pointed(operation.as_strategy(generation_mode=mode), known)
            throw(strategy, number, chance.getrandbits(32), drawn.append)
            yield from drawn


def _known(ground: Ground) -> dict[str, list[str]]:
    """Return what there is, by the names of the parameters that mean it."""
    ask = ground.database.ask
    ids = {
        name: [str(row[0]) for row in ask(f"SELECT id FROM {name} ORDER BY id DESC LIMIT 20")]  # noqa: S608
        for name in ("hold", "promotion", "subscription", "rule")
    }
    apps = [app for source, targets, _ in RULES.values() for app in (source, *targets)]
    rules = [row[0] for row in ask("SELECT name FROM rule WHERE removed_at IS NULL LIMIT 20")]
    words = {"app": apps, "to": apps, "from": apps, "targets": apps, "source": apps}
    return {**ids, **words, "rule": [*ids["rule"], *rules]}


@composite
def _pointed(draw: Any, cases: SearchStrategy[Any], known: Mapping[str, list[str]]) -> Any:
    """Let most examples be about what there is."""
    case = draw(cases)
    for part in ("path_parameters", "query"):
        given = getattr(case, part)
        for name in list(given or ()):
            if known.get(name) and draw(integers(0, 3)):
                given[name] = draw(sampled_from(known[name]))
    if isinstance(case.body, dict) and draw(integers(0, 3)):
        case.body = _about(draw, case.body, known)
    return case


def _about(draw: Any, said: Any, known: Mapping[str, list[str]]) -> Any:
    """Name what there is, where a body names something."""
    if isinstance(said, dict):
        return {
            name: _named(draw, value, known[name])
            if known.get(name)
            else _about(draw, value, known)
            for name, value in said.items()
        }
    return said


def _named(draw: Any, value: Any, known: list[str]) -> Any:
    if isinstance(value, str):
        return draw(sampled_from(known))
    if isinstance(value, list):
        return [_named(draw, one, known) for one in value]
    return value


def mistakes(ground: Ground) -> Iterator[str]:
    """Yield what the listener's logs tell of our own mistakes."""
    for log in sorted(ground.folder.glob("w*-*.log")):
        for number, said in mistakes_in(log.read_text(errors="replace")):
            yield f"{log.name}:{number}: {said}"


def mistakes_in(log: str) -> Iterator[tuple[int, str]]:
    """Yield the mistakes in a log, each with the number of its line."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        is_cut_off = all(words in line for words in CUT_OFF)
        if any(sign in line for sign in SIGNS) and not is_cut_off:
            yield number + 1, " ".join(lines[number : number + 40])[:2000]
