"""A GitHub that does not answer delays neither promotions nor those who get events."""

from __future__ import annotations

import threading

import httpx

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.stage import Stage
from tests.worker.test_runner import running, wait_for
from tests.worker.test_tell_event import Receiver, make, receiver, to

__all__ = ["make", "receiver"]  # fixtures


def test_while_github_hangs_everybody_else_goes_on(stage: Stage, receiver: Receiver) -> None:
    hub = to(stage, receiver)
    hub.push("Begin")
    stage.control("apps/acme-staging/repo", {"full_name": hub.name}, method="PUT")
    stage.change_rule(conditions={"deployment": "production"})
    stage.work()
    asked, answered = threading.Event(), threading.Event()

    def hang(_: httpx.Request, send: wire.Send) -> httpx.Response:
        asked.set()
        assert answered.wait(30)
        return send()

    hub.stage.wire.put(hang, path=".*/deployments")
    with running(stage):
        first = hub.deploy()
        stage.tell(first)
        wait_for(stage, asked.is_set)
        second = hub.deploy()
        stage.tell(second)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED] * 2)
        wait_for(stage, lambda: receiver.words.count("succeeded") == 2)
        assert hub.deployments() == []

        answered.set()
        wait_for(stage, lambda: len(hub.states()) == 2 and hub.states()[0][-1:] == ["inactive"])
    assert hub.states() == [["in_progress", "success", "inactive"], ["in_progress", "success"]]
