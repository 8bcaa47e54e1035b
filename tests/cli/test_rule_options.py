"""The flags of a rule are those that the listener's API tells."""

from __future__ import annotations

from cli.rule_options import FILE, options, text
from listener.api.openapi import described
from listener.app import routes
from listener.core.gates.options import OPTIONS

API = described(routes())


def test_the_file_is_current() -> None:
    assert FILE.read_text() == text(API), "run `make cli-options`"


def test_every_option_of_a_rule_has_its_flag() -> None:
    assert [each["field"] for each in options(API)] == [*OPTIONS, "notify"]
    assert [each["flag"] for each in options(API)[:-1]] == [each.flag for each in OPTIONS.values()]
