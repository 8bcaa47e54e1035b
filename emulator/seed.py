"""The demo's data: a pipeline with a staging app and two production apps, and their repository."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from emulator import accounts, apps, pipelines, releases, repositories, slugs
from emulator.github.records import PullRequest
from emulator.records import Account, App
from emulator.state import State

ANA = "ana@example.com"
BEN = "ben@example.com"
ROBOT = "robot@example.com"
REPOSITORY = "acme/shop"


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody merged and deployed, so many days ago."""

    days: int
    title: str
    author: str
    is_promoted: bool


PAST = (
    Work(6, "Show prices with tax", "Ana", is_promoted=True),
    Work(4, "Find products by their number", "Ben", is_promoted=True),
    Work(1, "Remember the basket of a guest", "Ben", is_promoted=False),
)


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
    """Create three deploys of merged pull requests; the first two also went to production."""
    for work in PAST:
        created_at = world.now() - timedelta(days=work.days)
        slug = slugs.build(world, staging, commit=_merge(world, work, created_at))
        change = releases.Change(
            f"Deploy {slug.commit[:8]}", slug.id, created_at=created_at, is_silent=True
        )
        release = releases.create(world, world.apps[staging.id], user, change)
        for target in targets if work.is_promoted else []:
            promoted = releases.Change(
                pipelines.description(world, release),
                slug.id,
                created_at=created_at + timedelta(hours=3),
                is_silent=True,
            )
            releases.create(world, world.apps[target.id], user, promoted)


def _merge(world: State, work: Work, at: datetime) -> str:
    """Merge a pull request as one commit; return its SHA."""
    repository = repositories.ensure(world, REPOSITORY)
    pulls = world.github.pulls[REPOSITORY]
    number, login = len(pulls) + 1, work.author.lower()
    message, author = f"{work.title} (#{number})", f"{work.author} <{login}@example.com>"
    wanted = [repositories.Wanted(message, author, at=at)]
    (sha,) = repositories.push(world, repository, repository.default_branch, wanted)
    pulls.append(
        PullRequest(
            id=next(world.github.ids),
            number=number,
            title=work.title,
            author=login,
            head=f"{login}-{number}",
            base=repository.default_branch,
            commits=(),
            created_at=at,
            updated_at=at,
            closed_at=at,
            merged_at=at,
            merge_commit=sha,
        )
    )
    return sha
