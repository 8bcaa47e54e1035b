"""The demo's data: a pipeline with a staging app and two production apps."""

from datetime import timedelta

from emulator import accounts, apps, pipelines, releases, slugs
from emulator.records import Account, App
from emulator.state import State

ANA = "ana@example.com"
BEN = "ben@example.com"
ROBOT = "robot@example.com"


def seed_demo(world: State) -> None:
    """Create the accounts of Ana, Ben and the robot, the pipeline acme, and days of history."""
    ana, ben, robot = (accounts.ensure_account(world, email) for email in (ANA, BEN, ROBOT))
    accounts.authorize(world, ana, token="HRKU-demo-ana")
    accounts.authorize(world, ben, token="HRKU-demo-ben")
    accounts.authorize(world, robot, token="HRKU-demo-robot")

    born_at = world.now() - timedelta(days=7)
    staging, production, europe = (
        apps.create(world, name, owner=ana, collaborators=[ben, robot], created_at=born_at)
        for name in ("acme-staging", "acme-prod", "acme-prod-eu")
    )
    pipeline = pipelines.create(world, "acme", ana)
    pipelines.couple(world, pipeline, staging, "staging")
    for target in (production, europe):
        pipelines.couple(world, pipeline, target, "production")
    _tell_history(world, ana, staging, [production, europe])


def _tell_history(world: State, user: Account, staging: App, targets: list[App]) -> None:
    """Create three deploys; the first two also went to production."""
    for days, is_promoted in ((6, True), (4, True), (1, False)):
        created_at = world.now() - timedelta(days=days)
        slug = slugs.build(world, staging)
        change = releases.Change(
            f"Deploy {slug.commit[:8]}", slug.id, created_at=created_at, is_silent=True
        )
        release = releases.create(world, world.apps[staging.id], user, change)
        for target in targets if is_promoted else []:
            promoted = releases.Change(
                pipelines.description(world, release),
                slug.id,
                created_at=created_at + timedelta(hours=3),
                is_silent=True,
            )
            releases.create(world, world.apps[target.id], user, promoted)
