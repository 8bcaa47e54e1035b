"""The pipelines desk: only what something can be promoted in."""

from __future__ import annotations

import pytest

from listener.errors import HerokuUnreadable
from tests.bound import Bound
from tests.services.conftest import OpenOffice
from tests.services.office import EU, PROD, STAGING, Office


def couple(office: Office, name: str, **couplings: list[str]) -> None:
    """A pipeline with apps at stages."""
    body = {"name": name, "owner": "ana@example.com", "couplings": couplings}
    office.control("pipelines", body)


def shown(office: Office) -> dict[str, tuple[list[str], list[str]]]:
    """The names of the apps at both stages, by pipeline."""
    return {
        view.name: ([name for _, name in view.staging], [name for _, name in view.production])
        for view in Bound(office.context, "pipelines").list_()
    }


def test_a_pipeline_with_both_stages_is_shown_with_three_calls(office: Office) -> None:
    couple(office, "acme", staging=[STAGING], production=[PROD, EU])
    office.calls()
    assert shown(office) == {"acme": ([STAGING], [PROD, EU])}
    assert len(office.calls()) == 3


def test_one_that_lacks_a_stage_is_not(office: Office) -> None:
    couple(office, "half", staging=[STAGING])
    couple(office, "dev", development=[EU], production=[PROD])
    assert shown(office) == {}


def test_apps_that_may_not_or_cannot_be_promoted_do_not_count(open_office: OpenOffice) -> None:
    office = open_office(allowed_apps=("acme-*",))
    for name in (STAGING, PROD, "other-prod"):
        office.make_app(name)
    office.make_app("acme-box", container=True)
    couple(office, "acme", staging=[STAGING], production=[PROD, "other-prod", "acme-box"])
    assert shown(office) == {"acme": ([STAGING], [PROD])}


def test_without_heroku_the_apps_must_be_named(office: Office) -> None:
    office.break_heroku("/pipelines")
    with pytest.raises(HerokuUnreadable, match="Say which apps you mean instead"):
        Bound(office.context, "pipelines").list_()
