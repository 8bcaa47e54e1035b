"""Who may do what: one row a route."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.routes.caller import Caller
from tests.logins import bearer

READS = {
    ("GET", path)
    for path in (
        "/api/rules",
        "/api/rules/1",
        "/api/subscriptions",
        "/api/subscriptions/1",
        "/api/promotions",
        "/api/promotions/1",
        "/api/promotions/1/output",
        "/api/holds",
        "/api/apps/acme-staging/explanation",
        "/api/apps/acme-staging/diff?to=acme-prod",
        "/api/findings",
    )
} | {
    ("POST", path)
    for path in (
        "/api/rules/actions/try",
        "/api/rules/1/actions/try",
        "/api/rules/actions/plan",
    )
}
FOR_VIEWERS = {("POST", "/api/login-codes")}
FOR_MACHINES = {
    ("POST", "/api/promotions"),
    ("POST", "/api/promotions/1/actions/cancel"),
    ("POST", "/api/promotions/1/actions/retry"),
    ("POST", "/api/rollbacks"),
    ("POST", "/api/holds"),
}
FOR_APPROVERS = FOR_MACHINES | {
    ("POST", "/api/promotions/1/actions/approve"),
    ("POST", "/api/promotions/1/actions/reject"),
    ("POST", "/api/holds/actions/release"),
    ("POST", "/api/holds/1/actions/release"),
}
FOR_ADMINS = {
    ("GET", "/api/machine-tokens"),
    ("POST", "/api/machine-tokens"),
    ("DELETE", "/api/machine-tokens/ci"),
    ("GET", "/api/people"),
    ("POST", "/api/people/actions/revoke"),
    ("POST", "/api/rules"),
    ("POST", "/api/rules/actions/apply"),
    ("PATCH", "/api/rules/1"),
    ("DELETE", "/api/rules/1"),
    ("POST", "/api/subscriptions"),
    ("POST", "/api/subscriptions/1/actions/rotate"),
    ("DELETE", "/api/subscriptions/1"),
}
CHANGES = FOR_VIEWERS | FOR_APPROVERS | FOR_ADMINS

Route = tuple[str, str]


def let_through(ask: Callable[[str, str], TestResponse], routes: Iterable[Route]) -> set[Route]:
    """The routes that get further than the question who asks; all lack what they are about."""
    answers = {route: ask(*route).status_code for route in routes}
    assert set(answers.values()) <= {200, 201, 401, 403, 404, 422}
    return {route for route, status in answers.items() if status not in (401, 403)}


def as_caller(caller: Caller) -> Callable[[str, str], TestResponse]:
    return lambda method, path: caller.ask(method, path, None if method == "GET" else {})


def test_viewers_read(viewer: Caller) -> None:
    assert let_through(as_caller(viewer), READS | CHANGES) == READS | FOR_VIEWERS


def test_approvers_promote_and_hold_too(approver: Caller) -> None:
    assert let_through(as_caller(approver), READS | CHANGES) == READS | FOR_VIEWERS | FOR_APPROVERS


@pytest.mark.parametrize(
    ("role", "routes"), [("viewer", READS), ("promoter", READS | FOR_MACHINES)]
)
def test_machines_promote_and_hold_and_approve_nothing(
    admin: Caller, client: FlaskClient, role: str, routes: set[Route]
) -> None:
    token = admin.post("/api/machine-tokens", {"name": "ci", "role": role})["token"]

    def ask(method: str, path: str) -> TestResponse:
        body: dict[str, object] | None = None if method == "GET" else {}
        return client.open(path, method=method, json=body, headers=bearer(token))

    assert let_through(ask, READS | CHANGES) == routes


def test_admins_do_everything(admin: Caller) -> None:
    assert let_through(as_caller(admin), READS | CHANGES) == READS | CHANGES


def test_nobody_else_comes_in(client: FlaskClient) -> None:
    def ask(method: str, path: str) -> TestResponse:
        return client.open(path, method=method, json={})

    assert let_through(ask, READS | CHANGES) == set()


def test_who_may_not_is_told_so(viewer: Caller) -> None:
    status, id_, message = viewer.refused("POST", "/api/rules", {})
    assert (status, id_) == (403, "forbidden")
    assert "cy@example.com is viewer" in message


def test_other_methods_are_refused(admin: Caller) -> None:
    statuses = {path: admin.ask("PUT", path, {}).status_code for _, path in READS}
    assert statuses == dict.fromkeys(statuses, 405)
