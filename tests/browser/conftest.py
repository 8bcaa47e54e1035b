"""A browser for all tests of this folder; a listener with an OAuth client for those of a file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.town import ROBOT_TOKEN, Heroku, Town
from tests.browser import chromium
from tests.browser.scene import token_of
from tests.db import clean

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.visitor import Visitor

# `make test-pages` brings the driver. Nothing here is collected without it, so that all other tests
# need neither it nor a browser.
HAS_DRIVER = importlib.util.find_spec("playwright") is not None
collect_ignore_glob = [] if HAS_DRIVER else ["test_*.py"]

SETTINGS = {
    "AUTOPROMOTE_APPROVERS": "ben@example.com",
    "AUTOPROMOTE_VIEWERS": "vic@example.com",
    "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS": "1",
}
PATIENCE = 20_000  # milliseconds; what is awaited comes within one or two on a machine at rest
Visit = Callable[..., "Visitor"]


def pytest_configure() -> None:
    """Raise UsageError where a browser is named that is not there."""
    if HAS_DRIVER and chromium.named() and chromium.find() is None:
        raise pytest.UsageError(chromium.missing())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if HAS_DRIVER and chromium.find() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=chromium.missing()))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - only here is a driver

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def heroku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    """The emulator, with an account for each of the people."""
    heroku = Heroku(tmp_path_factory.mktemp("heroku") / "emulator.log")
    for name in ("ben@example.com", "vic@example.com", "eve@elsewhere.example"):
        heroku.control("tokens", {"token": f"HRKU-test-{name.partition('@')[0]}", "email": name})
    yield heroku
    heroku.close()


@pytest.fixture(scope="module")
def town(
    heroku: Heroku, postgres: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A listener with an OAuth client, to which Heroku is another site; Ana's program is in."""
    heroku.clear()
    with clean.shared_database(postgres, migrated, "pages") as (database_url, _):
        town = Town(heroku, database_url, tmp_path_factory.mktemp("town"))
        try:
            town.start(second=False, **SETTINGS, **_client(town))
            town.cli("login")
            town.use(token_of(town))
            yield town
        finally:
            town.close()


def _client(town: Town) -> dict[str, str]:
    """Make the client as the robot; a browser sends no cookie from localhost to 127.0.0.1."""
    wanted = {"name": "autopromote", "redirect_uri": f"{town.url}/login/callback"}
    robot = {"Authorization": f"Bearer {ROBOT_TOKEN}"}
    client = town.heroku.api("POST", "/oauth/clients", wanted, **robot)
    return {
        "AUTOPROMOTE_OAUTH_ID": client["id"],
        "AUTOPROMOTE_OAUTH_SECRET": client["secret"],
        "HEROKU_ID_URL": town.heroku.url.replace("127.0.0.1", "localhost"),
    }


@pytest.fixture
def visit(browser: Browser, town: Town) -> Iterator[Visit]:
    """Opens browsers with nothing in them; at the end none may have had anything to say."""
    from tests.browser.visitor import visiting  # noqa: PLC0415 - only here is a driver

    with ExitStack() as stack:

        def visit(**options: Any) -> Visitor:
            return stack.enter_context(visiting(browser, town, **options))

        yield visit
