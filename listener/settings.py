"""The settings: the only reader of the environment's contract, and all its faults named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from listener import values
from listener.heroku.address import checked_token, checked_url

MOST_RUNNERS = 16
# A dyno has at most seven connections to the database, so that those of an old dyno and its
# successor stay under the twenty of the smallest plan.
CONNECTIONS = 7
MOST_PROCESSES = 2
_REQUIRED = object()


class BadSettings(Exception):
    """Settings are missing or malformed; the message names every one and shows no secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(
            "\n".join(["The listener cannot start, because of its settings:", *faults])
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says, checked."""

    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    heroku_api_key: str = field(repr=False)
    admins: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    apps: tuple[str, ...] = ("*",)
    notify: tuple[str, ...] = field(default=(), repr=False)
    reconcile: timedelta = timedelta(minutes=5)
    runners: int = 1
    allow_private_checks: bool = False
    metrics_token: str | None = field(default=None, repr=False)
    heroku_api_url: str = "https://api.heroku.com"
    public_url: str | None = None
    port: int = 8000
    web_concurrency: int = 1

    @property
    def processes(self) -> int:
        """How many processes answer requests."""
        return min(self.web_concurrency, MOST_PROCESSES)

    @property
    def pool_size(self) -> int:
        """How many connections a process keeps, beside the one on which it listens."""
        return CONNECTIONS // self.processes - 1


def read(env: Mapping[str, str]) -> Settings:
    """Everything the service needs. Raises BadSettings."""
    return Settings(**_read(env, VARIABLES) | {"public_url": _public_url(env)})


def read_database_url(env: Mapping[str, str]) -> str:
    """The database alone. Raises BadSettings."""
    return str(_read(env, (DATABASE_URL,))["database_url"])


def read_secret_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    """The keys alone. Raises BadSettings."""
    return tuple(_read(env, (SECRET_KEY,))["secret_keys"])


def _read(env: Mapping[str, str], variables: tuple[Variable, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    faults: list[str] = []
    for variable in variables:
        text = env.get(variable.name, "").strip()
        if not text and variable.default is _REQUIRED:
            faults.append(f"{variable.name} is missing: {variable.hint}")
            continue
        try:
            found[variable.field] = variable.parse(text) if text else variable.default
        except ValueError as error:
            faults.append(f"{variable.name} is malformed: {error}")
    if faults:
        raise BadSettings(faults)
    return found


def _public_url(env: Mapping[str, str]) -> str | None:
    """Where Heroku reaches us; None where neither PUBLIC_URL nor the dyno's metadata tell."""
    if given := env.get("PUBLIC_URL", "").strip():
        return values.url(given)
    domain = env.get("HEROKU_APP_DEFAULT_DOMAIN_NAME", "").strip()
    return f"https://{domain}" if domain else None


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment: which field it fills, how it is read, what people are told."""

    name: str
    field: str
    parse: Callable[[str], Any]
    default: Any = _REQUIRED
    hint: str = ""


DATABASE_URL = Variable(
    "DATABASE_URL",
    "database_url",
    values.database_url,
    hint="run `heroku addons:create heroku-postgresql:essential-0`, which sets it.",
)
SECRET_KEY = Variable(
    "SECRET_KEY",
    "secret_keys",
    values.secret_keys,
    hint=f"at least {values.SHORTEST_KEY} random characters, from `openssl rand -hex 32`.",
)
VARIABLES = (
    DATABASE_URL,
    SECRET_KEY,
    Variable(
        "HEROKU_API_KEY",
        "heroku_api_key",
        checked_token,
        hint="the token of the listener's own Heroku user, from `heroku authorizations:create`.",
    ),
    Variable(
        "AUTOPROMOTE_ADMINS",
        "admins",
        values.emails,
        hint="e-mail patterns of who may do everything, like ana@acme.com,*@ops.acme.com.",
    ),
    Variable("AUTOPROMOTE_APPROVERS", "approvers", values.emails, ()),
    Variable("AUTOPROMOTE_VIEWERS", "viewers", values.emails, ()),
    Variable("AUTOPROMOTE_APPS", "apps", values.apps, ("*",)),
    Variable("AUTOPROMOTE_NOTIFY", "notify", values.notify, ()),
    Variable("AUTOPROMOTE_RECONCILE", "reconcile", values.duration, timedelta(minutes=5)),
    Variable("AUTOPROMOTE_RUNNERS", "runners", values.number(0, MOST_RUNNERS), 1),
    Variable("AUTOPROMOTE_ALLOW_PRIVATE_CHECKS", "allow_private_checks", values.flag, False),
    Variable("AUTOPROMOTE_METRICS_TOKEN", "metrics_token", str, None),
    Variable("HEROKU_API_URL", "heroku_api_url", checked_url, "https://api.heroku.com"),
    Variable("PUBLIC_URL", "public_url", values.url, None),
    Variable("PORT", "port", values.number(1, 65535), 8000),
    Variable("WEB_CONCURRENCY", "web_concurrency", values.number(1, 99999), 1),
)
