"""The app is found as in the Heroku CLI: flag, environment, git remote."""

from __future__ import annotations

import subprocess

import pytest

from autopromote.apps import get_app, github_repo
from autopromote.errors import Misuse
from tests.cli.program import Autopromote

URL = "https://git.heroku.com/example-app.git"
STAGING = "git@heroku.com:example-app-staging.git"


@pytest.fixture
def env(autopromote: Autopromote) -> dict[str, str]:
    """An environment in whose directory there is a repository."""
    return autopromote.environment(
        GIT_DIR=str(autopromote.directory / ".git"), GIT_CONFIG_NOSYSTEM="1"
    )


def git(env: dict[str, str], *words: str) -> None:
    subprocess.run(["git", *words], env=env, check=True, capture_output=True)


@pytest.fixture
def repository(env: dict[str, str]) -> dict[str, str]:
    git(env, "init")
    return env


@pytest.mark.parametrize(
    ("flag", "variable", "app"),
    [
        ("said", None, "said"),
        ("said", "set", "said"),
        (None, "set", "set"),
        (None, None, "example-app"),
    ],
)
def test_the_flag_beats_the_variable_beats_the_remote(
    repository: dict[str, str], flag: str | None, variable: str | None, app: str
) -> None:
    git(repository, "remote", "add", "heroku", URL)
    env = repository | ({"HEROKU_APP": variable} if variable else {})
    assert get_app(flag, None, env) == app


def test_the_variable_beats_the_remote_flag_as_in_the_heroku_cli(
    repository: dict[str, str],
) -> None:
    git(repository, "remote", "add", "heroku", URL)
    assert get_app(None, "heroku", repository | {"HEROKU_APP": "set"}) == "set"


@pytest.mark.parametrize(
    "url", [URL, "git@heroku.com:example-app.git", "ssh://git@heroku.com/example-app.git"]
)
def test_every_form_of_a_heroku_remote_counts(repository: dict[str, str], url: str) -> None:
    git(repository, "remote", "add", "heroku", url)
    git(repository, "remote", "add", "origin", "https://github.com/example/heroku.com.git")
    assert get_app(None, None, repository) == "example-app"


def test_of_several_remotes_one_is_chosen_by_flag_or_configuration(
    repository: dict[str, str],
) -> None:
    git(repository, "remote", "add", "production", URL)
    git(repository, "remote", "add", "staging", STAGING)
    assert get_app(None, "staging", repository) == "example-app-staging"

    git(repository, "config", "heroku.remote", "production")
    assert get_app(None, None, repository) == "example-app"
    assert get_app(None, "staging", repository) == "example-app-staging"


def test_several_remotes_are_an_error_that_lists_them(repository: dict[str, str]) -> None:
    git(repository, "remote", "add", "production", URL)
    git(repository, "remote", "add", "staging", STAGING)

    with pytest.raises(Misuse) as raised:
        get_app(None, None, repository)
    assert raised.value.message == (
        "Multiple apps in git remotes\n"
        "  Usage: --remote staging\n"
        "     or: --app example-app-staging\n"
        "Heroku remotes in repo:\n"
        "example-app (production)\n"
        "example-app-staging (staging)"
    )


def test_a_remote_of_that_name_must_be_there(repository: dict[str, str]) -> None:
    git(repository, "remote", "add", "origin", "https://github.com/example/app.git")
    with pytest.raises(Misuse, match=r"^remote staging not found in git remotes$"):
        get_app(None, "staging", repository)


def test_without_a_repository_or_git_there_is_no_app(env: dict[str, str]) -> None:
    for environment in (env, env | {"PATH": "/nowhere"}):
        with pytest.raises(Misuse, match=r"^Missing required flag app"):
            get_app(None, None, environment)


def test_under_another_heroku_its_own_remotes_count(repository: dict[str, str]) -> None:
    git(repository, "remote", "add", "heroku", URL)
    git(repository, "remote", "add", "here", "https://127.0.0.1:5001/local-app.git")
    assert get_app(None, None, repository | {"HEROKU_HOST": "http://127.0.0.1:5001"}) == "local-app"


@pytest.mark.parametrize(
    ("origin", "repo"),
    [
        ("https://github.com/example/shop.git", "example/shop"),
        ("https://github.com/example/shop", "example/shop"),
        ("https://ana:t0ken@github.com/example/shop.git", "example/shop"),
        ("git@github.com:example/shop.js.git", "example/shop.js"),
        ("ssh://git@github.com/example/shop.git", "example/shop"),
        ("https://gitlab.com/example/shop.git", None),
        ("https://github.com.evil.example/example/shop", None),
        ("https://github.com/example/shop/tree/main", None),
        ("../shop", None),
    ],
)
def test_the_repository_is_that_of_the_remote_origin(
    repository: dict[str, str], origin: str, repo: str | None
) -> None:
    git(repository, "remote", "add", "heroku", URL)
    git(repository, "remote", "add", "origin", origin)
    assert github_repo(("example-app-staging", "example-app"), repository) == repo


def test_a_repository_of_something_else_is_none(repository: dict[str, str]) -> None:
    git(repository, "remote", "add", "origin", "https://github.com/example/shop.git")
    assert github_repo(("example-app",), repository) is None
    git(repository, "remote", "add", "heroku", STAGING)
    assert github_repo(("example-app",), repository) is None


def test_outside_a_repository_there_is_none(env: dict[str, str]) -> None:
    assert github_repo(("example-app",), env) is None
