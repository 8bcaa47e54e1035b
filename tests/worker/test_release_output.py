"""A failure is told with the last lines of the release phase, and without what is secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listener.core.promotion import Status
from listener.worker import release_output
from listener.worker.queues import TELLING
from tests.worker import wire
from tests.worker.chats import open_chat
from tests.worker.emulated import PROD
from tests.worker.stage import Stage

HIDDEN = release_output.HIDDEN


def told_after(stage: Stage, output: str, status: str = "failed") -> str:
    """What a chat is told when the release phase ends so, after it printed this."""
    with open_chat() as chat:
        stage.context = replace(stage.context, notify_urls=(chat.url,))
        stage.phase(PROD)
        stage.deploy()
        stage.look()
        version = stage.promotions()[0].target_version
        stage.control(f"apps/{PROD}/releases/{version}/output", {"text": output})
        stage.finish(PROD, version or 0, status)
        stage.age(seconds=2)
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
    reason, heading, *shown, last = message.splitlines()
    assert reason.endswith(f" failed: `heroku releases:output {where} -a {PROD}` shows it.")
    assert heading == f"The last lines of {where}'s release phase:"
    assert shown[-3:-1] == ["  migrating 19", "  Größe:  falsch"]  # Heroku's own word follows
    assert (len(shown), shown[0]) == (release_output.LINES, "  migrating 12")
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
        ("see https://example.com/docs?a=b", "see https://example.com/docs?a=b"),
        (
            "NoMethodError: undefined method `token' for nil",
            "NoMethodError: undefined method `token' for nil",
        ),
        ("ß" * 300, "ß" * 199 + "…"),
        ("50%\r100%\x07\ta\u202eb", "100%  a b"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(printed: str, shown: str) -> None:
    assert release_output.tail(printed)[-1] == f"  {shown}"


def test_an_output_that_is_too_long_to_see_its_end_is_left_out(stage: Stage) -> None:
    message = told_after(stage, "x\n" * (release_output.MOST_PIECES * 33 * 1024))
    assert "  x" not in message
