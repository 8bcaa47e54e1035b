"""Whether somebody tells of the checks that a rule asks for."""

from __future__ import annotations

from dataclasses import replace

from listener.core.finding import Finding, State
from listener.db import rules
from listener.github import GitHub, Token
from listener.inventory.commits import CommitReader
from listener.services import doctor_checks
from tests.services.office import Office


def findings(office: Office, *, has_credentials: bool = True) -> list[Finding]:
    """What is found of the rules, with credentials that nobody uses here."""
    github = GitHub(Token("ghp_0123"), url="http://127.0.0.1:9") if has_credentials else None
    inner = office.context
    commits = CommitReader(inner.database, inner.heroku, inner.reader, github)
    context = replace(inner, github=github, commits=commits)
    with context.database.begin() as conn:
        live = rules.live(conn)
    return doctor_checks.findings(context, live)


def test_a_rule_that_asks_for_no_checks_needs_nobody(office: Office) -> None:
    office.add_rule()
    assert findings(office) == []


def test_without_credentials_everything_waits_for_people(office: Office) -> None:
    office.add_rule(conditions={"required_checks": ["test"]})
    [found] = findings(office, has_credentials=False)
    assert (found.name, found.state, found.rule) == ("checks", State.BROKEN, "ship")
    assert found.message == "Rule ship asks for checks, and no credentials of GitHub are set."
    assert found.mend.startswith("heroku config:set AUTOPROMOTE_GITHUB_TOKEN=")


def test_so_it_does_without_a_repository(office: Office) -> None:
    office.add_rule(conditions={"github_checks": True})
    [found] = findings(office)
    assert (found.state, found.mend) == (
        State.BROKEN,
        "autopromote rules:update ship --repo OWNER/NAME",
    )


def test_where_somebody_tells_it_is_well(office: Office) -> None:
    office.add_rule(conditions={"github_checks": True, "repo": "acme/shop"})
    [found] = findings(office)
    assert (found.state, found.message) == (
        State.OK,
        "Rule ship goes by the checks of acme/shop.",
    )


def test_what_heroku_does_not_answer_is_unknown(office: Office) -> None:
    office.add_rule(conditions={"github_checks": True})
    office.break_heroku("/apps/.*/repo", status=503, times=9)
    [found] = findings(office)
    assert found.state is State.UNKNOWN


def test_the_doctor_tells_it(office: Office) -> None:
    office.add_rule(conditions={"github_checks": True})
    assert ("checks", State.BROKEN) in [(each.name, each.state) for each in office.examine()]
