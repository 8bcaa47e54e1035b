"""Every secret of a listener and its people is marked, all is used, and then looked for everywhere.

In the logs, in every answer to everybody, in what the program prints and in the whole database.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from demo.stage import free_port
from listener.api.openapi import described
from listener.app import routes
from tests import patient
from tests.acceptance.marks import Marks, disguises, dump
from tests.acceptance.town import (
    ADMIN,
    ADMIN_TOKEN,
    BIN,
    ROBOT_TOKEN,
    ROOT,
    Town,
    environment,
    wait_until,
)
from tests.cli.program import Autopromote, Outcome
from tests.worker.chats import open_chat

pytestmark = pytest.mark.acceptance

ABE, VIC = "abe@approvers.example", "vic@viewers.example"
TOKENS = {ADMIN: ADMIN_TOKEN, ABE: "HRKU-mark-abe-token", VIC: "HRKU-mark-vic-token"}
ADMINS_ANSWERS = "answer to the admin"


@dataclass
class Run:
    """A run with marks: what was said, by whom, and where."""

    town: Town
    marks: Marks
    program: Autopromote
    heard: dict[str, bytes] = field(default_factory=dict)

    def type(self, *words: str, code: int | None = 0, **env: str) -> Outcome:
        """Run the program, and keep what it prints."""
        done = self.program(*words, **env)
        assert code in (None, done.code), f"{words}: {done}"
        self._keep(f"output of {words[0]}", f"{done.stdout}\n{done.stderr}".encode())
        return done

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the listener, and keep all of the answer."""
        answer = patient.request(method, f"{self.town.url}{path}", **more)
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        where = f"answer to {who}: {method} {path.partition('?')[0]}"
        self._keep(where, headers.encode() + b"\n\n" + answer.content)
        return answer

    def _keep(self, where: str, content: bytes) -> None:
        self.heard[where] = self.heard.get(where, b"") + b"\n" + content

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Yield all that was said and kept: answers, outputs, logs and tables."""
        yield from self.heard.items()
        for dyno in self.town.dynos:
            yield f"log {dyno.process.log.name}", dyno.process.log.read_bytes()
        for table, rows in dump(self.town.settings["DATABASE_URL"]).items():
            yield f"table {table}", rows


@pytest.fixture
def run(bare_town: Town, tmp_path: Path) -> Iterator[Run]:
    """A listener, all of whose settings that are secret are marked."""
    marks, town = Marks(), bare_town
    home, bin_ = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    bin_.mkdir()
    marks.add("the Heroku token of the listener", ROBOT_TOKEN)
    for email, token in TOKENS.items():
        marks.add(f"the Heroku token of {email}", token)
        if email != ADMIN:
            town.heroku.control("tokens", {"token": token, "email": email})
    # As the same user as before, but with a password, which PostgreSQL does not ask for here.
    password = marks.add("the password of the database", "mark-database-password")
    url = town.settings["DATABASE_URL"].replace(":@", f":{password}@")
    assert password in url
    client = town.heroku.api(
        "POST",
        "/oauth/clients",
        {"name": "autopromote", "redirect_uri": f"{town.url}/login/callback"},
    )
    keys = [
        marks.add(f"{age} secret key", f"mark-{age}-key-/+ü-{'x' * 32}") for age in ("new", "old")
    ]
    with open_chat() as general:
        notify = f"{general.url}{marks.add('the path of the notify URL', 'mark-notify-path')}"
        town.settings |= {
            "DATABASE_URL": url,
            "SECRET_KEY": ",".join(keys),
            "AUTOPROMOTE_APPROVERS": ABE,
            "AUTOPROMOTE_VIEWERS": VIC,
            "AUTOPROMOTE_NOTIFY": notify,
            "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS": "1",
            "AUTOPROMOTE_METRICS_TOKEN": marks.add("the metrics token", "mark-metrics-token"),
            "AUTOPROMOTE_OAUTH_ID": client["id"],
            "AUTOPROMOTE_OAUTH_SECRET": marks.add("the client's secret", client["secret"]),
        }
        town.start()
        given = {"HEROKU_API_URL": town.heroku.url, "HEROKU_API_KEY": ADMIN_TOKEN}
        env = {"AUTOPROMOTE_URL": town.url, **given}
        yield Run(town, marks, Autopromote(home, tmp_path, bin_, env))


@pytest.mark.timeout(600)  # it asks every route as everybody
def test_no_secret_is_found_anywhere(run: Run) -> None:
    town, marks = run.town, run.marks
    with open_chat() as chat:
        set_up(run, chat.url)
        town.heroku.deploy("acme-staging")
        asked = wait_until(lambda: [*chat.told], "the question")[0]
        approve_by_link(run, asked["message"])
        go_on(run)
    mark_what_heroku_was_told(run)
    ask_everything(run)
    with_a_broken_database_url(run)

    found = [leak for where, content in run.everything() for leak in marks.found(where, content)]
    assert found == [], "\n".join(found)


def set_up(run: Run, chat: str) -> None:
    """Log in, subscribe, and make a rule with URLs that hold secrets; try some that are wrong."""
    town, marks = run.town, run.marks
    for app in ("acme-staging", "acme-prod"):
        town.heroku.app(app)
        town.heroku.deploy(app)
    run.type("login")
    town.use(log_in(run, ADMIN))
    run.type("webhooks:add", "-a", "acme-staging")
    run.type("webhooks:rotate", "-a", "acme-staging")
    secret = marks.add("the path of a rule's notify URL", "mark-rule-path")
    dead = marks.add("the path of a notify URL that is dead", "mark-dead-path")
    # A check URL is no secret to those who may change it, and to the database that asks it.
    may = (ADMINS_ANSWERS, "output of", "table rule", "table audit_entry", "table fact")
    query = marks.add("the query of a check URL", "mark-check-query", may=may)
    check = f"{town.heroku.url}/_emulator/state?key={query}"
    services = f"{chat}{secret},json://127.0.0.1:{free_port()}/{dead}"
    rule = ("ship", "--from", "acme-staging", "--to", "acme-prod", "--approvals", "1")
    run.type("rules:add", *rule, "--notify", services)
    run.type("rules:add", "other", *rule[1:-2], "--mode", "shadow", "--check", check)
    wrong = marks.add("a notify URL that is refused", "mark-refused-url")
    for url in (f"nothing://{wrong}", f"slack://{wrong}", wrong):
        run.type("rules:update", "ship", "--notify", url, code=1)
    run.type("login", code=1, HEROKU_API_KEY=marks.add("a wrong token", "HRKU-mark-wrong-token"))


def approve_by_link(run: Run, message: str) -> None:
    """Approve in a browser, by the link of a notification and a code of the program."""
    marks, url = run.marks, re.search(r"/approvals/(\S+)", message)
    assert url is not None
    link = marks.add("an approval link", url[1], may=("answer to a browser",))
    code = run.program("login:code").stdout.strip()
    marks.add("a session code", code)
    marks.add("a session code, as it is kept", code.replace("-", ""))
    run.ask("a stranger", "GET", f"/approvals/{link[:-1]}x")
    said = {"code": code, "back": f"/approvals/{link}"}
    shown = run.ask("a guest", "POST", "/login", data=said)
    cookie = shown.cookies["autopromote_browser"]
    marks.add("a session", cookie, may=("answer to a guest",))
    marks.may["an approval link"] += ("answer to a guest",)
    browser = {"cookies": {"autopromote_browser": cookie}}
    way = run.ask("a browser", "GET", shown.headers["Location"], **browser).headers["Location"]
    page = run.ask("a browser", "GET", way, **browser)
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form is not None
    marks.add("a form", form[1], may=("answer to a browser",))
    seen = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert seen is not None
    said = {"form": form[1], "seen": seen[1], "do": "approve"}
    assert run.ask("a browser", "POST", way, data=said, **browser).is_redirect
    for path in ("/", "/rules", "/rules/1", "/figures", "/audit", "/deliveries", "/sessions", way):
        assert run.ask("the admin's browser", "GET", path, **browser).is_success
    run.town.wait_for("succeeded")


def hang_up(run: Run) -> None:
    """Make a wall, and look at it."""
    made = run.type("wall:create", "office", "--apps", "acme-staging,acme-prod").stdout
    found = re.search(r"/wall/(\S+)", made)
    assert found is not None
    link = run.marks.add("the link of a wall", found[1], may=("output of wall:create",))
    assert run.ask("a guest", "GET", f"/wall/{link}").is_success


def go_on(run: Run) -> None:
    """Do what people do: look at all there is, roll back, hold, release."""
    hang_up(run)
    for words in (
        ("promotions",),
        ("rules",),
        ("rules:info", "ship"),
        ("rules:info", "other"),
        ("rules:export",),
        ("webhooks",),
        ("webhooks:info", "-a", "acme-staging"),
        ("webhooks:deliveries",),
        ("audit",),
        ("audit", "--json"),
        ("rules", "--json"),
        ("promotions", "--json"),
        ("people",),
        ("doctor",),
        ("whoami",),
        ("explain", "-a", "acme-staging"),
        ("diff", "-a", "acme-staging", "--to", "acme-prod"),
        ("rules:backtest", "ship"),
        ("rollback", "-a", "acme-prod", "--reason", "broken", "--no-wait"),
        ("holds",),
        ("login",),
    ):
        run.type(*words, code=None)


def mark_what_heroku_was_told(run: Run) -> None:
    """Mark the webhooks' secrets and the codes and tokens of logins, which Heroku knows."""
    for number, one in enumerate(run.town.heroku.control("requests", method="GET")):
        body = one["body"] if isinstance(one["body"], dict) else {}
        if secret := body.get("secret"):
            run.marks.add(f"webhook secret {number}", secret)
        if isinstance(grant := body.get("grant"), dict) and "code" in grant:
            run.marks.add(f"code {number} of a login", grant["code"])


def ask_everything(run: Run) -> None:
    """Ask every route as everybody, with a wrong token, and with secrets in wrong places."""
    callers: dict[str, dict[str, str]] = {"a stranger": {}}
    for who, email in (("the admin", ADMIN), ("the approver", ABE), ("the viewer", VIC)):
        token = log_in(run, email)
        callers[who] = {"Authorization": f"Bearer {token}"}
        run.marks.add(f"the listener's token of {who}", token)
    callers["a liar"] = {"Authorization": "Bearer mark-wrong-bearer"}
    run.marks.add("a wrong token of the listener", "mark-wrong-bearer")
    ids = {name: [one["id"] for one in run.town.get(f"{name}s")] for name in KINDS}
    for who, headers in callers.items():
        for path, methods in described(routes())["paths"].items():
            for method in methods:
                if method == "get" or (method in ("post", "patch") and who != "the admin"):
                    for full in paths(path, ids):
                        body: dict[str, Any] = {} if method == "get" else {"json": {}}
                        run.ask(who, method.upper(), full, headers=headers, **body)
    bearer = {"Authorization": "Bearer mark-metrics-token"}
    run.ask("a machine", "GET", "/metrics", headers=bearer)
    misplaced(run, callers["the admin"])


KINDS = ("rule", "promotion", "hold", "subscription")


def paths(path: str, ids: dict[str, list[str]]) -> Iterator[str]:
    """Fill in what there is: the first few of each."""
    name = next(iter(re.findall(r"{(\w+)}", path)), None)
    given = {"app": ["acme-staging", "acme-prod"], **ids}.get(name or "", ["none"])
    for one in given[:3]:
        query = "?to=acme-prod" if path.endswith("/diff") else ""
        yield re.sub(r"{\w+}", quote(str(one)), path) + query


def misplaced(run: Run, admin: dict[str, str]) -> None:
    """Say a secret where none belongs: a refusal does not say it again, and nobody logs it."""
    word = run.marks.add("a secret in a wrong place", "mark-misplaced-word")
    tokens = "/api/tokens"
    run.ask("a stranger", "POST", tokens, json={"heroku_token": word})
    run.ask("a stranger", "POST", tokens, json={"heroku_code": word})
    run.ask("a stranger", "POST", tokens, json={"heroku_token": word, "heroku_code": word})
    run.ask("a stranger", "POST", tokens, json={"heroku_token": f"{word} {word}"})
    run.ask("a stranger", "POST", tokens, json={"heroku_token": [word]})
    run.ask("a stranger", "POST", tokens, content=f'{{"heroku_token": "{word}"'.encode())
    run.ask("a stranger", "GET", f"/api/rules?token={word}", headers={"Cookie": f"a={word}"})
    run.ask("a stranger", "POST", "/webhooks/heroku", content=word.encode())
    rule = {"name": "leak", "source": "acme-staging", "targets": ["acme-prod"]}
    for notify in (word, f"x://{word}", [f"json://{word}:x"], [[word]], f"mailto://a:{word}@"):
        run.ask("the admin", "POST", "/api/rules", headers=admin, json={**rule, "notify": notify})


def log_in(run: Run, email: str) -> str:
    """Log somebody in as the program does; return the listener's token."""
    headers = {
        "Authorization": f"Bearer {TOKENS[email]}",
        "Accept": "application/vnd.heroku+json; version=3",
    }
    client = run.town.settings["AUTOPROMOTE_OAUTH_ID"]
    grant = patient.post(
        f"{run.town.heroku.url}/oauth/authorizations",
        headers=headers,
        json={"client": client, "scope": ["identity"]},
    ).json()["grant"]
    run.marks.add(f"the login code of {email}", grant["code"])
    # Not kept among the answers: this one is there to tell the token.
    answer = patient.post(f"{run.town.url}/api/tokens", json={"heroku_code": grant["code"]})
    return str(answer.raise_for_status().json()["token"])


def with_a_broken_database_url(run: Run) -> None:
    """Start with settings that cannot be: what is wrong with them is said without them."""
    word = run.marks.add("a secret in a setting that is wrong", "mark-wrong-setting")
    wrong = {
        "DATABASE_URL": f"postgres://u:{word}@127.0.0.1:x/db",
        "SECRET_KEY": word,
        "HEROKU_API_KEY": f"{word} {word}",
        "AUTOPROMOTE_OAUTH_SECRET": f"{word} {word}",
        "AUTOPROMOTE_NOTIFY": word,
    }
    for name, value in wrong.items():
        done = subprocess.run(
            [str(BIN / "python"), "-m", "listener", "run"],
            env=environment(**run.town.settings | {name: value}),
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        run.heard[f"start with a wrong {name}"] = done.stdout + done.stderr


@pytest.mark.parametrize("form", disguises("mark-of-twenty-chars"))
def test_the_search_sees_through_every_disguise(form: str) -> None:
    marks = Marks()
    marks.add("it", "mark-of-twenty-chars", may=("here",))
    hidden = b"before " + disguises("mark-of-twenty-chars")[form] + b" after"

    assert f"it ({form}) in there" in list(marks.found("there", hidden))
    assert list(marks.found("here", hidden)) == []
    assert list(marks.found("there", b"before mark-of-twenty after")) == []


@pytest.mark.parametrize("before", range(4))
def test_the_search_sees_what_stands_anywhere_in_base64(before: int) -> None:
    marks = Marks()
    marks.add("it", "mark-of-twenty-chars")
    hidden = base64.b64encode(json.dumps(["x" * before, "mark-of-twenty-chars"]).encode())

    assert len(list(marks.found("there", hidden))) > 0


def test_the_search_sees_bytes_of_a_table(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("CREATE TABLE leak (content bytea)")
        conn.execute("INSERT INTO leak VALUES (%s)", [b"\x00mark-of-twenty-chars\xff"])

    assert b"\x00mark-of-twenty-chars\xff" in dump(database_url)["leak"]
