"""The rules desk: what is saved, since when it acts, and what a change brings with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode, OnNewer, Strategy
from listener.db import holds, repositories, rules
from listener.errors import Conflict, HerokuUnreadable, Invalid, NotFound
from listener.services.rule_definition import NewRule, RuleChange
from tests.services.office import ANA, EU, PROD, STAGING, Office
from tests.services.shipped import set_shipment


def baselines(office: Office, name: str = "ship") -> dict[str, int]:
    view = office.rules.get(name)
    return {view.names[target.app_id]: target.baseline for target in view.row.targets}


def statuses(office: Office) -> list[tuple[int, Status]]:
    return [(row.version, row.status) for row in office.found()]


def newest(office: Office, app: str = STAGING) -> int:
    return int(office.releases(app)[-1]["version"])


# Adding.


def test_a_new_rule_acts_from_the_next_version_on(office: Office) -> None:
    office.add_rule(targets=(PROD, EU))
    now = newest(office)
    assert baselines(office) == {PROD: now, EU: now}
    office.work()
    assert office.found() == []


def test_what_is_released_after_the_rule_goes(office: Office) -> None:
    office.add_rule()
    version = office.deploy(STAGING)
    office.look(STAGING)
    assert statuses(office) == [(version, Status.SUCCEEDED)]


def test_apps_are_kept_by_id_and_named_anew(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{PROD}", {"name": "acme-live"}, method="PATCH")
    office.rules.update("ship", RuleChange(targets=("acme-live",)), by=ANA)
    view = office.rules.get("ship")
    assert view.row.revision == 1
    assert [view.names[app_id] for app_id in view.row.target_ids] == ["acme-live"]


def test_a_target_named_twice_is_one_target(office: Office) -> None:
    view = office.add_rule(targets=(PROD, office.heroku("GET", f"/apps/{PROD}")["id"], PROD))
    assert len(view.row.targets) == 1


def test_a_rule_is_found_by_name_and_by_id(office: Office) -> None:
    view = office.add_rule()
    assert office.rules.get("ship").row == office.rules.get(str(view.row.id)).row
    with pytest.raises(NotFound) as refusal:
        office.rules.get("9" * 30)
    assert refusal.value.id == "rule_not_found"


def test_rules_are_listed_by_either_app_newest_first(office: Office) -> None:
    office.add_rule("one")
    office.add_rule("two", targets=(EU,), mode=Mode.OFF)
    listed = [view.row.name for view in office.rules.list_(app=STAGING, limit=10)]
    assert listed == ["two", "one"]
    assert [view.row.name for view in office.rules.list_(app=PROD, limit=10)] == ["one"]
    assert [view.row.name for view in office.rules.list_(app=None, limit=1)] == ["two"]
    assert office.rules.list_(app="nobody-knows", limit=10) == []


def test_every_change_is_written_down(office: Office) -> None:
    office.add_rule()
    office.rules.update("ship", RuleChange(mode=Mode.SHADOW), by="bo@example.com")
    office.rules.remove("ship", by=ANA)
    entries = office.audit()
    assert [(entry.action, entry.by) for entry in entries] == [
        ("rule.added", ANA),
        ("rule.updated", "bo@example.com"),
        ("rule.removed", ANA),
    ]
    added, updated, removed = entries
    assert added.before is None
    assert added.after == updated.before
    assert (updated.before["mode"], updated.after["mode"]) == ("armed", "shadow")
    assert (removed.before, removed.after) == (updated.after, None)


# What is refused.


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"targets": (STAGING,)}, "cannot be promoted onto itself"),
        ({"targets": ("no-such-app",)}, "Heroku knows no app no-such-app"),
        ({"source": "no-such-app"}, "Heroku knows no app no-such-app"),
        ({"source": "../oauth"}, "Heroku knows no app ../oauth"),
        ({"strategy": Strategy.PIPELINE}, "Neither acme-staging nor acme-prod is in a pipeline"),
        ({"source": EU}, "already gets its releases from acme-staging by rule ship"),
        ({"source": PROD, "targets": (STAGING,)}, "acme-prod → acme-staging → acme-prod"),
    ],
)
def test_is_refused(office: Office, wish: dict[str, Any], words: str) -> None:
    office.add_rule()
    with pytest.raises(Invalid, match=words):
        office.add_rule("other", **wish)
    assert [view.row.name for view in office.rules.list_(app=None, limit=10)] == ["ship"]


def test_a_ring_is_refused_only_once_the_rule_is_on(office: Office) -> None:
    office.add_rule()
    back = {"source": PROD, "targets": (STAGING,)}
    office.add_rule("back", mode=Mode.OFF, **back)
    with pytest.raises(Invalid, match="in a ring"):
        office.rules.update("back", RuleChange(mode=Mode.SHADOW), by=ANA)
    office.rules.update("ship", RuleChange(mode=Mode.OFF), by=ANA)
    office.rules.update("back", RuleChange(mode=Mode.SHADOW), by=ANA)
    with pytest.raises(Invalid, match="in a ring"):
        office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)


def test_a_name_is_taken_until_its_rule_is_removed(office: Office) -> None:
    office.add_rule()
    office.add_rule("second", targets=(EU,))
    with pytest.raises(Conflict) as refusal:
        office.add_rule()
    assert refusal.value.id == "rule_exists"
    with pytest.raises(Conflict):
        office.rules.update("second", RuleChange(name="ship"), by=ANA)
    office.rules.remove("ship", by=ANA)
    office.rules.update("second", RuleChange(name="ship"), by=ANA)
    assert office.rules.get("ship").row.revision == 2


def test_only_apps_of_the_patterns_are_accepted(open_office: Callable[..., Office]) -> None:
    office = open_office(allowed_apps=("acme-*",))
    for name in (STAGING, "other-prod"):
        office.make_app(name)
    with pytest.raises(Invalid, match="AUTOPROMOTE_APPS does not name it") as refusal:
        office.add_rule(targets=("other-prod",))
    assert refusal.value.id == "app_not_allowed"


@pytest.mark.parametrize("path", ["/apps/acme-staging$", "/apps/.*/releases"])
def test_nothing_is_saved_where_heroku_cannot_be_read(office: Office, path: str) -> None:
    office.break_heroku(path)
    with pytest.raises(HerokuUnreadable, match=r"The rule was not saved\.$"):
        office.add_rule()
    office.mend_heroku()
    assert office.rules.list_(app=None, limit=10) == []
    assert office.audit() == []


def test_nothing_is_changed_where_heroku_cannot_be_read(office: Office) -> None:
    before = office.add_rule(mode=Mode.SHADOW)
    office.break_heroku("/apps/.*/releases", status=401)
    with pytest.raises(HerokuUnreadable, match="HEROKU_API_KEY is not valid"):
        office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)
    office.mend_heroku()
    assert office.rules.get("ship") == before


# Changing.


def test_a_change_that_changes_nothing_makes_no_revision(office: Office) -> None:
    before = office.add_rule()
    same = RuleChange(name="ship", mode=Mode.ARMED, targets=(PROD,), on_newer=OnNewer.SUPERSEDE)
    assert office.rules.update("ship", same, by=ANA) == before
    assert len(office.audit()) == 1


def test_arming_sets_the_baselines_anew(office: Office) -> None:
    office.add_rule(mode=Mode.SHADOW)
    version = office.deploy(STAGING)
    view = office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)
    assert (view.row.revision, baselines(office)) == (2, {PROD: version})
    office.deploy(STAGING)
    office.rules.update("ship", RuleChange(on_newer=OnNewer.KEEP), by=ANA)
    assert baselines(office) == {PROD: version}


def test_going_back_to_shadow_keeps_the_baselines(office: Office) -> None:
    office.add_rule()
    before = baselines(office)
    office.deploy(STAGING)
    office.rules.update("ship", RuleChange(mode=Mode.SHADOW), by=ANA)
    assert baselines(office) == before


def test_an_added_target_alone_gets_a_new_baseline(office: Office) -> None:
    office.add_rule()
    before = baselines(office)[PROD]
    version = office.deploy(STAGING)
    office.rules.update("ship", RuleChange(targets=(EU, PROD)), by=ANA)
    assert baselines(office) == {PROD: before, EU: version}


def waiting(office: Office, **wish: Any) -> int:
    """A rule and a promotion that waits under it, kept from going by a hold."""
    office.add_rule(**wish)
    with office.database.begin() as conn:
        holds.put(conn, None, reason="wait", by=ANA)
    version = office.deploy(STAGING)
    office.look(STAGING)
    assert {row.status for row in office.found()} == {Status.WAITING}
    return version


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (RuleChange(mode=Mode.OFF), "Rule ship was turned off by ana@example.com."),
        (
            RuleChange(targets=(EU,)),
            "Rule ship no longer promotes to acme-prod: changed by ana@example.com.",
        ),
    ],
)
def test_what_waits_is_cancelled(office: Office, change: RuleChange, reason: str) -> None:
    waiting(office)
    office.rules.update("ship", change, by=ANA)
    (row,) = office.found()
    assert (row.status, row.reason) == (Status.CANCELLED, reason)


def test_each_promotion_that_ends_with_its_rule_is_named_and_in_the_audit(office: Office) -> None:
    waiting(office, targets=(PROD, EU))
    ids = sorted(row.id for row in office.found())
    assert sorted(office.rules.remove("ship", by=ANA).cancelled) == ids
    ended = [entry.subject_id for entry in office.audit() if entry.action == "promotion.cancelled"]
    assert sorted(map(int, ended)) == ids


def test_removing_a_rule_cancels_what_waits(office: Office) -> None:
    waiting(office, targets=(PROD, EU))
    view = office.rules.remove("ship", by=ANA)
    assert view.row.removed_at is not None
    assert {row.status for row in office.found()} == {Status.CANCELLED}
    with pytest.raises(NotFound):
        office.rules.get("ship")


def test_arming_cancels_what_the_shadow_waited_for(office: Office) -> None:
    version = waiting(office, mode=Mode.SHADOW)
    office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)
    (row,) = office.found()
    assert row.status is Status.CANCELLED
    assert f"it acts from v{version + 1} on" in row.reason
    office.look(STAGING)
    assert len(office.found()) == 1


def test_what_waits_is_decided_anew_by_the_new_revision(office: Office) -> None:
    waiting(office)
    (before,) = office.found()
    office.rules.update("ship", RuleChange(on_newer=OnNewer.KEEP), by=ANA)
    (after,) = office.found()
    assert (after.status, after.rule_revision) == (Status.WAITING, 2)
    assert after.fence == before.fence + 1
    assert before.due_at is not None
    assert after.due_at is not None
    assert after.due_at < before.due_at


def test_a_rule_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    office.add_rule()

    class Meddler:
        """Somebody who changes the rule while Heroku is asked for its new target."""

        def __init__(self) -> None:
            self.is_done = False

        def app(self, name: str) -> object:
            if not self.is_done:
                self.is_done = True
                office.rules.update("ship", RuleChange(on_newer=OnNewer.KEEP), by="bo@example.com")
            return office.context.reader.app(name)

        def releases(self, app_id: str, **how: Any) -> object:
            return office.context.reader.releases(app_id, **how)

    desk = office.rules_desk_reading_by(Meddler())
    with pytest.raises(Conflict) as refusal:
        desk.update("ship", RuleChange(targets=(PROD, EU)), by=ANA)
    assert refusal.value.id == "rule_changed"
    assert office.rules.get("ship").row.on_newer is OnNewer.KEEP
    assert len(office.rules.get("ship").row.targets) == 1


# What a target is known to run.


def test_arming_takes_what_the_target_runs_as_explained(office: Office) -> None:
    office.add_rule(mode=Mode.SHADOW)
    office.context.reader.app(PROD)
    assert office.app(PROD).known is None
    office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)
    known = office.app(PROD).known
    assert known is not None
    assert known.artifact == office.current(PROD)["slug"]["id"]


def test_a_second_armed_rule_explains_nothing(office: Office) -> None:
    office.add_rule()
    before = office.app(PROD).known
    office.deploy(PROD)  # a hotfix that nobody explained
    office.add_rule("second")
    assert office.app(PROD).known == before
    office.rules.update("ship", RuleChange(mode=Mode.SHADOW), by=ANA)
    office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)
    assert office.app(PROD).known == before


def test_after_every_armed_rule_was_gone_it_is_explained_anew(office: Office) -> None:
    office.add_rule()
    before = office.app(PROD).known
    office.rules.remove("ship", by=ANA)
    version = office.deploy(PROD)
    office.add_rule()
    known = office.app(PROD).known
    assert known is not None
    assert before is not None
    assert (before.version, known.version) == (version - 1, version)


# At the same time.


def test_what_heroku_tells_of_while_the_rule_is_saved_goes(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")

    class Busy:
        """Readings of a source of which Heroku tells something new as soon as it was read."""

        def __init__(self) -> None:
            self.versions: list[int] = []

        def app(self, name: str) -> object:
            return office.context.reader.app(name)

        def releases(self, app_id: str, **how: Any) -> object:
            reading = office.context.reader.releases(app_id, **how)
            if not self.versions:
                self.versions.append(office.deploy(STAGING))
                office.receive()
                office.work()
            return reading

    busy = Busy()
    wish = NewRule(name="ship", source=STAGING, targets=(PROD,))
    office.rules_desk_reading_by(busy).add(wish, by=ANA)
    office.work()
    assert statuses(office) == [(busy.versions[0], Status.SUCCEEDED)]


def test_a_rule_that_is_saved_costs_no_look(office: Office) -> None:
    office.add_rule()
    office.calls()
    office.work()
    assert office.calls() == []


def test_two_rules_without_an_app_in_common_do_not_close_a_ring_at_once(office: Office) -> None:
    office.make_app("acme-canary")
    office.add_rule("there", source=PROD, targets=(EU,))
    office.add_rule("back", source="acme-canary", targets=(STAGING,))
    ids = {name: office.context.reader.app(name).id for name in (STAGING, PROD)}
    with ThreadPoolExecutor(1) as pool:
        with office.database.begin() as conn:
            rules.lock(conn)
            rules.add(
                conn,
                by=ANA,
                targets=[rules.RuleTarget(ids[PROD], 0)],
                declared={},
                name="first",
                mode=Mode.ARMED,
                strategy=Strategy.SLUG,
                on_newer=OnNewer.SUPERSEDE,
                source_id=ids[STAGING],
            )
            second = pool.submit(office.add_rule, "second", source=EU, targets=("acme-canary",))
            while not (second.done() or office.somebody_waits_for_a_lock()):
                pass
        with pytest.raises(Invalid, match="in a ring"):
            second.result()


# What may surprise.


def test_a_second_rule_for_the_same_way_is_told_of_both(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    assert office.add_rule("ship", conditions={"approvals": 1}).warnings == ()
    (warning,) = office.add_rule("fast", targets=(EU, PROD)).warnings
    assert warning == (
        "Rules fast and ship both promote acme-staging to acme-prod: a release goes as soon as one"
        " of them lets it, whatever the other asks."
    )
    assert office.rules.get("ship").warnings[0].startswith("Rules ship and fast both promote ")
    assert office.rules.update("fast", RuleChange(mode=Mode.SHADOW), by=ANA).warnings == ()
    assert len(office.rules.update("fast", RuleChange(mode=Mode.ARMED), by=ANA).warnings) == 1
    office.rules.remove("fast", by=ANA)
    assert office.rules.get("ship").warnings == ()


def test_checks_that_are_ignored_for_nothing_are_told(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    (warning,) = office.add_rule(conditions={"ignored_checks": ["lint"]}).warnings
    assert "`--ignore-check` counts with `--checks` alone" in warning
    change = RuleChange(conditions={"github_checks": True})
    assert office.rules.update("ship", change, by=ANA).warnings == ()


def test_a_rule_whose_source_nobody_tells_of_says_so(office: Office) -> None:
    (warning,) = office.add_rule().warnings
    assert warning == (
        "Heroku does not tell the listener of acme-staging's releases, so they are found late, by"
        " reconcile alone. Run `autopromote webhooks:add --app acme-staging`."
    )
    assert office.rules.update("ship", RuleChange(mode=Mode.OFF), by=ANA).warnings == ()
    office.rules.update("ship", RuleChange(mode=Mode.SHADOW), by=ANA)
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    assert office.rules.get("ship").warnings == ()


HOLDS_BACK = "this rule would hold back everything until a person approves each."
OTHERS_WAIT = "the others wait until a person approves each."
MESSAGES = {"not_commit_messages": ["*wip*"]}
NOBODY_TELLS = {"untold": "Heroku names no commit of what goes."}


def promoted(office: Office, *what_ships: dict[str, Any]) -> None:
    """A promotion of each release, of which this was read."""
    for values in what_ships:
        office.deploy(STAGING)
        office.look(STAGING)
        set_shipment(office.database, office.found()[-1].id, **values)


def test_a_condition_on_commits_that_nobody_tells_says_so(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    assert office.add_rule(conditions=MESSAGES).warnings == (), "nobody was asked yet"
    promoted(office, NOBODY_TELLS, NOBODY_TELLS, {})
    (warning,) = office.rules.get("ship").warnings
    assert warning == (
        f"commits: what ships was told for 0 of 2 promotions of acme-staging: {HOLDS_BACK}"
    )
    change = RuleChange(conditions={"not_commit_messages": None, "commit_authors": ["bo"]})
    assert office.rules.update("ship", change, by=ANA).warnings == (warning,)
    off = RuleChange(mode=Mode.OFF)
    assert office.rules.update("ship", off, by=ANA).warnings == ()


def test_where_some_commits_are_told_the_rule_says_for_how_many(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.add_rule(conditions=MESSAGES)
    same = {"base": "a" * 40, "head": "a" * 40}
    promoted(office, same)
    assert office.rules.get("ship").warnings == ()
    promoted(office, NOBODY_TELLS)
    assert office.rules.get("ship").warnings == (
        f"commits: what ships was told for 1 of 2 promotions of acme-staging: {OTHERS_WAIT}",
    )


def test_a_source_whose_repository_nobody_tells_is_warned_of_at_once(office: Office) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.look(STAGING)
    with office.database.begin() as conn:
        app_id = office.app(STAGING).id
        repositories.set_of_app(conn, app_id, None, why="Refused.", for_=timedelta(days=1))
    assert office.add_rule(conditions=MESSAGES).warnings == (
        f"commits: nobody tells the repository of acme-staging: {HOLDS_BACK}",
    )
    named = RuleChange(conditions={"repo": "acme/shop"})
    assert office.rules.update("ship", named, by=ANA).warnings == ()
