"""`/api/findings`: what is wrong or may go wrong, over HTTP."""

from __future__ import annotations

from tests.api.routes.caller import Caller
from tests.services.office import PROD, STAGING, Office

PATH = "/api/findings"


def test_everything_is_told_to_a_viewer(admin: Caller, viewer: Caller, office: Office) -> None:
    admin.post("/api/subscriptions", {"app": STAGING})
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    findings = viewer.get(PATH)
    # This listener has no OAuth client of its own, which doctor says.
    assert {each["name"] for each in findings if each["state"] != "ok"} == {"login"}

    office.heroku("DELETE", f"/apps/{STAGING}/webhooks/{office.webhooks()[0]['id']}")
    [broken] = [each for each in viewer.get(PATH) if each["state"] == "broken"]
    assert broken.pop("app")["name"] == STAGING
    assert broken == {
        "name": "webhook",
        "state": "broken",
        "rule": None,
        "message": "The webhook of acme-staging: Heroku has this webhook no more.",
        "why": "Deploys are found late, by reconcile alone.",
        "mend": "autopromote webhooks:add -a acme-staging",
        "facts": {},
    }


def test_the_version_of_who_asks_counts(viewer: Caller) -> None:
    environ = viewer.client.environ_base
    viewer.client.environ_base = environ | {"HTTP_USER_AGENT": "autopromote/0.0.1"}
    [version] = [each for each in viewer.get(PATH) if each["name"] == "version"]
    assert (version["state"], version["mend"]) == ("warning", "pipx install --force .")


def test_looking_changes_nothing(admin: Caller, viewer: Caller, office: Office) -> None:
    admin.post("/api/subscriptions", {"app": STAGING})
    office.heroku("DELETE", f"/apps/{STAGING}/webhooks/{office.webhooks()[0]['id']}")
    viewer.get(PATH)
    [listed] = viewer.get("/api/subscriptions")
    assert listed["healthy"] is None
