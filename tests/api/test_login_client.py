"""Logins by an OAuth client of the listener's own, against an emulated Heroku on a real socket."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.core.promotion import RESERVE
from tests import patient
from tests.api.conftest import ADMIN, APPROVER, STRANGER
from tests.api.login_scene import BACK, NO_CLIENT, ROBOT, Scene
from tests.logins import bearer, token_of


def refusal(answered: TestResponse) -> tuple[int, str]:
    """Status and id of a refusal."""
    return answered.status_code, answered.get_json()["id"]


def test_the_client_is_told_to_whoever_asks(scene: Scene) -> None:
    answered = scene.listener.get("/api/login")
    assert answered.get_json() == {"oauth_client": {"id": scene.client["id"]}}
    assert scene.client["secret"] not in answered.text


def test_where_there_is_none_nothing_is_told(client: FlaskClient) -> None:
    assert client.get("/api/login").get_json() == {"oauth_client": None}


def test_a_code_logs_in_and_nothing_of_it_is_left_at_heroku(scene: Scene) -> None:
    answered = scene.by(scene.grant())
    said = answered.get_json()

    assert (answered.status_code, said["email"], said["role"]) == (201, ADMIN, "admin")
    assert [(one.method, one.path.rpartition("/")[0]) for one in scene.asked[-3:]] == [
        ("POST", "/oauth"),
        ("GET", ""),
        ("DELETE", "/oauth/tokens"),
    ]
    left = scene.ask(ADMIN, "GET", "/oauth/authorizations")
    assert [each for each in left if each["scope"] == ["identity"]] == []


def test_a_token_that_cannot_be_ended_hinders_nobody(scene: Scene) -> None:
    fault = {"kind": "status", "status": 403, "method": "DELETE", "path": "/oauth/tokens/.*"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    assert scene.by(scene.grant()).status_code == 201


def test_a_code_logs_in_once(scene: Scene) -> None:
    grant = scene.grant()
    assert scene.by(grant).status_code == 201
    again = scene.by(grant)
    assert refusal(again) == (401, "heroku_code_refused")
    assert "AUTOPROMOTE_OAUTH_ID" in again.get_json()["message"]


def test_a_code_is_good_for_five_minutes(scene: Scene) -> None:
    grant = scene.grant()
    scene.heroku.world.advance(timedelta(minutes=5))
    assert refusal(scene.by(grant)) == (401, "heroku_code_refused")


def test_a_code_for_another_client_logs_nobody_in(scene: Scene) -> None:
    other = {"name": "other", "redirect_uri": "https://other.example/login/callback"}
    client = scene.ask(STRANGER, "POST", "/oauth/clients", other)
    assert refusal(scene.by(scene.grant(client=client))) == (401, "heroku_code_refused")


def test_a_bare_token_is_refused_and_never_shown_to_heroku(scene: Scene) -> None:
    before = len(scene.heroku.world.exchanges)
    answered = scene.log_in(heroku_token=f"HRKU-{ADMIN}")
    assert refusal(answered) == (403, "heroku_token_not_taken")
    assert "autopromote login" in answered.get_json()["message"]
    assert len(scene.heroku.world.exchanges) == before


def test_somebody_without_a_role_gets_nothing_by_a_code_either(scene: Scene) -> None:
    assert refusal(scene.by(scene.grant(STRANGER))) == (403, "no_role")


@pytest.mark.parametrize("demand", ["required", "refused"])
def test_heroku_may_read_the_refresh_token_either_way(scene: Scene, demand: str) -> None:
    scene.demand(refresh_token=demand)
    assert scene.by(scene.grant()).status_code == 201
    before = len(scene.asked)
    assert scene.by(scene.grant()).status_code == 201
    # The form that was taken is remembered: authorization, redemption, account, end.
    assert len(scene.asked) - before == 4


@pytest.mark.parametrize("status", [400, 422])
def test_a_code_that_is_none_is_asked_about_once_when_the_form_is_known(
    scene: Scene, status: int
) -> None:
    assert scene.by(scene.grant()).status_code == 201
    said = {"id": "invalid_params", "message": "Invalid OAuth grant."}
    fault = {"kind": "status", "status": status, "path": "/oauth/tokens", "body": said}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    before = len(scene.asked)
    assert refusal(scene.log_in(heroku_code="made-up")) == (401, "heroku_code_refused")
    assert [each.path for each in scene.asked[before:]] == ["/oauth/tokens"]


def test_a_heroku_that_reads_another_form_from_now_on_is_understood(scene: Scene) -> None:
    for demand in ("required", "refused", "required"):
        scene.demand(refresh_token=demand)
        assert scene.by(scene.grant()).status_code == 201


def test_a_heroku_that_reads_neither_way_is_told_of_and_codes_stay_unused(scene: Scene) -> None:
    fault = {"kind": "status", "status": 422, "method": "POST", "path": "/oauth/tokens"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    answered = scene.by(scene.grant())
    assert refusal(answered) == (401, "heroku_code_refused")
    assert "The emulator was told to answer 422." in answered.get_json()["message"]
    assert "an admin may unset AUTOPROMOTE_OAUTH_ID" in answered.get_json()["message"]


@pytest.mark.parametrize("status", [429, 500])
def test_a_heroku_that_cannot_tell_now_may_tell_later(scene: Scene, status: int) -> None:
    fault = {"kind": "status", "status": status, "method": "POST", "path": "/oauth/tokens"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    assert refusal(scene.by(scene.grant())) == (503, "heroku_unavailable")


def test_heroku_s_words_show_neither_code_nor_secret(scene: Scene) -> None:
    grant = scene.grant()
    code, secret = grant["grant"]["code"], scene.client["secret"]
    said = {"id": "forbidden", "message": f"No {code} of {secret}."}
    fault = {"kind": "status", "status": 403, "path": "/oauth/tokens", "body": said}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    answered = scene.by(grant)
    assert "No [hidden] of [hidden]." in answered.get_json()["message"]


def test_a_code_needs_a_client(client: FlaskClient) -> None:
    answered = client.post("/api/tokens", json={"heroku_code": "c"})
    assert refusal(answered) == (409, "no_oauth_client")


@pytest.mark.parametrize("body", [{}, {"heroku_code": "c", "heroku_token": "t"}])
def test_one_proof_is_brought(client: FlaskClient, body: dict[str, str]) -> None:
    assert refusal(client.post("/api/tokens", json=body)) == (422, "invalid_params")


def test_a_client_is_found_again_and_its_secret_told_until_the_listener_has_it(
    scene: Scene,
) -> None:
    with scene.changed(**NO_CLIENT):
        told = scene.provide()
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    found = {key: scene.client[key] for key in ("id", "redirect_uri", "secret")}
    assert told.get_json() == found
    assert scene.clients == [scene.client]

    assert scene.provide().get_json() == found | {"secret": None}


def rotate(scene: Scene, who: str = ADMIN) -> TestResponse:
    """Ask for another secret, as somebody who is logged in."""
    headers = bearer(token_of(scene.parts.database, scene.parts.keys, who))
    return scene.listener.post("/api/login-client/actions/rotate", headers=headers)


def test_a_secret_that_somebody_read_is_no_use_when_it_is_rotated(scene: Scene) -> None:
    told = rotate(scene)
    made = told.get_json()
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    [client] = scene.clients
    assert made == {key: client[key] for key in ("id", "redirect_uri", "secret")}
    assert made["id"] == scene.client["id"]
    assert made["secret"] != scene.client["secret"]

    assert refusal(scene.by(scene.grant())) == (401, "heroku_code_refused")
    with scene.changed(oauth_secret=made["secret"]):
        assert scene.by(scene.grant()).status_code == 201
    headers = bearer(token_of(scene.parts.database, scene.parts.keys, ADMIN))
    entries = scene.listener.get("/api/audit-entries", headers=headers).get_json()
    rotated = [each for each in entries if each["action"] == "oauth_client.rotated"]
    assert [(each["by"], each["subject"]["id"]) for each in rotated] == [(ADMIN, made["id"])]
    assert made["secret"] not in str(entries)


def test_a_secret_that_the_listener_lacks_yet_is_rotated_too(scene: Scene) -> None:
    with scene.changed(**NO_CLIENT):
        made = rotate(scene).get_json()
    assert made["id"] == scene.client["id"]
    assert made["secret"] == scene.clients[0]["secret"] != scene.client["secret"]


def test_only_an_admin_has_a_secret_rotated(scene: Scene) -> None:
    assert refusal(rotate(scene, APPROVER)) == (403, "forbidden")
    fault = {"kind": "status", "status": 403, "path": "/oauth/clients/.*/actions/.*"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    refused = rotate(scene)
    assert refusal(refused) == (502, "heroku_unreadable")
    assert "No new secret is known: run it again." in refused.get_json()["message"]
    assert scene.clients == [scene.client]


def test_a_client_is_made_where_there_is_none_for_this_address(scene: Scene) -> None:
    with scene.changed(**NO_CLIENT, public_url="https://other.example"):
        made = scene.provide().get_json()
    assert made["redirect_uri"] == "https://other.example/login/callback"
    assert made["id"] != scene.client["id"]
    named = {each["name"]: each["secret"] for each in scene.clients}
    assert named == {
        "acme": scene.client["secret"],
        "autopromote at other.example": made["secret"],
    }


def test_the_client_moves_with_the_listener(scene: Scene) -> None:
    with scene.changed(public_url="https://other.example"):
        state, message, cure = scene.finding()
        assert (state, cure) == ("broken", "autopromote login:client -a LISTENER")
        assert message == (
            f"The OAuth client is for {BACK}, and the listener has"
            " https://other.example/login/callback."
        )
        assert scene.provide().get_json()["secret"] is None
        assert scene.finding()[0] == "ok"
    [client] = scene.clients
    assert client["redirect_uri"] == "https://other.example/login/callback"


def test_a_client_that_is_gone_is_told_of_and_made_anew(scene: Scene) -> None:
    scene.ask(ROBOT, "DELETE", f"/oauth/clients/{scene.client['id']}")
    id = scene.client["id"]
    cure = "autopromote login:client -a LISTENER"
    assert scene.finding() == ("broken", f"Heroku knows no OAuth client {id}.", cure)
    made = scene.provide().get_json()
    assert made["secret"] == scene.clients[0]["secret"]


def test_only_an_admin_has_a_client_made(scene: Scene) -> None:
    with scene.changed(**NO_CLIENT):
        assert refusal(scene.provide(APPROVER)) == (403, "forbidden")


def test_without_an_address_of_ours_no_client_is_made(scene: Scene) -> None:
    with scene.changed(**NO_CLIENT, public_url=None):
        assert refusal(scene.provide()) == (409, "no_public_url")


def test_what_heroku_refuses_is_told_and_no_client_made(scene: Scene) -> None:
    fault = {"kind": "status", "status": 403, "method": "POST", "path": "/oauth/clients"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    with scene.changed(**NO_CLIENT, public_url="https://other.example"):
        answered = scene.provide()
    assert refusal(answered) == (502, "heroku_unreadable")
    assert "No OAuth client was made." in answered.get_json()["message"]
    assert scene.clients == [scene.client]


def test_a_client_without_a_secret_is_no_use(scene: Scene) -> None:
    fault = {"kind": "edit", "method": "POST", "path": "/oauth/clients", "drop": ["secret"]}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    with scene.changed(**NO_CLIENT, public_url="https://other.example"):
        assert refusal(scene.provide()) == (502, "heroku_unreadable")


def test_what_is_asked_about_the_client_is_of_the_account_s_calls(scene: Scene) -> None:
    """By an admin: what is kept for rollbacks is kept from this, too."""
    budget = scene.parts.context.heroku.budget
    assert scene.finding()[0] == "ok"
    before = budget.left
    assert before is not None
    scene.provide()
    assert budget.left == before - 1
    budget.note(RESERVE)
    asked = len(scene.asked)
    assert refusal(scene.provide()) == (429, "heroku_spared")
    assert len(scene.asked) == asked


def test_the_doctor_tells_how_people_log_in(scene: Scene) -> None:
    id = scene.client["id"]
    assert scene.finding() == (
        "ok",
        f"People log in by a code for the listener's OAuth client {id}.",
        None,
    )
    fault = {"kind": "status", "status": 500, "path": "/oauth/clients/.*"}
    patient.post(f"{scene.heroku.url}/_emulator/faults", json=fault).raise_for_status()
    assert scene.finding()[0] == "unknown"
    with scene.changed(**NO_CLIENT):
        state, message, cure = scene.finding()
    assert (state, cure) == ("warning", "autopromote login:client -a LISTENER")
    assert "whichever program it was made for" in message
