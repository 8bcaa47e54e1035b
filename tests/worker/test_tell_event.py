"""Receivers hear of all that becomes of a promotion: signed, in order, until they take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from listener.core.rule import Mode
from listener.crypto import Keys
from listener.db import outbox
from listener.inventory import receivers
from listener.prober import Prober
from tests.outbound.peer import Conversation, Peer, Request, answer
from tests.worker.emulated import ANA, PROD, STAGING
from tests.worker.github import Hub
from tests.worker.stage import PUBLIC_URL, Stage
from tests.worker.wire import Killed

TYPE = "com.heroku-autopromote.promotion"
SECRET = "/hooks/s3cret"


class Receiver:
    """Somebody who takes events, until told otherwise."""

    def __init__(self) -> None:
        self.status = 204
        self.refuses: set[str] = set()  # words
        self.script: Callable[[Conversation], None] | None = None
        self.peer = Peer(self._serve)

    def _serve(self, talk: Conversation) -> None:
        while talk.hear():
            if self.script is not None:
                self.script(talk)
                return
            status = 500 if self.words[-1] in self.refuses else self.status
            talk.say(answer(status))

    @property
    def url(self) -> str:
        """Where it listens, which is a secret."""
        return f"{self.peer.url}{SECRET}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that came, oldest first."""
        return [request.json for request in self.peer.requests]

    @property
    def words(self) -> list[str]:
        """What each event is about."""
        return [event["type"].removeprefix(f"{TYPE}.") for event in self.events]

    @property
    def ids(self) -> list[str]:
        """The id of each."""
        return [request.headers["webhook-id"] for request in self.peer.requests]


@pytest.fixture
def make() -> Iterator[Callable[[], Receiver]]:
    """Start a receiver."""
    with ExitStack() as stack:

        def start() -> Receiver:
            made = Receiver()
            stack.enter_context(made.peer.listening())
            return made

        yield start


@pytest.fixture
def receiver(make: Callable[[], Receiver]) -> Receiver:
    """The receiver of AUTOPROMOTE_EVENTS_TO."""
    return make()


def to(stage: Stage, *told: Receiver, **more: Any) -> Hub:
    """A stage whose listener sends events to these."""
    stage.context = replace(stage.context, events_to=tuple(each.url for each in told), **more)
    with stage.database.begin() as conn:
        outbox.want(conn, receivers.wanted(stage.context))
    return Hub(stage)


def secrets(stage: Stage, receiver: Receiver, *, rule_id: int | None = None) -> list[str]:
    """By which it knows what is ours, as the settings name it, or a rule."""
    return receivers.secrets(stage.context, receivers.Receiver(receiver.url, rule_id))


def errors(stage: Stage) -> list[str | None]:
    """Why nothing is told, for each promotion and receiver."""
    with stage.database.begin() as conn:
        return list(conn.exec_driver_sql("SELECT error FROM outbox ORDER BY id").scalars())


def test_each_status_is_an_event_that_the_library_verifies(
    stage: Stage, receiver: Receiver
) -> None:
    hub = to(stage, receiver)
    hub.connect()
    sha = hub.push("Fix the login (#7)")
    version = stage.deploy(commit=sha)
    stage.look()
    hub.read()
    hub.tell()

    assert receiver.words == ["waiting", "posting", "succeeded"] * 2
    [secret] = secrets(stage, receiver)
    for request in receiver.peer.requests:
        assert request.headers["content-type"] == "application/cloudevents+json"
        event = Webhook(secret).verify(request.body, request.headers)
        assert event["id"] == request.headers["webhook-id"]
    row, event = stage.promotion(version), receiver.events[-1]
    assert (event["specversion"], event["source"]) == ("1.0", PUBLIC_URL)
    assert event["subject"] == f"promotions/{row.id}"
    assert event["data"]["event"]["message"] == row.reason
    told = event["data"]["promotion"]
    assert told["url"] == f"{PUBLIC_URL}/promotions/{row.id}"
    assert (told["status"], told["rule"]["name"]) == ("succeeded", "ship")
    assert (told["source"]["app"]["name"], told["target"]["app"]["name"]) == (STAGING, PROD)
    assert told["target"]["release"]["version"] == row.target_version
    assert told["source"]["slug"]["commit"] == sha
    assert [each["sha"] for each in told["ships"]["commits"]] == [sha]
    assert told["ships"]["commits"][0]["pull"] == 7
    assert [gate["name"] for gate in told["gates"]][:1] == ["source"]
    assert told["people"]["released_by"] == "ana@example.com"
    assert told["ended_at"].endswith("Z")


def test_another_reason_to_wait_is_no_event_and_a_persons_word_is(
    bare: Stage, receiver: Receiver
) -> None:
    bare.add_rule(conditions={"approvals": 2})
    hub = to(bare, receiver)
    version = bare.deploy()
    bare.look()
    bare.approve(version, "cy@example.com")
    bare.work()
    hub.tell()
    bare.put_hold()
    bare.work()
    hub.tell()
    bare.release_hold()
    bare.approve(version, "di@example.com")
    bare.work()
    hub.tell()

    assert receiver.words == ["waiting", "approved", "approved", "posting", "succeeded"]
    said = receiver.events[-1]["data"]["promotion"]["people"]["said"]
    assert [each["by"] for each in said] == ["cy@example.com", "di@example.com"]


def test_a_no_is_an_event_and_so_is_the_end(bare: Stage, receiver: Receiver) -> None:
    bare.add_rule(conditions={"approvals": 1})
    hub = to(bare, receiver)
    version = bare.deploy()
    bare.look()
    bare.reject(version, "cy@example.com", "not today")
    bare.work()
    hub.tell()
    assert receiver.words == ["waiting", "rejected", "rejected"]
    assert receiver.events[-1]["data"]["promotion"]["ended_at"] is not None


def test_a_changed_body_or_another_secret_does_not_verify(
    stage: Stage, receiver: Receiver, make: Callable[[], Receiver]
) -> None:
    other = make()
    hub = to(stage, receiver, other)
    stage.deploy()
    stage.look()
    hub.tell()
    request = receiver.peer.requests[0]
    [secret], [others] = (secrets(stage, each) for each in (receiver, other))
    assert secret != others
    for key, body in ((secret, request.body + b" "), (others, request.body)):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, request.headers)


def test_while_secret_key_is_renewed_both_secrets_verify(stage: Stage, receiver: Receiver) -> None:
    [old] = secrets(stage, receiver)
    hub = to(stage, receiver, keys=Keys(["n" * 32, "k" * 32]))
    stage.deploy()
    stage.look()
    hub.tell()
    new, *others = secrets(stage, receiver)
    assert others == [old]
    request = receiver.peer.requests[0]
    assert Webhook(new).verify(request.body, request.headers)
    assert Webhook(old).verify(request.body, request.headers)


def test_what_is_not_taken_comes_again_in_order_with_the_same_id(
    stage: Stage, receiver: Receiver
) -> None:
    hub = to(stage, receiver)
    receiver.status = 500
    stage.deploy()
    stage.look()
    hub.tell()
    hub.tell(seconds=11)
    assert receiver.words == ["waiting", "waiting"]
    assert len(set(receiver.ids)) == 1
    assert errors(stage) == ["http://127.0.0.1/… answered 500."]

    receiver.status = 200
    hub.tell(seconds=21)
    assert receiver.words == ["waiting", "waiting", "waiting", "posting", "succeeded"]
    assert len(set(receiver.ids)) == 3
    assert errors(stage) == [None]


def test_what_was_taken_comes_no_more(stage: Stage, receiver: Receiver) -> None:
    hub = to(stage, receiver)
    receiver.refuses = {"posting"}
    stage.deploy()
    stage.look()
    hub.tell()
    receiver.refuses = set()
    hub.tell(seconds=11)
    assert receiver.words == ["waiting", "posting", "posting", "succeeded"]


def test_it_is_given_up_after_a_day_and_what_comes_later_is_told(
    bare: Stage, receiver: Receiver
) -> None:
    bare.add_rule(conditions={"approvals": 1, "approval_timeout": "60d"})
    hub = to(bare, receiver)
    receiver.status = 500
    version = bare.deploy()
    bare.look()
    for _ in range(60):
        hub.tell(seconds=1800)
    tried = len(receiver.events)
    hub.tell(seconds=7200)
    assert len(receiver.events) == tried
    assert 20 < tried < 60

    receiver.status = 200
    bare.approve(version, "cy@example.com")
    bare.work()
    hub.tell()
    assert receiver.words[tried:] == ["approved", "posting", "succeeded"]


def test_the_day_begins_with_the_event_that_fails(stage: Stage, receiver: Receiver) -> None:
    """Another event that was taken meanwhile ends the failures before it."""
    hub = to(stage, receiver)
    receiver.status = 500
    stage.deploy()
    stage.look()
    for _ in range(30):
        hub.tell(seconds=1800)
    receiver.status, receiver.refuses = 204, {"posting"}
    hub.tell(seconds=3600)
    assert receiver.words[-2:] == ["waiting", "posting"]
    taken = len(receiver.events)

    for seconds in (11, 21, 41, 20 * 3600):
        hub.tell(seconds=seconds)
    assert receiver.words[taken:] == ["posting"] * 4
    receiver.refuses = set()
    hub.tell(seconds=3600)
    assert receiver.words[-2:] == ["posting", "succeeded"]


def test_a_silent_receiver_delays_no_other(
    stage: Stage, receiver: Receiver, make: Callable[[], Receiver]
) -> None:
    silent = make()
    silent.script = Conversation.wait
    prober = Prober(allow_private=True, seconds=2)
    hub = to(stage, silent, receiver, prober=prober)
    stage.deploy()
    stage.look()
    hub.tell()
    assert receiver.words == ["waiting", "posting", "succeeded"]
    assert [each for each in errors(stage) if each] == [
        "http://127.0.0.1/… did not answer in time."
    ]


def endless(talk: Conversation) -> None:
    """An answer without an end."""
    talk.say(b"HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n")
    talk.trickle(b"1\r\na\r\n" * 10_000)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (endless, "answered 500."),
        (Conversation.reset, "broke off its answer."),
        (lambda talk: talk.say(answer(302, location="http://127.0.0.1:1/")), "answered 302."),
        (lambda talk: talk.say(b"nonsense\r\n\r\n"), "broke off its answer."),
    ],
    ids=["endless", "reset", "redirect", "nonsense"],
)
def test_a_hostile_receiver_is_one_error(
    stage: Stage, receiver: Receiver, script: Callable[[Conversation], None], why: str
) -> None:
    receiver.script = script
    hub = to(stage, receiver)
    stage.deploy()
    stage.look()
    hub.tell()
    assert errors(stage) == [f"http://127.0.0.1/… {why}"]


def test_a_private_address_is_not_connected_to(stage: Stage, receiver: Receiver) -> None:
    hub = to(stage, receiver, prober=Prober())
    stage.deploy()
    stage.look()
    hub.tell()
    assert receiver.peer.connections == 0
    [why] = errors(stage)
    assert "which only AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1 permits" in (why or "")


def test_a_channel_of_newer_code_is_left_alone(stage: Stage, receiver: Receiver) -> None:
    hub = to(stage, receiver)
    with stage.database.begin() as conn:
        outbox.want(conn, [outbox.Channel("pager"), *receivers.wanted(stage.context)])
    stage.deploy()
    stage.look()
    hub.tell()
    with stage.database.begin() as conn:
        due = conn.exec_driver_sql("SELECT channel FROM outbox WHERE due_at IS NOT NULL")
        assert list(due.scalars()) == ["pager"]


def test_no_secret_is_stored_or_logged(
    stage: Stage, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.status = 500
    hub = to(stage, receiver)
    stage.deploy()
    stage.look()
    hub.tell()
    with stage.database.begin() as conn:
        for table in ("outbox", "outbox_channel", "trouble", "notice"):
            rows = conn.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608
            assert "s3cret" not in str(rows)
    assert "s3cret" not in capsys.readouterr().out
    assert "s3cret" not in repr(stage.context)
    assert "s3cret" not in json.dumps(receiver.events)


def test_killed_at_any_moment_each_event_comes_in_order(stage: Stage, receiver: Receiver) -> None:
    hub = to(stage, receiver)
    for moment in range(1, 30):
        stage.deploy()
        stage.look()
        before = len(receiver.ids)
        stage.shift(stage.seconds(3))
        stage.mortality.die_at(moment)
        try:
            hub.tell(seconds=0)
            lived = True
        except Killed:
            lived = False
        stage.mortality.die_at(None)
        stage.shift(timedelta(seconds=31))
        hub.tell()
        came = dict(zip(receiver.ids[before:], receiver.words[before:], strict=True))
        assert list(came.values()) == ["waiting", "posting", "succeeded"], f"killed at {moment}"
        if lived:
            return
    pytest.fail("a telling that never ends")


# Of a rule.


def of_rule(stage: Stage, *told: Receiver) -> Hub:
    """A stage whose rule sends events to these."""
    stage.change_rule(events_to=tuple(each.url for each in told))
    stage.work()
    return Hub(stage)


def test_a_rule_has_receivers_of_its_own(
    stage: Stage, receiver: Receiver, make: Callable[[], Receiver]
) -> None:
    general = make()
    to(stage, general)
    hub = of_rule(stage, receiver, general)
    stage.deploy()
    stage.look()
    hub.tell()
    assert receiver.words == ["waiting", "posting", "succeeded"]
    assert len(general.words) == 6  # as the settings name it, and as the rule does

    stage.change_rule(events_to=())
    stage.deploy()
    stage.look()
    hub.tell()
    assert (len(receiver.words), len(general.words)) == (3, 9)


def test_whoever_names_a_receiver_too_signs_nothing_that_passes_for_anothers(
    bare: Stage, receiver: Receiver
) -> None:
    """An admin of one rule gets its secrets: they are none of those of others."""
    to(bare, receiver)
    own, other = (
        bare.add_rule(name=name, events_to=(receiver.url,), conditions={"soak": "1h"})
        for name in ("sandbox", "ship")
    )
    hub = Hub(bare)
    bare.deploy()
    bare.look()
    hub.tell()
    keys = {each: secrets(bare, receiver, rule_id=each)[0] for each in (None, own, other)}
    assert len(set(keys.values())) == 3
    passed = [
        [each for each, key in keys.items() if passes(key, request)]
        for request in receiver.peer.requests
    ]
    told = [event["data"]["promotion"]["rule"]["id"] for event in receiver.events]
    assert {str(own), str(other)} == set(told)
    assert all(len(each) == 1 for each in passed)
    for rule_id in (own, other):
        of_it = [by[0] for by, id in zip(passed, told, strict=True) if id == str(rule_id)]
        assert set(of_it) == {None, rule_id}


def passes(secret: str, request: Request) -> bool:
    """Whether the library takes it for what the holder of the secret was sent."""
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


def test_another_rule_to_the_same_target_tells_others(bare: Stage, receiver: Receiver) -> None:
    bare.add_rule()
    bare.add_rule(name="other", events_to=(receiver.url,), conditions={"soak": "1h"})
    hub = Hub(bare)
    bare.deploy()
    bare.look()
    hub.tell()
    assert [event["data"]["promotion"]["rule"]["name"] for event in receiver.events] == [
        "other"
    ] * (len(receiver.events))
    assert receiver.events


def test_a_rollback_is_told_to_those_of_the_rule_to_its_target(
    stage: Stage, receiver: Receiver
) -> None:
    stage.deploy()
    stage.look()
    stage.add_rule(name="first", conditions={"soak": "1h", "deployment": "production"})
    hub = of_rule(stage, receiver)
    stage.ask_rollback()
    stage.work()
    hub.tell()
    assert receiver.words == ["waiting", "rolling_back", "rolled_back"]
    assert receiver.events[-1]["data"]["promotion"]["kind"] == "rollback"


def receivers_kept(stage: Stage) -> int:
    """How many receivers of rules are stored, with their secrets, after a reconcile."""
    stage.reconcile_only()
    with stage.database.begin() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM rule_receiver").scalar_one())


def test_the_end_is_told_when_a_rule_is_removed_and_then_its_receivers_go(
    bare: Stage, receiver: Receiver
) -> None:
    bare.add_rule(conditions={"approvals": 1}, events_to=(receiver.url,))
    hub = Hub(bare)
    bare.deploy()
    bare.look()
    hub.tell()
    receiver.status = 500
    bare.rules.remove("ship", by=ANA)
    bare.work()
    hub.tell()
    assert receivers_kept(bare) == 1
    receiver.status = 204
    hub.tell(seconds=11)
    assert receiver.words == ["waiting", "cancelled", "cancelled"]
    assert receivers_kept(bare) == 0


def test_what_goes_on_after_its_rule_was_removed_is_told_to_its_end(
    stage: Stage, receiver: Receiver
) -> None:
    stage.deploy()
    stage.look()
    hub = of_rule(stage, receiver)
    stage.ask_rollback()
    hub.tell()
    stage.rules.remove("ship", by=ANA)
    assert receivers_kept(stage) == 1
    stage.work()
    hub.tell()
    assert receiver.words == ["waiting", "rolling_back", "rolled_back"]
    assert receivers_kept(stage) == 0


def test_a_removed_rule_that_told_nothing_keeps_no_secret(stage: Stage, receiver: Receiver) -> None:
    of_rule(stage, receiver)
    stage.rules.remove("ship", by=ANA)
    with stage.database.begin() as conn:
        assert conn.exec_driver_sql("SELECT * FROM rule_receiver").all() == []


def test_what_a_rule_in_shadow_would_have_done_is_told(stage: Stage, receiver: Receiver) -> None:
    hub = of_rule(stage, receiver)
    stage.change_rule(mode=Mode.SHADOW)
    stage.deploy()
    stage.look()
    hub.tell()
    assert receiver.words[-1] == "shadowed"
    assert receiver.events[-1]["data"]["promotion"]["rule"]["mode"] == "shadow"


def test_what_no_key_opens_is_sent_nowhere(stage: Stage, receiver: Receiver) -> None:
    hub = of_rule(stage, receiver)
    stage.context = replace(stage.context, keys=Keys(["o" * 32]))
    stage.deploy()
    stage.look()
    hub.tell()
    assert receiver.words == []
