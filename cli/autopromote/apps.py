"""A command's app, as in the Heroku CLI: `-a`, `HEROKU_APP`, else the git remote."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autopromote.errors import Misuse
from autopromote.hosts import git_prefixes

SUFFIX = ".git"
GITHUB = re.compile(
    r"(?:https://(?:[^@/]+@)?github\.com/|(?:ssh://)?git@github\.com[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Remote:
    """A git remote that is a Heroku app."""

    name: str
    app: str


def get_app(flag: str | None, remote: str | None, env: Mapping[str, str]) -> str:
    """Return the app's name; `HEROKU_APP` beats `-r`, as in the Heroku CLI."""
    if app := flag or env.get("HEROKU_APP"):
        return app

    wanted = remote or git(env, "config", "heroku.remote").strip()
    remotes = [found for found in heroku_remotes(env) if not wanted or found.name == wanted]
    match remotes:
        case [only]:
            return only.app
        case []:
            raise Misuse(no_app(remote))
        case _:
            raise Misuse(several_apps(remotes))


def heroku_remotes(env: Mapping[str, str]) -> list[Remote]:
    """Return the Heroku apps among the remotes of this directory's repository."""
    found = (app_of_line(line, git_prefixes(env)) for line in git(env, "remote", "-v").splitlines())
    return [remote for remote in found if remote is not None]


def github_repo(apps: Iterable[str], env: Mapping[str, str]) -> str | None:
    """Return `owner/name` of the remote origin, where this is the repository of one of the apps."""
    found = GITHUB.fullmatch(git(env, "remote", "get-url", "origin").strip())
    if found is None or not {remote.app for remote in heroku_remotes(env)}.intersection(apps):
        return None
    return found[1]


def app_of_line(line: str, prefixes: tuple[str, ...]) -> Remote | None:
    """Read a line of `git remote -v`: `heroku<TAB>https://git.heroku.com/x.git (fetch)`."""
    name, _, rest = line.partition("\t")
    url = rest.removesuffix(" (fetch)")
    prefix = next((prefix for prefix in prefixes if url.startswith(prefix)), None)
    if prefix is None or not url.endswith(SUFFIX):
        return None
    return Remote(name, url.removeprefix(prefix).removesuffix(SUFFIX))


def git(env: Mapping[str, str], *words: str) -> str:
    """Return what git prints; nothing outside a repository, or without git."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", *words],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def no_app(remote: str | None) -> str:
    """Say that no app is known."""
    if remote:
        return f"remote {remote} not found in git remotes"
    return (
        "Missing required flag app."
        " Say --app, set HEROKU_APP, or run this where a git remote is a Heroku app."
    )


def several_apps(remotes: list[Remote]) -> str:
    """Say that several are."""
    known = "\n".join(f"{remote.app} ({remote.name})" for remote in remotes)
    return (
        "Multiple apps in git remotes\n"
        f"  Usage: --remote {remotes[1].name}\n"
        f"     or: --app {remotes[1].app}\n"
        f"Heroku remotes in repo:\n{known}"
    )
