"""The settings: only this module parses the environment; it reports all faults at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from listener import roles
from listener.core import duration
from listener.core.promotion_events import receiver
from listener.db.engine import parse_url
from listener.github import URL as GITHUB_API_URL
from listener.github import api_url as github_url
from listener.github import read_key
from listener.heroku.address import is_name
from listener.outbound.address import checked_token, checked_url, is_on_loopback, read_url

SHORTEST_KEY = 32
QUOTES = ("'", '"', "`", "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}")
SHORTEST_WORD = 16

heroku_token = partial(checked_token, of="Heroku")
heroku_url = partial(checked_url, of="Heroku")
github_token = partial(checked_token, of="GitHub")


def database_url(text: str) -> str:
    parse_url(text)
    return text


def secret_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(","))
    if any(len(key) < SHORTEST_KEY for key in keys):
        message = f"every key, comma-separated, must have at least {SHORTEST_KEY} characters."
        raise ValueError(message)
    return keys


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def emails(text: str) -> tuple[str, ...]:
    """Check a list of people; its entries stay as they are written."""
    patterns = _patterns(text)
    faults: list[str] = []
    for one in patterns:
        try:
            roles.parse(one)
        except roles.BadEntry as error:
            faults.append(str(error))
    if faults or not patterns:
        raise ValueError(f"{'; '.join(faults) or 'it names nobody'}.")
    return patterns


def admins(text: str) -> tuple[str, ...]:
    """Check the list of admins, on which somebody must stand."""
    patterns = emails(text)
    if all(roles.parse(one).is_excluded for one in patterns):
        raise ValueError("it only leaves people out: somebody must be admin.")
    return patterns


def apps(text: str) -> tuple[str, ...]:
    patterns = _patterns(text)
    if not patterns:
        message = "it names no app; leave it out to allow every app."
        raise ValueError(message)
    if not all(re.fullmatch(r"[a-z0-9*?!\[\]-]+", pattern) for pattern in patterns):
        message = "it must be names or patterns of apps, comma-separated, like acme-*,shop."
        raise ValueError(message)
    return patterns


def notify(text: str) -> tuple[str, ...]:
    # A URL may itself hold commas: a new one begins where a scheme does.
    urls = tuple(re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", text.strip(", "), flags=re.IGNORECASE))
    if all(re.match(r"[a-z][a-z0-9+.-]*://.", url, re.IGNORECASE) for url in urls):
        return urls
    message = "it must be apprise URLs like slack://…, comma-separated."
    raise ValueError(message)


def events_to(text: str) -> tuple[str, ...]:
    """Check the URLs of receivers of events; a new one begins where a scheme does."""
    urls = re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", text.strip(", "), flags=re.IGNORECASE)
    return tuple(dict.fromkeys(receiver(url) for url in urls))


def duration_within(least: str, most: str) -> Callable[[str], timedelta]:
    longest = duration.parse(most, longest=timedelta.max)

    def parse(text: str) -> timedelta:
        found = duration.parse(text, longest=longest)
        if found >= duration.parse(least):
            return found
        message = f"it must be from {least} to {most}."
        raise ValueError(message)

    return parse


def number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch(r"\d{1,5}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        message = f"it must be a number from {least} to {most}."
        raise ValueError(message)

    return parse


def oauth_id(text: str) -> str:
    if is_name(text):
        return text
    message = "it must be the id of an OAuth client, as `autopromote login:client` sets it."
    raise ValueError(message)


def github_app_id(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.]{1,64}", text):
        return text
    message = "it must be the id of a GitHub App, or its client id."
    raise ValueError(message)


def github_private_key(text: str) -> str:
    read_key(text)
    return text


def secret_word(text: str) -> str:
    if re.fullmatch(rf"[!-~]{{{SHORTEST_WORD},}}", text):
        return text
    message = (
        f"it must be one word of at least {SHORTEST_WORD} ASCII characters,"
        " from `openssl rand -hex 16`."
    )
    raise ValueError(message)


def flag(text: str) -> bool:
    if text in ("0", "1"):
        return text == "1"
    message = "it must be 1 or 0."
    raise ValueError(message)


def url(text: str) -> str:
    message = "it must be an https:// URL (http:// for this machine only)."
    try:
        parts = urlsplit(text)
        read_url(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError(message) from error
    is_plain = parts.hostname and not (parts.username or parts.query or parts.fragment)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    if not (is_plain and is_safe) or re.search(r"\s", text):
        raise ValueError(message)
    return text.rstrip("/")


def domain(text: str) -> str:
    """Check the domain that Heroku gave the app; return the URL that it makes."""
    message = "it must be a domain, as Heroku's dyno metadata say it."
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise ValueError(message)
    try:
        return url(f"https://{text}")
    except ValueError as error:
        raise ValueError(message) from error


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


HEROKU_API_URL, HEROKU_ID_URL = "https://api.heroku.com", "https://id.heroku.com"
# Each of these pairs goes together, or both are left out.
PAIRS = (
    ("AUTOPROMOTE_OAUTH_ID", "AUTOPROMOTE_OAUTH_SECRET"),
    ("AUTOPROMOTE_GITHUB_APP_ID", "AUTOPROMOTE_GITHUB_PRIVATE_KEY"),
)
MOST_RUNNERS = 16
# A dyno has at most seven connections to the database, so that those of an old dyno and its
# successor stay under the twenty of the smallest plan.
CONNECTIONS = 7
MOST_PROCESSES = 2
_REQUIRED = object()
# At least for as long as Heroku repeats a delivery, and as a settled one has its body.
KEPT = duration_within("7d", "3650d")


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
    events_to: tuple[str, ...] = field(default=(), repr=False)
    reconcile: timedelta = timedelta(minutes=5)
    retention: timedelta = timedelta(days=90)
    audit: timedelta | None = None
    runners: int = 4
    allow_private_checks: bool = False
    metrics_token: str | None = field(default=None, repr=False)
    heroku_api_url: str = HEROKU_API_URL
    heroku_id_url: str = HEROKU_ID_URL
    oauth_id: str | None = None
    oauth_secret: str | None = field(default=None, repr=False)
    github_token: str | None = field(default=None, repr=False)
    github_app_id: str | None = None
    github_private_key: str | None = field(default=None, repr=False)
    github_url: str = GITHUB_API_URL
    github_webhook_secret: str | None = field(default=None, repr=False)
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
    """Read all settings from the environment. Raises BadSettings."""
    found = _read(env, VARIABLES, more=_half_pairs(env))
    found["heroku_id_url"] = found["heroku_id_url"] or _id_url(found["heroku_api_url"])
    # What the dyno's metadata tell, where nobody says it; None where neither does.
    by_metadata = found.pop("default_domain")
    found["public_url"] = found["public_url"] or by_metadata
    return Settings(**found)


def _half_pairs(env: Mapping[str, str]) -> list[str]:
    """Return what is wrong where of two that go together one is set."""
    faults = []
    for pair in PAIRS:
        lacking = [name for name in pair if not env.get(name, "").strip()]
        if len(lacking) == 1:
            both = " and ".join(pair)
            faults.append(f"{lacking[0]} is missing: {both} go together, or both are left out.")
    return faults


def _id_url(api_url: str) -> str:
    """Return where people log in: beside an API on this machine, else at Heroku."""
    return api_url if is_on_loopback(api_url) else HEROKU_ID_URL


def read_database_url(env: Mapping[str, str]) -> str:
    """Read the URL of the database alone. Raises BadSettings."""
    return str(_read(env, (DATABASE_URL,))["database_url"])


def read_secret_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    """Read the secret keys alone. Raises BadSettings."""
    return tuple(_read(env, (SECRET_KEY,))["secret_keys"])


def _read(
    env: Mapping[str, str], variables: tuple[Variable, ...], *, more: Sequence[str] = ()
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    faults = list(more)
    for variable in variables:
        text = env.get(variable.name, "").strip()
        if not text and variable.default is _REQUIRED:
            faults.append(f"{variable.name} is missing: {variable.hint}")
            continue
        if text.startswith(QUOTES) or text.endswith(QUOTES):
            faults.append(f"{variable.name} is malformed: write it without a quote around it.")
            continue
        try:
            found[variable.field] = variable.parse(text) if text else variable.default
        except ValueError as error:
            faults.append(f"{variable.name} is malformed: {error}")
    if faults:
        raise BadSettings(faults)
    return found


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
    database_url,
    hint="run `heroku addons:create heroku-postgresql:essential-0`, which sets it.",
)
SECRET_KEY = Variable(
    "SECRET_KEY",
    "secret_keys",
    secret_keys,
    hint=f"at least {SHORTEST_KEY} random characters, from `openssl rand -hex 32`.",
)
VARIABLES = (
    DATABASE_URL,
    SECRET_KEY,
    Variable(
        "HEROKU_API_KEY",
        "heroku_api_key",
        heroku_token,
        hint="the token of the listener's own Heroku user, from `heroku authorizations:create`.",
    ),
    Variable(
        "AUTOPROMOTE_ADMINS",
        "admins",
        admins,
        hint="e-mail patterns of who may do everything, like ana@acme.com,*@ops.acme.com.",
    ),
    Variable("AUTOPROMOTE_APPROVERS", "approvers", emails, ()),
    Variable("AUTOPROMOTE_VIEWERS", "viewers", emails, ()),
    Variable("AUTOPROMOTE_APPS", "apps", apps, ("*",)),
    Variable("AUTOPROMOTE_NOTIFY", "notify", notify, ()),
    Variable("AUTOPROMOTE_EVENTS_TO", "events_to", events_to, ()),
    Variable(
        "AUTOPROMOTE_RECONCILE", "reconcile", duration_within("1s", "1d"), timedelta(minutes=5)
    ),
    Variable("AUTOPROMOTE_RETENTION", "retention", KEPT, timedelta(days=90)),
    Variable("AUTOPROMOTE_AUDIT", "audit", KEPT, None),
    Variable("AUTOPROMOTE_RUNNERS", "runners", number(0, MOST_RUNNERS), 4),
    Variable("AUTOPROMOTE_ALLOW_PRIVATE_CHECKS", "allow_private_checks", flag, False),
    Variable("AUTOPROMOTE_METRICS_TOKEN", "metrics_token", secret_word, None),
    Variable("AUTOPROMOTE_OAUTH_ID", "oauth_id", oauth_id, None),
    Variable("AUTOPROMOTE_OAUTH_SECRET", "oauth_secret", heroku_token, None),
    Variable("AUTOPROMOTE_GITHUB_TOKEN", "github_token", github_token, None),
    Variable("AUTOPROMOTE_GITHUB_APP_ID", "github_app_id", github_app_id, None),
    Variable("AUTOPROMOTE_GITHUB_PRIVATE_KEY", "github_private_key", github_private_key, None),
    Variable("AUTOPROMOTE_GITHUB_URL", "github_url", github_url, GITHUB_API_URL),
    Variable("AUTOPROMOTE_GITHUB_WEBHOOK_SECRET", "github_webhook_secret", secret_word, None),
    Variable("HEROKU_API_URL", "heroku_api_url", heroku_url, HEROKU_API_URL),
    Variable("HEROKU_ID_URL", "heroku_id_url", heroku_url, None),
    Variable("PUBLIC_URL", "public_url", url, None),
    Variable("HEROKU_APP_DEFAULT_DOMAIN_NAME", "default_domain", domain, None),
    Variable("PORT", "port", number(1, 65535), 8000),
    Variable("WEB_CONCURRENCY", "web_concurrency", number(1, 99999), 1),
)
