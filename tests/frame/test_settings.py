"""Settings: read once, typed, and every fault named at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listener.config import BadSettings, Settings, read, read_database_url, read_secret_keys
from tests.github.keys import pem

KEY = "k" * 32
ENTERPRISE = "https://github.acme.com/api/v3"
ENV = {
    "DATABASE_URL": "postgres://ana:pass%2Fword@db.example.com:5432/acme",
    "SECRET_KEY": KEY,
    "HEROKU_API_KEY": "HRKU-0123",
    "AUTOPROMOTE_ADMINS": "ana@acme.com",
}


def faults(**changes: str) -> str:
    """What is said of an environment with these changes."""
    with pytest.raises(BadSettings) as raised:
        read(ENV | changes)
    return str(raised.value)


def test_four_variables_are_enough() -> None:
    assert read(ENV) == Settings(
        database_url="postgres://ana:pass%2Fword@db.example.com:5432/acme",
        secret_keys=(KEY,),
        heroku_api_key="HRKU-0123",
        admins=("ana@acme.com",),
        approvers=(),
        viewers=(),
        apps=("*",),
        notify=(),
        reconcile=timedelta(minutes=5),
        runners=4,
        allow_private_checks=False,
        metrics_token=None,
        heroku_api_url="https://api.heroku.com",
        public_url=None,
        port=8000,
        web_concurrency=1,
    )


def test_every_missing_and_malformed_one_is_named_at_once() -> None:
    with pytest.raises(BadSettings) as raised:
        read({"SECRET_KEY": "short", "PORT": "web", "AUTOPROMOTE_RECONCILE": "soon"})

    named = [line.split()[0] for line in str(raised.value).splitlines()[1:]]
    assert named == [
        "DATABASE_URL",
        "SECRET_KEY",
        "HEROKU_API_KEY",
        "AUTOPROMOTE_ADMINS",
        "AUTOPROMOTE_RECONCILE",
        "PORT",
    ]


def test_a_blank_one_is_a_missing_one() -> None:
    assert "DATABASE_URL is missing: run `heroku addons:create" in faults(DATABASE_URL="  ")
    assert read(ENV | {"AUTOPROMOTE_APPS": ""}).apps == ("*",)


def test_unknown_variables_are_ignored() -> None:
    assert read(ENV | {"AUTOPROMOTE_COLOUR": "mauve"}) == read(ENV)


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("SECRET_KEY", f"{'n' * 32}, {KEY}", "secret_keys", ("n" * 32, KEY)),
        (
            "AUTOPROMOTE_ADMINS",
            " ana@acme.com ,*@ops.acme.com,",
            "admins",
            ("ana@acme.com", "*@ops.acme.com"),
        ),
        ("AUTOPROMOTE_APPROVERS", "*@acme.com", "approvers", ("*@acme.com",)),
        (
            "AUTOPROMOTE_APPROVERS",
            "*@pay.acme.com=pay-*+shop-*, !leaver@acme.com",
            "approvers",
            ("*@pay.acme.com=pay-*+shop-*", "!leaver@acme.com"),
        ),
        ("AUTOPROMOTE_VIEWERS", "*@acme.com", "viewers", ("*@acme.com",)),
        ("AUTOPROMOTE_APPS", "acme-*, shop", "apps", ("acme-*", "shop")),
        ("AUTOPROMOTE_APPS", "[!a-c]-?", "apps", ("[!a-c]-?",)),
        ("AUTOPROMOTE_NOTIFY", "slack://a/b/c", "notify", ("slack://a/b/c",)),
        (
            "AUTOPROMOTE_NOTIFY",
            "mailto://x:y@h?to=a@b.c,d@e.f, json://host",
            "notify",
            ("mailto://x:y@h?to=a@b.c,d@e.f", "json://host"),
        ),
        (
            "AUTOPROMOTE_EVENTS_TO",
            "https://a.example/x?y=1,2, http://b.example https://a.example/x?y=1,2",
            "events_to",
            ("https://a.example/x?y=1,2", "http://b.example"),
        ),
        ("AUTOPROMOTE_RECONCILE", "90s", "reconcile", timedelta(seconds=90)),
        ("AUTOPROMOTE_RECONCILE", "2h", "reconcile", timedelta(hours=2)),
        ("AUTOPROMOTE_RECONCILE", "1h30m", "reconcile", timedelta(hours=1.5)),
        ("AUTOPROMOTE_RECONCILE", "1d", "reconcile", timedelta(days=1)),
        ("AUTOPROMOTE_RETENTION", "7d", "retention", timedelta(days=7)),
        ("AUTOPROMOTE_RETENTION", "336h", "retention", timedelta(days=14)),
        ("AUTOPROMOTE_AUDIT", "3650d", "audit", timedelta(days=3650)),
        ("AUTOPROMOTE_RUNNERS", "0", "runners", 0),
        ("AUTOPROMOTE_ALLOW_PRIVATE_CHECKS", "1", "allow_private_checks", True),
        ("AUTOPROMOTE_ALLOW_PRIVATE_CHECKS", "0", "allow_private_checks", False),
        ("AUTOPROMOTE_METRICS_TOKEN", "scrape" * 3, "metrics_token", "scrape" * 3),
        ("AUTOPROMOTE_GITHUB_TOKEN", "github_pat_1", "github_token", "github_pat_1"),
        ("AUTOPROMOTE_GITHUB_URL", "https://github.acme.com", "github_url", ENTERPRISE),
        ("AUTOPROMOTE_GITHUB_WEBHOOK_SECRET", "s" * 16, "github_webhook_secret", "s" * 16),
        ("HEROKU_API_URL", "http://127.0.0.1:5000/", "heroku_api_url", "http://127.0.0.1:5000"),
        ("HEROKU_API_URL", "http://127.0.0.1:5000/", "heroku_id_url", "http://127.0.0.1:5000"),
        ("HEROKU_API_URL", "https://api.acme.com", "heroku_id_url", "https://id.heroku.com"),
        ("HEROKU_ID_URL", "https://id.acme.com/", "heroku_id_url", "https://id.acme.com"),
        ("PUBLIC_URL", "https://promote.acme.com/", "public_url", "https://promote.acme.com"),
        ("PUBLIC_URL", "http://localhost:8000", "public_url", "http://localhost:8000"),
        (
            "HEROKU_APP_DEFAULT_DOMAIN_NAME",
            "a-0.herokuapp.com",
            "public_url",
            "https://a-0.herokuapp.com",
        ),
        ("PORT", "5001", "port", 5001),
        ("WEB_CONCURRENCY", "8", "web_concurrency", 8),
    ],
)
def test_each_is_read_as_it_is_meant(name: str, value: str, field: str, expected: object) -> None:
    assert getattr(read(ENV | {name: value}), field) == expected


def test_the_public_url_goes_before_the_domain_of_the_dyno() -> None:
    env = ENV | {
        "PUBLIC_URL": "https://promote.acme.com",
        "HEROKU_APP_DEFAULT_DOMAIN_NAME": "a-0.herokuapp.com",
    }
    assert read(env).public_url == "https://promote.acme.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "not a url"),
        ("DATABASE_URL", "postgres://host/db?foo=bar"),
        ("DATABASE_URL", "postgres://host/db?plugin=bar"),
        ("DATABASE_URL", "postgres://host/db?autocommit=1"),
        ("DATABASE_URL", "postgres://host/db?port=7x"),
        ("DATABASE_URL", "postgres://ana:p@ss@host/db"),
        ("SECRET_KEY", "k" * 31),
        ("SECRET_KEY", f"{KEY},"),
        ("SECRET_KEY", f"{KEY},,{KEY}"),
        ("HEROKU_API_KEY", "two words"),
        ("HEROKU_API_KEY", "umlaut-ü"),
        ("AUTOPROMOTE_ADMINS", "ana"),
        ("AUTOPROMOTE_ADMINS", "*"),
        ("AUTOPROMOTE_ADMINS", ","),
        ("AUTOPROMOTE_ADMINS", "*@*"),
        ("AUTOPROMOTE_ADMINS", "!ana@acme.com"),
        ("AUTOPROMOTE_VIEWERS", "a@b@c"),
        ("AUTOPROMOTE_APPS", " , "),
        ("AUTOPROMOTE_APPS", "a b"),
        ("AUTOPROMOTE_APPS", "shop,Acme"),
        ("AUTOPROMOTE_NOTIFY", "slack"),
        ("AUTOPROMOTE_NOTIFY", "slack://"),
        ("AUTOPROMOTE_EVENTS_TO", "a.example"),
        ("AUTOPROMOTE_EVENTS_TO", "https://a.example,ftp://b.example"),
        ("AUTOPROMOTE_ALLOW_PRIVATE_CHECKS", "yes"),
        ("AUTOPROMOTE_RECONCILE", "5"),
        ("AUTOPROMOTE_RECONCILE", "0s"),
        ("AUTOPROMOTE_RECONCILE", "25h"),
        ("AUTOPROMOTE_RECONCILE", "-5m"),
        ("AUTOPROMOTE_RETENTION", "6d"),
        ("AUTOPROMOTE_RETENTION", "90"),
        ("AUTOPROMOTE_AUDIT", "3651d"),
        ("AUTOPROMOTE_METRICS_TOKEN", "fifteen-letters"),
        ("AUTOPROMOTE_METRICS_TOKEN", "two words of many letters"),
        ("AUTOPROMOTE_RUNNERS", "-1"),
        ("AUTOPROMOTE_RUNNERS", "17"),
        ("AUTOPROMOTE_RUNNERS", "٣"),
        ("HEROKU_API_URL", "http://api.heroku.com"),
        ("HEROKU_API_URL", "api.heroku.com"),
        ("HEROKU_ID_URL", "http://id.heroku.com"),
        ("AUTOPROMOTE_OAUTH_ID", "no/id"),
        ("AUTOPROMOTE_OAUTH_SECRET", "two words"),
        ("AUTOPROMOTE_GITHUB_TOKEN", "two words"),
        ("AUTOPROMOTE_GITHUB_APP_ID", "my app"),
        ("AUTOPROMOTE_GITHUB_PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----"),
        ("AUTOPROMOTE_GITHUB_URL", "http://github.acme.com"),
        ("AUTOPROMOTE_GITHUB_WEBHOOK_SECRET", "fifteen-letters"),
        ("PUBLIC_URL", "http://promote.acme.com"),
        ("PUBLIC_URL", "promote.acme.com"),
        ("PUBLIC_URL", "https://promote.acme.com?x=y"),
        ("PUBLIC_URL", "https://ana:secret@promote.acme.com"),
        ("PUBLIC_URL", "https://[broken"),
        ("PUBLIC_URL", "https://xn--a.com"),
        ("PUBLIC_URL", "https://xn--0.com"),
        ("HEROKU_APP_DEFAULT_DOMAIN_NAME", "x y"),
        ("HEROKU_APP_DEFAULT_DOMAIN_NAME", "xn--a.com"),
        ("HEROKU_APP_DEFAULT_DOMAIN_NAME", "https://a.com"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "0"),
    ],
)
def test_what_is_malformed_is_named(name: str, value: str) -> None:
    assert f"{name} is malformed: " in faults(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://ana:hush-hush@host/db"),
        ("DATABASE_URL", "postgres://ana:hush-hush@host/db?foo=hush-hush"),
        ("DATABASE_URL", "postgres://ana:p@hush-hush@host/db"),
        ("SECRET_KEY", "hush-hush"),
        ("HEROKU_API_KEY", "hush-hush ü"),
        ("AUTOPROMOTE_NOTIFY", "hush-hush"),
        ("AUTOPROMOTE_EVENTS_TO", "https://ana:hush-hush@a.example"),
        ("AUTOPROMOTE_EVENTS_TO", "https://a.example/hush-hush ü"),
        ("PUBLIC_URL", "https://ana:hush-hush@promote.acme.com"),
        ("AUTOPROMOTE_METRICS_TOKEN", "hush-hush"),
        ("AUTOPROMOTE_OAUTH_SECRET", "hush-hush ü"),
        ("AUTOPROMOTE_GITHUB_TOKEN", "hush-hush ü"),
        ("AUTOPROMOTE_GITHUB_PRIVATE_KEY", "hush-hush"),
        ("AUTOPROMOTE_GITHUB_WEBHOOK_SECRET", "hush-hush"),
        ("AUTOPROMOTE_GITHUB_URL", "https://ana:hush-hush@github.acme.com"),
    ],
)
def test_no_message_shows_a_secret(name: str, value: str) -> None:
    assert "hush-hush" not in faults(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOPROMOTE_ADMINS", '"ana@acme.com,*@ops.acme.com"'),
        ("PUBLIC_URL", "https://promote.acme.com'"),
        ("AUTOPROMOTE_RECONCILE", "'5m'"),
    ],
)
def test_a_quote_around_a_value_is_named(name: str, value: str) -> None:
    """As in an .env file, or typed into a dashboard: it would be a part of the value."""
    said = f"{name} is malformed: write it without a quote around it."
    assert faults(**{name: value}).splitlines()[1:] == [said]


def test_no_secret_is_printed_with_the_settings() -> None:
    secrets = {
        "SECRET_KEY": "hush-hush" * 4,
        "DATABASE_URL": "postgres://ana:hush-hush@db.example.com/acme",
        "HEROKU_API_KEY": "hush-hush",
        "AUTOPROMOTE_NOTIFY": "slack://hush-hush",
        "AUTOPROMOTE_EVENTS_TO": "https://a.example/hush-hush",
        "AUTOPROMOTE_METRICS_TOKEN": "hush-hush-hush-hush",
        "AUTOPROMOTE_OAUTH_ID": "01234567",
        "AUTOPROMOTE_OAUTH_SECRET": "hush-hush",
        "AUTOPROMOTE_GITHUB_TOKEN": "hush-hush",
        "AUTOPROMOTE_GITHUB_WEBHOOK_SECRET": "hush-hush-hush-hush",
    }
    assert "hush-hush" not in repr(read(ENV | secrets))


def test_an_oauth_client_is_its_id_and_its_secret_together() -> None:
    given = {"AUTOPROMOTE_OAUTH_ID": "01234567", "AUTOPROMOTE_OAUTH_SECRET": "hush-hush"}
    both = read(ENV | given)
    assert (both.oauth_id, both.oauth_secret) == ("01234567", "hush-hush")
    assert (read(ENV).oauth_id, read(ENV).oauth_secret) == (None, None)
    for name, lacking in zip(given, reversed(given), strict=True):
        said = faults(**{name: given[name]})
        assert f"{lacking} is missing: " in said
        assert "hush-hush" not in said


def test_a_github_app_is_its_id_and_its_key_together() -> None:
    key = pem().replace("\n", "\\n")
    given = {"AUTOPROMOTE_GITHUB_APP_ID": "12345", "AUTOPROMOTE_GITHUB_PRIVATE_KEY": key}
    both = read(ENV | given)
    assert (both.github_app_id, both.github_private_key) == ("12345", key)
    assert "PRIVATE KEY" not in repr(both)
    for name, lacking in zip(given, reversed(given), strict=True):
        said = faults(**{name: given[name]})
        assert f"{lacking} is missing: " in said
        assert "PRIVATE KEY--" not in said


def test_connections_stay_few_however_many_processes_heroku_suggests() -> None:
    alone, many = read(ENV), read(ENV | {"WEB_CONCURRENCY": "4"})

    assert (alone.processes, alone.pool_size) == (1, 6)
    assert (many.processes, many.pool_size) == (2, 2)


def test_migrating_needs_the_database_alone() -> None:
    assert read_database_url({"DATABASE_URL": "postgres:///acme"}) == "postgres:///acme"
    with pytest.raises(BadSettings, match="DATABASE_URL is missing"):
        read_database_url({"SECRET_KEY": KEY})


def test_sealing_anew_needs_the_keys_alone() -> None:
    assert read_secret_keys({"SECRET_KEY": KEY}) == (KEY,)
    with pytest.raises(BadSettings, match="SECRET_KEY is missing"):
        read_secret_keys({})
