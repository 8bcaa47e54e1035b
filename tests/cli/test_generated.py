"""The flags of a rule and the types of answers are those that the listener's API tells."""

from __future__ import annotations

import json

from autopromote.generate import OPTIONS as FLAGS
from autopromote.generate import RESOURCES, options, resources
from listener.api.openapi import described
from listener.app import routes
from listener.core.gates.options import OPTIONS

API = described(routes())
MEND = "run `make cli-api`"


def test_both_files_are_current() -> None:
    assert FLAGS.read_text() == options(API), MEND
    assert RESOURCES.read_text() == resources(API), MEND


def test_every_option_of_a_rule_has_its_flag() -> None:
    flags = json.loads(options(API))
    assert [each["field"] for each in flags] == [*OPTIONS, "notify", "events_to"]
    assert [each["flag"] for each in flags[:-2]] == [each.flag for each in OPTIONS.values()]
