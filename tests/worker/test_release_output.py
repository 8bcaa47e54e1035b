"""A failure is told with the last lines of the release phase, and without what is secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from listener.core import hidden
from listener.core.promotion import Status
from listener.worker import release_output
from listener.worker.queues import TELLING
from tests.worker import wire
from tests.worker.chats import open_chat
from tests.worker.emulated import PROD
from tests.worker.stage import PUBLIC_URL, Stage

HIDDEN = hidden.HIDDEN


def end_with_output(stage: Stage, output: str, status: str = "failed") -> None:
    """A release phase that prints this and ends so."""
    stage.phase(PROD)
    stage.deploy()
    stage.look()
    version = stage.promotions()[0].target_version
    stage.control(f"apps/{PROD}/releases/{version}/output", {"text": output})
    stage.finish(PROD, version or 0, status)
    stage.age(seconds=2)


def told_after(stage: Stage, output: str, status: str = "failed") -> str:
    """What a chat is told when the release phase ends so, after it printed this."""
    with open_chat() as chat:
        stage.context = replace(stage.context, notify_urls=(chat.url,))
        end_with_output(stage, output, status)
        while stage.step(TELLING):
            pass
        [told] = chat.told
    return str(told["message"])


def test_a_failure_has_the_last_lines_and_a_hint_to_copy(stage: Stage) -> None:
    lines = [f"migrating {number}" for number in range(20)] + ["", "Größe: \x1b[31mfalsch\x1b[0m"]

    message = told_after(stage, "\n".join(lines) + "\n")

    row = stage.promotions()[0]
    where = f"v{row.target_version}"
    assert row.status is Status.FAILED
    reason, heading, *shown, page, last = message.splitlines()
    assert reason.endswith(f" failed: `heroku releases:output {where} -a {PROD}` shows it.")
    assert heading == f"The last lines of {where}'s release phase:"
    assert shown[-3:-1] == ["  migrating 19", "  Größe:  falsch"]  # Heroku's own word follows
    assert (len(shown), shown[0]) == (hidden.LINES, "  migrating 12")
    assert page == f"Page: {PUBLIC_URL}/promotions/{row.id}"
    assert last.startswith(f"Look: `autopromote promotions:info {row.id}`. Again: ")
    assert "migrating" not in stage.told("failed")[0]  # stored nowhere


def test_a_success_has_none(stage: Stage) -> None:
    assert "migrated" not in told_after(stage, "migrated\n", "succeeded")


def test_a_failure_is_told_though_its_output_cannot_be_read(stage: Stage) -> None:
    path = r"/streams/.*"
    stage.wire.put(wire.answers(500, applied=False), method="GET", path=path, times=500)
    message = told_after(stage, "x\n" * 3)
    assert "failed: `heroku releases:output" in message
    assert "  x" not in message


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (
            "at postgres://ana:hush@db.example/x?sslmode",
            f"at postgres://{HIDDEN}@db.example/x?sslmode",
        ),
        ("redis://:hu@sh@db.example:6379", f"redis://{HIDDEN}@db.example:6379"),
        ("STRIPE_API_KEY=hush-hush and more", f"STRIPE_API_KEY={HIDDEN} and more"),
        ('{"secret_key_base": "hush hush", "n": 1}', f'{{"secret_key_base": {HIDDEN}, "n": 1}}'),
        ("'password' => 'hush'", f"'password' => {HIDDEN}"),
        ("Authorization: Bearer hush", f"Authorization: {HIDDEN}"),
        ("using HRKU-12345678-aaaa", f"using {HIDDEN}"),
        ("DB=postgres://ana:hu/sh@db.example/x", f"DB=postgres://{HIDDEN}@db.example/x"),
        ("postgres://ana:h@u/sh@db.example/x", f"postgres://{HIDDEN}@db.example/x"),
        ("http://x.example/a,redis://:hush@h", f"http://x.example/a,redis://{HIDDEN}@h"),
        ("DB_PASS=hush ok", f"DB_PASS={HIDDEN} ok"),
        ("ENCRYPTION_KEY: hush", f"ENCRYPTION_KEY: {HIDDEN}"),
        ("privateKey: hush", f"privateKey: {HIDDEN}"),
        ("passphrase=hush", f"passphrase={HIDDEN}"),
        ("Bearer hush", f"Bearer {HIDDEN}"),
        ("Basic aHVzaA==", f"Basic {HIDDEN}"),
        ("github_pat_11ABCDEFG0_hush", HIDDEN),
        ("sk-proj-hushhush12345678", HIDDEN),
        ("psql --password hush ok", f"psql --password {HIDDEN} ok"),
        ("psql --password=hush ok", f"psql --password={HIDDEN} ok"),
        ('password: ["hush", "hush"]', f"password: {HIDDEN}"),
        ('credentials={"a": {"b": "hush"}, "c": "hush"}', f"credentials={HIDDEN}"),
        (r'SECRET => "hu\"sh hush" ok', f"SECRET => {HIDDEN} ok"),
        (r"{\"password\": \"hush hush\"}", rf"{{\"password\": {HIDDEN}"),
        ("ENV['TOKEN'] = 'hush hush' ok", f"ENV['TOKEN'] = {HIDDEN} ok"),
        ("Key (token)=(hush hush) exists", f"Key (token)={HIDDEN}"),
        ("token\x1b[0m: \x1b[32mhush", f"token :  {HIDDEN}"),
        ("see https://example.com/docs?a=b", "see https://example.com/docs?a=b"),
        ("see https://example.com/@ana", "see https://example.com/@ana"),
        ("Basic authentication", "Basic authentication"),
        ("monkey: 3", "monkey: 3"),
        ("--no-password --verbose", "--no-password --verbose"),
        (
            "NoMethodError: undefined method `token' for nil",
            "NoMethodError: undefined method `token' for nil",
        ),
        ("ß" * 300, "ß" * 199 + "…"),
        ("50%\r100%\x07\ta\u202eb", "100%  a b"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(printed: str, shown: str) -> None:
    assert hidden.tail(printed)[-1] == f"  {shown}"


def test_an_output_that_is_too_long_to_see_its_end_is_left_out(stage: Stage) -> None:
    message = told_after(stage, "x\n" * (release_output.MOST_PIECES * 33 * 1024))
    assert "  x" not in message


@pytest.mark.parametrize(
    "hostile", ["token", "://a@", '"', "secret ", "token='", "\x1b[", "--key "]
)
def test_little_of_a_hostile_output_is_looked_at(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []
    real = hidden.cleaned

    def counted(line: str, *, is_cut: bool) -> str:
        looked_at.append(len(line))
        return real(line, is_cut=is_cut)

    monkeypatch.setattr(hidden, "cleaned", counted)
    lines = hidden.tail("\n".join([hostile * 9000] * 20))
    assert all(len(line) <= 2 + hidden.WIDTH for line in lines)
    assert len(looked_at) == len(lines) <= hidden.LINES
    assert all(length <= hidden.SEEN for length in looked_at)


@pytest.mark.parametrize(
    "secret", ["postgres://ana:hush{}@db.example", "TOKEN=hush{}", "'key': 'hush{}'"]
)
def test_a_line_that_is_cut_shows_no_value_without_its_name(secret: str) -> None:
    [shown] = hidden.tail(secret.format("h" * hidden.SEEN))
    assert "hush" not in shown
    assert HIDDEN in shown


def test_an_output_whose_line_begins_before_what_is_kept_is_left_out(stage: Stage) -> None:
    message = told_after(stage, f"TOKEN={'hush' * release_output.KEPT}\nthen\n")
    assert "hush" not in message
    assert "  then" in message


def test_an_output_that_is_too_slow_is_left_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_output, "MOST_SECONDS", 0)
    message = told_after(stage, "migrating\n")
    assert "failed: `heroku releases:output" in message
    assert "migrating" not in message


@pytest.mark.parametrize(("seconds", "times"), [(20, 1), (31, 0)])
def test_whoever_loses_the_notice_while_reading_sends_nothing(
    stage: Stage, seconds: int, times: int
) -> None:
    """The output takes most of a lease, or more than one."""
    with open_chat() as chat:
        stage.context = replace(stage.context, notify_urls=(chat.url,))
        end_with_output(stage, "migrating\n")
        late = wire.before(lambda: stage.shift(timedelta(seconds=seconds)))
        stage.wire.put(late, method="GET", path=r"/streams/.*")
        stage.step(TELLING)
        assert len(chat.told) == times
        while stage.step(TELLING):
            pass
        assert len(chat.told) == 1
