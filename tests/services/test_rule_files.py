"""The files desk: rules as a file declares them, saved together or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode, Route, in_order
from listener.errors import Conflict, HerokuUnreadable, Invalid
from listener.inventory.reader import Snapshot
from listener.services.rule_definition import NewRule
from listener.services.rule_plan import NewFile, Plan
from tests.services.office import ANA, EU, PROD, STAGING, Office
from tests.services.shipped import set_shipment

Told = list[tuple[str, str]]


def wish(name: str = "ship", **said: Any) -> NewRule:
    """A rule from staging to production, unless something else is wished."""
    said = {"source": STAGING, "targets": (PROD,), **said}
    return NewRule(name=name, **said)


def file(*rules: NewRule, **more: Any) -> NewFile:
    """A file of these rules."""
    return NewFile(rules=rules, **more)


def told(plan: Plan) -> Told:
    """What becomes of each rule."""
    return [(str(step.action), step.name) for step in plan.steps]


def names(office: Office) -> list[str]:
    """The rules that there are."""
    return sorted(view.row.name for view in office.rules.list_(app=None, limit=99))


def refusal(office: Office, *rules: NewRule, **more: Any) -> list[str]:
    """Every fault of a file; nothing is saved."""
    before = office.audit()
    with pytest.raises(Invalid) as refused:
        office.files.apply(file(*rules, **more), by=ANA)
    assert office.audit() == before
    return refused.value.message.split("\n")


def test_rules_are_added_changed_kept_and_removed_in_one_go(office: Office) -> None:
    for name in ("change", "keep", "old"):
        office.add_rule(name, mode="off")
    both = file(
        wish("new", targets=(EU,), conditions={"soak": "1h"}),
        wish("keep", mode=Mode.OFF),
        wish("change", conditions={"approvals": 1}),
        prune=True,
    )
    plan = office.files.plan(both)
    assert names(office) == ["change", "keep", "old"]
    done = office.files.apply(both, by=ANA, agreed=plan.id)

    expected = [("add", "new"), ("keep", "keep"), ("change", "change"), ("remove", "old")]
    assert told(plan) == told(done) == expected
    assert plan.message == "1 to add, 1 to change, 1 to remove."
    assert done.message == "1 added, 1 changed, 1 removed."
    assert names(office) == ["change", "keep", "new"]
    changed = office.rules.get("change").row
    assert (changed.revision, changed.mode, changed.conditions.approvals) == (2, Mode.ARMED, 1)
    assert office.rules.get("keep").row.revision == 1
    actions = [entry.action for entry in office.audit()][-3:]
    assert actions == ["rule.removed", "rule.updated", "rule.added"]
    assert {entry.by for entry in office.audit()} == {ANA}


def test_what_changes_is_told_field_by_field(office: Office) -> None:
    office.add_rule(conditions={"soak": "1h"})
    plan = office.files.plan(file(wish(targets=(EU, PROD), conditions={"approvals": 1})))
    changes = {each.field: (each.before, each.after) for each in plan.steps[0].changes}
    assert changes == {
        "to": ([PROD], [EU, PROD]),
        "soak": ("1h", None),
        "approvals": (None, 1),
    }


def test_the_same_file_twice_changes_nothing_and_asks_heroku_nothing(office: Office) -> None:
    whole = file(
        wish(targets=(PROD, EU), conditions={"soak": "1h", "windows": ["daily 9:00-17:00 UTC"]}),
        wish("watch", mode=Mode.SHADOW),
    )
    office.files.apply(whole, by=ANA)
    entries, views = office.audit(), office.rules.list_(app=None, limit=9)
    office.calls()
    again = office.files.apply(file(*reversed(whole.rules)), by=ANA)

    assert again.message == "Nothing to change."
    assert office.calls() == []
    assert (office.audit(), office.rules.list_(app=None, limit=9)) == (entries, views)


def test_whom_a_rule_tells_is_no_matter_of_files(office: Office) -> None:
    office.add_rule(notify=("json://example.com/secret",))
    assert office.files.plan(file(wish())).message == "Nothing to change."
    office.files.apply(file(wish(conditions={"soak": "1h"})), by=ANA)
    assert office.rules.get("ship").notify == ("json://…",)


def test_what_the_file_does_not_name_stays_unless_it_is_pruned(office: Office) -> None:
    office.add_rule("old")
    plan = office.files.apply(file(wish()), by=ANA)
    assert plan.message == "1 added. Not in the file, and left alone: old."
    assert names(office) == ["old", "ship"]
    assert office.files.plan(file(prune=True)).message == "2 to remove."


def test_a_new_rule_acts_from_now_on_and_a_changed_one_as_it_did(office: Office) -> None:
    office.add_rule()
    baseline = office.current(STAGING)["version"]
    newer = office.deploy(STAGING)
    office.files.apply(file(wish(targets=(PROD, EU), conditions={"soak": "1h"})), by=ANA)
    row = office.rules.get("ship").row

    based = {target.app_id: target.baseline for target in row.targets}
    assert based == {office.app(PROD).id: baseline, office.app(EU).id: newer}


def test_what_waits_is_decided_anew_and_what_is_removed_cancels(office: Office) -> None:
    office.add_rule("ship", conditions={"soak": "1h"})
    office.add_rule("europe", targets=(EU,), conditions={"soak": "1h"})
    office.deploy(STAGING)
    office.look(STAGING)
    assert [row.status for row in office.found()] == [Status.WAITING, Status.WAITING]
    done = office.files.apply(file(wish("ship"), prune=True), by=ANA)
    (ended,) = (row.id for row in office.found() if row.target_id == office.app(EU).id)
    assert {step.name: step.cancelled for step in done.steps} == {"ship": (), "europe": (ended,)}
    office.work()

    by_rule = {row.target_id: row.status for row in office.found()}
    assert by_rule == {
        office.app(PROD).id: Status.SUCCEEDED,
        office.app(EU).id: Status.CANCELLED,
    }


def test_every_fault_of_every_rule_is_told_at_once(office: Office) -> None:
    faults = refusal(
        office,
        wish("one", conditions={"soak": "soon", "windows": ["never"]}, targets=("nowhere",)),
        wish("two", targets=(STAGING,)),
        wish("two"),
        wish("three", targets=(EU,)),
        wish("four", source=PROD, targets=(EU,)),
        faults=("five: sok is unknown; the nearest known is soak.",),
    )
    assert faults[0] == "five: sok is unknown; the nearest known is soak."
    assert [fault.split(" ")[0] for fault in faults] == [
        "five:",
        "one:",
        "one:",
        "one:",
        "two:",
        "two:",
        "three:",
        "four:",
    ]
    for words in (
        "one: soak: 'soon' is no duration",
        "one: windows: 'never' is no window",
        "one: Heroku knows no app nowhere",
        f"two: {STAGING} cannot be promoted onto itself",
        "two: the file declares it twice.",
        f"three: {EU} already gets its releases from {PROD} by rule four",
    ):
        assert any(fault.startswith(words) for fault in faults), words


def test_rules_are_checked_as_all_of_them_will_stand(office: Office) -> None:
    """Production changes its source and a chain turns round, which one change could not do."""
    office.add_rule("old")
    office.add_rule("on", source=PROD, targets=(EU,))
    turned = file(
        wish("first", source=EU, targets=(PROD,)),
        wish("on", source=PROD, targets=(EU,)),
        prune=True,
    )
    with pytest.raises(Invalid, match=f"in a ring: {EU} → {PROD} → {EU}"):
        office.files.apply(turned, by=ANA)
    done = office.files.apply(file(wish("first", source=EU, targets=(PROD,)), prune=True), by=ANA)

    assert told(done) == [("add", "first"), ("remove", "old"), ("remove", "on")]
    assert names(office) == ["first"]


def test_the_source_of_a_rule_does_not_change(office: Office) -> None:
    office.add_rule()
    (fault,) = refusal(office, wish(source=EU))
    assert fault.startswith(f"ship: from: a rule's source does not change, and it is {STAGING}.")


def test_apps_outside_of_what_is_allowed_are_refused(open_office: Any) -> None:
    office = open_office(allowed_apps=("acme-*",))
    for name in (STAGING, PROD, "other"):
        office.make_app(name)
    (fault,) = refusal(office, wish(targets=(PROD, "other")))
    assert fault == (
        "ship: other may be neither source nor target: AUTOPROMOTE_APPS does not name it."
    )


def test_without_heroku_nothing_at_all_is_saved(office: Office) -> None:
    office.add_rule("change", targets=(EU,))
    before = office.audit()
    office.break_heroku(f"/apps/{office.app(EU).id}/releases")
    rules = (
        wish("new"),
        wish("change", targets=(EU,), conditions={"soak": "1h"}),
        wish("watch", targets=(EU,)),
    )
    with pytest.raises(HerokuUnreadable, match=r"No rule was saved\."):
        office.files.apply(file(*rules), by=ANA)

    assert (names(office), office.audit()) == (["change"], before)


def test_a_plan_that_is_none_any_more_is_not_carried_out(office: Office) -> None:
    office.add_rule("old")
    agreed = office.files.plan(file(wish(), prune=True)).id
    office.add_rule("older")
    with pytest.raises(Conflict, match="not the plan that was agreed to") as refused:
        office.files.apply(file(wish(), prune=True), by=ANA, agreed=agreed)
    assert refused.value.id == "plan_changed"
    assert names(office) == ["old", "older"]


def test_what_somebody_changed_while_heroku_was_asked_is_not_overwritten(office: Office) -> None:
    office.add_rule("old")

    class Meddler:
        """Somebody else removes a rule while we ask."""

        def __getattr__(self, name: str) -> Any:
            return getattr(office.context.reader, name)

        def releases(self, app_id: str, **how: Any) -> Snapshot:
            if "old" in names(office):
                office.rules.remove("old", by=ANA)
            return office.context.reader.releases(app_id, **how)

    with pytest.raises(Conflict, match="changed by somebody else meanwhile") as refused:
        office.files_desk_reading_by(Meddler()).apply(file(wish()), by=ANA)
    assert refused.value.id == "rule_changed"
    assert names(office) == []


@pytest.mark.parametrize(
    ("routes", "order"),
    [
        ([("s", "b", "a")], ["s", "a", "b"]),
        ([("p", "e"), ("s", "p")], ["s", "p", "e"]),
        ([("a", "b"), ("b", "a")], ["a", "b"]),
        ([], []),
    ],
)
def test_a_source_is_locked_before_its_targets(routes: Any, order: list[str]) -> None:
    assert in_order(Route("", source, targets) for source, *targets in routes) == order


def test_a_plan_warns_of_a_second_rule_and_of_a_source_nobody_tells_of(office: Office) -> None:
    """A second rule from and to the same app lets through what the first one holds back."""
    office.add_rule("ship", conditions={"approvals": 1})
    plan = office.files.plan(file(wish("fast"), wish("eu", targets=(EU,))))
    assert [step.mode for step in plan.steps] == [Mode.ARMED, Mode.ARMED]
    both, late = plan.warnings
    assert both == (
        "Rules fast and ship both promote acme-staging to acme-prod: a release goes as soon as one"
        " of them lets it, whatever the other asks."
    )
    assert late.endswith("Run `autopromote webhooks:add --app acme-staging`.")
    assert office.files.plan(file(wish("fast", mode=Mode.OFF))).warnings == ()
    assert len(office.files.plan(file(wish("fast", mode=Mode.SHADOW))).warnings) == 1
    assert office.files.plan(file(wish("fast"), prune=True)).warnings == (late,)

    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    assert office.files.apply(file(wish("fast")), by=ANA).warnings == (both,)
    assert office.files.plan(file(wish("fast"))).warnings == (both,), "as long as it is so"


def test_a_plan_warns_of_commits_that_nobody_tells(office: Office) -> None:
    """Every release that such a rule finds waits for a person."""
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    asking = file(wish(conditions={"not_commit_messages": ["*wip*"]}))
    assert office.files.apply(asking, by=ANA).warnings == ()
    office.deploy(STAGING)
    office.look(STAGING)
    set_shipment(office.database, office.found()[-1].id, untold="nobody")
    message = (
        "ship: commits: what ships was told for 0 of 1 promotions of acme-staging: this rule would"
        " hold back everything until a person approves each."
    )
    assert office.files.plan(asking).warnings == (message,), "as long as it is so"
    off = file(wish(conditions={"not_commit_messages": ["*wip*"]}, mode=Mode.OFF))
    assert office.files.plan(off).warnings == ()
