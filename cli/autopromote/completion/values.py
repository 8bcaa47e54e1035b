"""The values that a flag or an argument may have: known words, or names that the listener knows."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from autopromote.completion.cache import Cache
from autopromote.context import Context
from autopromote.errors import Failure
from autopromote.plain import plain_line

if TYPE_CHECKING:
    import click

    from autopromote.api import Listener

Candidate = tuple[str, str]

SECONDS = 1.0
MOST = 100
SAFE = re.compile(r"[\w.@+-]+")  # no shell treats these characters specially
WORDS = {
    "STATUS": (
        *("waiting", "posting", "releasing", "verifying", "rolling_back"),
        *("succeeded", "failed", "errored", "rolled_back", "superseded", "cancelled"),
        *("rejected", "skipped", "shadowed"),
    ),
    "MODE": ("armed", "shadow", "off"),
    "STRATEGY": ("slug", "pipeline"),
    "WHAT": ("supersede", "keep"),
}
NAMED = {
    ("rules", "name"): "rules",
    ("promotions", "id"): "promotions",
    ("tokens", "name"): "tokens",
    ("wall", "name"): "walls",
    ("webhooks", "id"): "deliveries",
    ("commits", "sha"): "commits",
}
NEW = frozenset({"add", "create", "block"})  # verbs whose argument is a name that there is not yet
APPS = frozenset({"APP", "APP[,APP]"})
RULE = "RULE"
NEVER = "--confirm"  # a person must type its value


class Values:
    """The possible values of the flags and arguments of one command."""

    def __init__(self, command: str, env: Mapping[str, str]) -> None:
        self._command = command
        self._env = env

    def of(self, param: "click.Parameter", begun: str) -> Iterable[Candidate]:
        """Return the values that this parameter may have."""
        metavar = param.metavar or ""
        if metavar in WORDS:
            return [(word, "") for word in WORDS[metavar]]
        if choices := getattr(param.type, "choices", None):
            return [(str(choice), "") for choice in choices]
        kind = self._kind(param, metavar)
        return behind_comma(self._names(kind), begun) if kind else ()

    def _kind(self, param: "click.Parameter", metavar: str) -> str | None:
        """Return which of the listener's names are wanted, such as rules or apps."""
        topic, _, verb = self._command.partition(":")
        if param.param_type_name == "argument":
            return NAMED.get((topic, param.name or "")) if verb not in NEW else None
        if metavar == RULE:
            return "rules"
        return "apps" if metavar in APPS and NEVER not in param.opts else None

    def _names(self, kind: str) -> list[Candidate]:
        """Return the names, cached for a moment; none if the listener cannot be asked."""
        try:
            context = Context(self._env)
            url, token = context.whereabouts()
            cache = Cache(self._env, f"{url} {token}")
            names = cache.find(kind)
            if names is None:
                names = ask(context.reach(url, token, seconds=SECONDS), kind)
                cache.keep(kind, names)
        except Failure:
            return []
        return names


def ask(listener: "Listener", kind: str) -> list[Candidate]:
    """Ask the listener for names of one kind."""
    of = {
        "rules": rules,
        "promotions": promotions,
        "apps": apps,
        "tokens": tokens,
        "walls": walls,
        "commits": commits,
        "deliveries": deliveries,
    }
    found = of[kind](listener)
    return [(name, plain_line(meaning)) for name, meaning in found if SAFE.fullmatch(name)]


def rules(listener: "Listener") -> list[Candidate]:
    """Return each rule, with what it does."""
    return [
        (
            rule["name"],
            f"{rule['mode']}: {rule['source']['name']} to "
            + ", ".join(target["name"] for target in rule["targets"]),
        )
        for rule in listener.rules(app=None, limit=MOST)
    ]


def promotions(listener: "Listener") -> list[Candidate]:
    """Return the newest promotions, with their status."""
    found = []
    for one in listener.promotions(app=None, status=None, limit=MOST):
        source, target = one["source"], one["target"]["app"]["name"]
        what = f"{source['app']['name']} v{source['release']['version']} to {target}"
        found.append((one["id"], f"{one['status']}: {what}"))
    return found


def tokens(listener: "Listener") -> list[Candidate]:
    """Return the tokens of machines, with their role and by whom they were made."""
    return [
        (one["name"], f"{one['role']}, made by {one['made_by']}")
        for one in listener.machine_tokens()
    ]


def walls(listener: "Listener") -> list[Candidate]:
    """Return the links that show lanes, with by whom they were made."""
    return [(one["name"], f"made by {one['made_by']}") for one in listener.walls()]


def commits(listener: "Listener") -> list[Candidate]:
    """Return the commits that are blocked, with the reason."""
    blocks = listener.commit_blocks(app=None, with_unblocked=False, limit=MOST)
    return [(one["commit"], f"blocked by {one['by']}: {one['reason']}") for one in blocks]


def deliveries(listener: "Listener") -> list[Candidate]:
    """Return the newest deliveries, with what came of them."""
    found = []
    for one in listener.deliveries(app=None, limit=MOST):
        name = one["app"]["name"] if one["app"] else "no app"
        found.append((one["id"], f"{name}: {one['outcome'] or 'not decided yet'}"))
    return found


def apps(listener: "Listener") -> list[Candidate]:
    """Return the apps that rules name, and those with a webhook."""
    known: dict[str, str] = {}
    for rule in listener.rules(app=None, limit=MOST):
        known.setdefault(rule["source"]["name"], f"source of {rule['name']}")
        for target in rule["targets"]:
            known.setdefault(target["name"], f"target of {rule['name']}")
    for subscription in listener.subscriptions(app=None, limit=MOST):
        known.setdefault(subscription["app"]["name"], "has a webhook")
    return list(known.items())


def behind_comma(names: list[Candidate], begun: str) -> list[Candidate]:
    """Return the candidates after the names already typed, as in `acme-prod,acme-pr`."""
    typed, comma, _ = begun.rpartition(",")
    said = typed.split(",")
    return [(f"{typed}{comma}{name}", meaning) for name, meaning in names if name not in said]
