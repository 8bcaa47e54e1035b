"""A token goes to Heroku, to a listener over TLS, or to this machine; nowhere else."""

from __future__ import annotations

import pytest

from autopromote.errors import Misuse
from autopromote.hosts import cli_host, git_prefixes, heroku_url, trusted_url


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "https://api.heroku.com"),
        ({"HEROKU_HOST": ""}, "https://api.heroku.com"),
        ({"HEROKU_HOST": "heroku.com"}, "https://api.heroku.com"),
        ({"HEROKU_HOST": "staging.herokudev.com"}, "https://api.staging.herokudev.com"),
        ({"HEROKU_HOST": "https://api.herokai.com"}, "https://api.herokai.com"),
        ({"HEROKU_HOST": "http://127.0.0.1:5001"}, "http://127.0.0.1:5001"),
        ({"HEROKU_HOST": "http://localhost:5001/path"}, "http://localhost:5001"),
        ({"HEROKU_HOST": "https://localhost:5001"}, "https://localhost:5001"),
        ({"HEROKU_API_URL": "https://heroku.example.com/"}, "https://heroku.example.com"),
        (
            {"HEROKU_API_URL": "http://[::1]:5001", "HEROKU_HOST": "evil.example"},
            "http://[::1]:5001",
        ),
    ],
)
def test_heroku_is_where_the_environment_says(env: dict[str, str], url: str) -> None:
    assert heroku_url(env) == url


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost",  # the Heroku CLI would ask https://api.localhost, without a token
        "heroku.com.evil.example",
        "evilheroku.com",
        "https://heroku.com.evil.example",
        "http://localhost.evil.example",
        "http://api.heroku.com",
        "http://127.0.0.2:5001",
        "http://[::1]:5001",
        "https://user@api.heroku.com",
        "https://api.heroku.com@evil.example",
        "https://evil.example\\.heroku.com",
        "http://127.0.0.1:port",
        "ftp://localhost",
        "https://[::1",
    ],
)
def test_a_host_the_heroku_cli_rejects_stops_us(host: str) -> None:
    with pytest.raises(Misuse, match="no token is sent there"):
        heroku_url({"HEROKU_HOST": host})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Example-App.herokuapp.com/", "https://example-app.herokuapp.com"),
        (" https://example.com:443 ", "https://example.com"),
        ("https://example.com:8443/promote/", "https://example.com:8443/promote"),
        ("http://localhost:80", "http://localhost"),
        ("https://example.com.", "https://example.com."),
        ("http://127.0.0.2:5000", "http://127.0.0.2:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_a_url_has_one_spelling(text: str, url: str) -> None:
    assert trusted_url(text, name="--url") == url


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "http://example.com",
            "--url must be https, so that nobody on the way reads the token: http://example.com",
        ),
        ("http://localhost.evil.example", "must be https"),
        ("http://10.0.0.1", "must be https"),
        ("example.com", "--url is not a URL: example.com"),
        ("https://", "is not a URL"),
        ("https://example.com:port", "is not a URL"),
        ("https://exa mple.com", "is not a URL"),
        ("https://a..b", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        (f"https://{'a' * 64}.com", "is not a URL"),
        ("ftp://example.com", "is not a URL"),
        ("https://ana:secret@example.com", "no user, password, query or fragment"),
        ("https://example.com?a=b", "no user, password, query or fragment"),
        ("https://example.com#a", "no user, password, query or fragment"),
    ],
)
def test_a_url_that_could_leak_the_token_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Misuse) as raised:
        trusted_url(text, name="--url")
    assert complaint in raised.value.message


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(Misuse) as raised:
        trusted_url("https://ana:secret@example.com", name="--url")
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.heroku.com", "https://api.heroku.com"),
        ("http://127.0.0.1:5001", "http://127.0.0.1:5001"),
        ("http://[::1]:5001", None),
        ("https://heroku.example.com", None),
    ],
)
def test_the_heroku_cli_is_only_asked_for_a_heroku_it_would_use(url: str, host: str | None) -> None:
    assert cli_host(url) == host


@pytest.mark.parametrize(
    ("env", "prefixes"),
    [
        ({}, ("git@heroku.com:", "ssh://git@heroku.com/", "https://git.heroku.com/")),
        (
            {"HEROKU_HOST": "http://127.0.0.1:5001"},
            ("git@127.0.0.1:5001:", "ssh://git@127.0.0.1:5001/", "https://127.0.0.1:5001/"),
        ),
        (
            {"HEROKU_HOST": "http://127.0.0.1:5001", "HEROKU_GIT_HOST": "git.heroku.com"},
            ("git@git.heroku.com:", "ssh://git@git.heroku.com/", "https://git.heroku.com/"),
        ),
    ],
)
def test_git_remotes_are_those_of_the_heroku_we_use(
    env: dict[str, str], prefixes: tuple[str, ...]
) -> None:
    assert git_prefixes(env) == prefixes
