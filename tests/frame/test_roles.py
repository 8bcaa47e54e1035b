"""Roles: the highest whose patterns match the whole address."""

from __future__ import annotations

import pytest

from listener.roles import Role, Roles

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
    ],
)
def test_an_address_has_the_highest_role_that_matches(email: str, role: Role | None) -> None:
    assert ROLES.of(email) is role


def test_an_empty_list_is_nobody() -> None:
    assert Roles(admins=()).of("ana@acme.com") is None


@pytest.mark.parametrize(
    ("role", "covered"),
    [
        (Role.VIEWER, [Role.VIEWER]),
        (Role.APPROVER, [Role.VIEWER, Role.APPROVER]),
        (Role.ADMIN, [Role.VIEWER, Role.APPROVER, Role.ADMIN]),
    ],
)
def test_a_role_covers_the_lesser_ones(role: Role, covered: list[Role]) -> None:
    assert [needed for needed in Role if role.covers(needed)] == covered
