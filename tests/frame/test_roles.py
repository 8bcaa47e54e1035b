"""Roles: those whose patterns match the whole address, for all apps or for some."""

from __future__ import annotations

import pytest

from listener.roles import EVERYTHING, BadEntry, Grant, Rights, Role, Roles, Scope, parse

ROLES = Roles(
    admins=("ana@acme.com", "*@ops.acme.com"),
    approvers=("Bo@Acme.com",),
    viewers=("*@acme.com",),
)


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("ana@acme.com", Role.ADMIN),
        ("ANA@ACME.COM", Role.ADMIN),
        ("zoe@ops.acme.com", Role.ADMIN),
        ("bo@acme.com", Role.APPROVER),
        ("cy@acme.com", Role.VIEWER),
        ("cy@acme.com.evil.org", None),
        ("cy@evil.org", None),
        ("ana@acme.com ", None),
        ("ana@acme.com\n", None),
        ("banana@acme.com.", None),
        ("zoe@ops.acme.co", None),
        ("", None),
        ("an\u00e4@acme.com", None),
        ("ana@ac\u212ae.com", None),  # a sign for Kelvin, which folds to k
    ],
)
def test_an_address_has_the_highest_role_that_matches(email: str, role: Role | None) -> None:
    found = ROLES.of(email)
    assert (found.role if found is not None else None) is role


def test_an_empty_list_is_nobody() -> None:
    assert Roles(admins=()).of("ana@acme.com") is None


@pytest.mark.parametrize(
    ("role", "covered"),
    [
        (Role.VIEWER, [Role.VIEWER]),
        (Role.PROMOTER, [Role.VIEWER, Role.PROMOTER]),
        (Role.APPROVER, [Role.VIEWER, Role.PROMOTER, Role.APPROVER]),
        (Role.ADMIN, [Role.VIEWER, Role.PROMOTER, Role.APPROVER, Role.ADMIN]),
    ],
)
def test_a_role_covers_the_lesser_ones(role: Role, covered: list[Role]) -> None:
    assert [needed for needed in Role if role.covers(needed)] == covered


TEAMS = Roles(
    admins=("ana@acme.com", "*@pay.acme.com=pay-*+shop-?", "!leaver@pay.acme.com"),
    approvers=("Bo@Acme.com=shop-a", "leaver@pay.acme.com"),
    viewers=("*@acme.com", "*@pay.acme.com=shop-a", "!mallory@*"),
)


def rights(email: str) -> Rights:
    """What this person may do, who may do something."""
    found = TEAMS.of(email)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("email", "app", "role"),
    [
        ("ana@acme.com", "pay-prod", Role.ADMIN),
        ("pia@pay.acme.com", "pay-prod", Role.ADMIN),
        ("pia@pay.acme.com", "shop-a", Role.ADMIN),
        ("pia@pay.acme.com", "shop-ab", None),
        ("pia@pay.acme.com", "xpay-prod", None),
        ("pia@pay.acme.com", "pay", None),
        ("pia@pay.acme.com", "Pay-prod", None),
        ("bo@acme.com", "shop-a", Role.APPROVER),
        ("bo@acme.com", "shop-b", Role.VIEWER),
    ],
)
def test_for_an_app_the_highest_role_counts_whose_patterns_match_both(
    email: str, app: str, role: Role | None
) -> None:
    assert rights(email).on(app) is role


def test_who_is_bound_to_apps_has_no_role_in_what_concerns_all() -> None:
    assert rights("ana@acme.com").overall is Role.ADMIN
    assert rights("bo@acme.com").overall is Role.VIEWER
    assert rights("pia@pay.acme.com").overall is None


def test_the_apps_of_a_role_are_those_of_the_higher_ones_too() -> None:
    assert rights("pia@pay.acme.com").scope(Role.ADMIN) == Scope(("pay-*", "shop-?"))
    assert rights("pia@pay.acme.com").scope() == Scope(("pay-*", "shop-?", "shop-a"))
    assert rights("bo@acme.com").scope() == EVERYTHING
    assert rights("bo@acme.com").scope(Role.APPROVER) == Scope(("shop-a",))
    assert rights("bo@acme.com").scope(Role.ADMIN) == Scope(())


@pytest.mark.parametrize(
    "email", ["leaver@pay.acme.com", "LEAVER@pay.acme.com", "mallory@acme.com", "mallory@evil.org"]
)
def test_who_is_left_out_in_one_list_is_left_out_of_all(email: str) -> None:
    assert TEAMS.of(email) is None


def test_a_machine_has_rights_of_the_same_kind() -> None:
    machine = Rights.of(Role.APPROVER, ["pay-*"])
    assert (machine.on("pay-prod"), machine.on("shop"), machine.overall) == (
        Role.APPROVER,
        None,
        None,
    )
    assert Rights.of(Role.VIEWER).overall is Role.VIEWER
    assert Rights.of(Role.VIEWER, []).on("pay-prod") is None  # no pattern is no app, not every one
    with pytest.raises(ValueError, match="no grant"):
        Rights(())


def test_rights_are_told_as_people_write_them() -> None:
    assert str(rights("bo@acme.com")) == "approver of shop-a, viewer"
    assert str(Grant(Role.ADMIN, Scope(("pay-*", "shop-*")))) == "admin of pay-*+shop-*"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("*@*", "strangers"),
        ("ana@*", "strangers"),
        ("*@*.com", "strangers"),
        ("*@acme.*", "strangers"),
        ("*@*acme.com", "strangers"),
        ("*@[a-z]cme.com", "strangers"),
        ("*@*=pay-*", "strangers"),
        ("an\u00e4@acme.com", "ASCII"),
        ("ana@acme.com=p\u00e4y", "ASCII"),
        ("ana@ac me.com", "ASCII"),
        ("ana", "ASCII"),
        ("a@b@c", "ASCII"),
        ("!ana@acme.com=pay-*", "names no apps"),
        ("ana@acme.com=", "must name apps"),
        ("ana@acme.com=pay-*+", "must name apps"),
        ("ana@acme.com=Pay", "must name apps"),
        ("ana@acme.com=pay=shop", "must name apps"),
        (f"{'a' * 1000}@acme.com", "ASCII"),
    ],
)
def test_what_is_no_entry_is_said(text: str, why: str) -> None:
    with pytest.raises(BadEntry, match=why):
        parse(text)


@pytest.mark.parametrize("text", ["*@acme.com", "*@*.acme.com", "a*b@ops.acme.com=*", "!*@*"])
def test_what_is_an_entry_is_one(text: str) -> None:
    assert parse(text).email in text
