"""The explanations desk: what every rule said of a release, told from what was written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listener.core.promotion import Status
from listener.core.release import Kind
from listener.core.rule import Mode
from listener.errors import HerokuUnreadable, Invalid, NotFound
from listener.services.holds import NewHold
from listener.services.promote import NewPromotions
from listener.services.rule_definition import RuleChange
from listener.services.views import Explanation
from tests.services.office import ANA, EU, PROD, STAGING, Office


def explain(office: Office, version: int | None = None, app: str = STAGING) -> Explanation:
    return office.explanations.explain(app, version=version)


def says(view: Explanation) -> dict[tuple[str, str], str]:
    return {(item.rule_name, item.target_name): item.says for item in view.sayings}


def test_a_deploy_that_went(office: Office) -> None:
    office.add_rule()
    version = office.deploy(STAGING)
    office.look(STAGING)
    view = explain(office)
    assert (view.app_name, view.release.version, view.kind) == (STAGING, version, Kind.DEPLOY)
    assert view.summary == (
        f"acme-staging v{version} is a deploy: the first release with this slug."
        " Promotion to acme-prod: succeeded."
    )
    (made,) = view.promotions
    assert made.row.status is Status.SUCCEEDED
    assert [item.promotion_id for item in view.sayings] == [made.row.id]
    assert says(view) == {("ship", PROD): f"succeeded: {made.row.reason}"}
    assert view.commit is not None


def test_one_that_waits_names_the_next_look(office: Office) -> None:
    office.add_rule(targets=(PROD, EU))
    office.holds.put(NewHold(app=PROD, reason="fair week"), by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    view = explain(office)
    said = says(view)[("ship", PROD)]
    assert said.startswith("waiting: acme-prod is on hold by ana@example.com: fair week")
    assert " Looked at again at 20" in said
    for words in ("acme-prod: waiting", "acme-prod-eu: succeeded", " and "):
        assert words in view.summary


def test_a_promotion_by_hand_is_told_beside_the_rules(office: Office) -> None:
    office.add_rule(mode=Mode.OFF)
    office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(PROD,)), by=ANA)
    view = explain(office)
    assert [made.row.is_by_hand for made in view.promotions] == [True]
    assert says(view) == {("ship", PROD): "Rule ship is off."}


@pytest.mark.parametrize(
    ("path", "body", "kind", "words"),
    [
        ("config", {"FOO": "bar"}, Kind.CONFIG, "is a config change: its slug is that of v"),
        ("addons", {"plan": "heroku-redis:mini"}, Kind.ADDON, "is an add-on change"),
        ("rollbacks", {"release": "3"}, Kind.ROLLBACK, "is a rollback to the slug of v3"),
    ],
)
def test_what_brings_no_new_code_says_so(
    office: Office, path: str, body: dict[str, str], kind: Kind, words: str
) -> None:
    office.deploy(STAGING)
    office.add_rule()
    version = int(office.control(f"apps/{STAGING}/{path}", body)["version"])
    office.look(STAGING)
    view = explain(office, version)
    assert view.kind is kind
    assert words in view.summary
    assert says(view) == {
        ("ship", PROD): "Only a deploy brings new code, so there is nothing to promote."
    }


def test_a_release_below_the_baseline(office: Office) -> None:
    version = office.deploy(STAGING)
    office.add_rule()
    office.work()
    view = explain(office, version)
    assert says(view) == {("ship", PROD): f"Rule ship acts from v{version + 1} on."}
    assert view.summary.endswith(" No rule promoted it.")


def test_a_release_phase_that_runs_and_then_fails(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{STAGING}", {"release_phase": {}}, method="PATCH")
    version = office.deploy(STAGING)
    office.look(STAGING)
    view = explain(office, version)
    assert view.summary.startswith(f"acme-staging v{version} is pending")
    assert "is looked at next at 20" in view.summary
    assert says(view)[("ship", PROD)] == "Looked at again when its release phase ends."
    office.control(f"apps/{STAGING}/releases/{version}", {"status": "failed"})
    office.look(STAGING)
    assert f"v{version} has not run: it is failed." in explain(office, version).summary


def test_the_newest_deploy_is_explained_unless_told_otherwise(office: Office) -> None:
    office.add_rule()
    version = office.deploy(STAGING)
    office.control(f"apps/{STAGING}/config", {"FOO": "bar"})
    office.look(STAGING)
    assert explain(office).release.version == version


def test_what_was_not_looked_at_says_so(office: Office) -> None:
    office.add_rule()
    office.work()
    version = office.deploy(STAGING)
    office.context.reader.releases(office.app(STAGING).id)
    view = explain(office, version)
    assert says(view) == {("ship", PROD): "It was not looked at yet."}


def test_an_app_that_no_rule_names(office: Office) -> None:
    view = explain(office, app=EU)
    assert view.sayings == ()
    assert view.summary.endswith(" No rule promotes from acme-prod-eu.")


def test_an_app_that_is_only_a_target(office: Office) -> None:
    office.add_rule()
    assert explain(office, app=PROD).sayings == ()


def test_what_went_wrong_at_the_last_look_is_said(office: Office) -> None:
    office.add_rule()
    office.work()
    office.break_heroku("/apps/.*/releases")
    office.look(STAGING)
    assert "Heroku could not be read" in explain(office).summary


def test_an_app_made_anew_under_its_old_name_is_the_one_that_is_explained(office: Office) -> None:
    office.add_rule()
    before = office.app(STAGING).id
    office.control(f"apps/{STAGING}", method="DELETE")
    office.make_app(STAGING)
    assert explain(office).app_id != before


def test_what_is_known_is_explained_while_heroku_cannot_be_asked(office: Office) -> None:
    office.add_rule()
    office.break_heroku(".*")
    said = "Heroku could not be asked, so this is the acme-staging that the listener last saw at "
    assert said in explain(office).summary
    with pytest.raises(HerokuUnreadable):
        explain(office, app=EU)


def test_what_is_not_there_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound) as refusal:
        explain(office, 99)
    assert refusal.value.id == "release_not_found"
    with pytest.raises(NotFound) as refusal:
        explain(office, app="no-such-app")
    assert refusal.value.id == "app_not_found"


def test_only_apps_of_the_patterns_are_read(open_office: Callable[..., Office]) -> None:
    office = open_office(allowed_apps=("acme-*",))
    office.make_app("other")
    with pytest.raises(Invalid):
        explain(office, app="other")


def test_a_rule_changed_since_is_told_as_it_stands(office: Office) -> None:
    version = office.deploy(STAGING)
    office.add_rule()
    office.rules.update("ship", RuleChange(targets=(EU,)), by=ANA)
    said = says(explain(office, version))
    assert said == {("ship", EU): f"Rule ship acts from v{version + 1} on."}
