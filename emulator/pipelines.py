"""Pipelines, the stages of their apps, and pipeline promotions."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from emulator import apps, releases
from emulator.errors import InvalidParams, NotFound
from emulator.records import (
    Account,
    App,
    Coupling,
    Pipeline,
    PipelinePromotion,
    PromotionTarget,
    Release,
)
from emulator.state import State, new_id

STAGES = ("test", "review", "development", "staging", "production")
NAME = re.compile(r"[a-z][a-z0-9-]{2,29}")
NO_CONTAINERS = (
    "Pipeline promotions are not supported on apps pushed via Heroku Container Registry."
)


def create(world: State, name: str, owner: Account) -> Pipeline:
    """Create an empty pipeline. Raises InvalidParams."""
    if not NAME.fullmatch(name):
        raise InvalidParams("Name must be 3 to 30 lowercase letters, digits and dashes.")
    pipeline = Pipeline(new_id(), name, owner.id, "cedar", world.now())
    world.pipelines[pipeline.id] = pipeline
    return pipeline


def get_pipeline(world: State, identity: str) -> Pipeline:
    """Return the pipeline with this id or name. Raises NotFound."""
    for pipeline in world.pipelines.values():
        if identity in (pipeline.id, pipeline.name):
            return pipeline
    raise NotFound("pipeline")


def couple(world: State, pipeline: Pipeline, app: App, stage: str) -> Coupling:
    """Add an app to a pipeline at a stage. Raises InvalidParams if it is in a pipeline already."""
    if stage not in STAGES:
        raise InvalidParams(f"Stage must be one of {', '.join(STAGES)}.")
    if find_coupling(world, app) is not None:
        raise InvalidParams(f"App {app.name} is already in a pipeline.")
    if not of_pipeline(world, pipeline):
        world.pipelines[pipeline.id] = replace(pipeline, generation=app.generation)
    coupling = Coupling(new_id(), app.id, pipeline.id, stage, world.now())
    world.couplings[coupling.id] = coupling
    return coupling


def find_coupling(world: State, app: App) -> Coupling | None:
    """Return the coupling of an app, or None."""
    return next((each for each in world.couplings.values() if each.app_id == app.id), None)


def of_pipeline(world: State, pipeline: Pipeline) -> list[Coupling]:
    """Return all couplings of a pipeline."""
    return [each for each in world.couplings.values() if each.pipeline_id == pipeline.id]


def get_promotion(world: State, promotion_id: str) -> PipelinePromotion:
    """Return the promotion with this id. Raises NotFound."""
    if promotion_id not in world.promotions:
        raise NotFound("pipeline promotion")
    return world.promotions[promotion_id]


def promote(
    world: State, user: Account, pipeline: Pipeline, release: Release, targets: Iterable[App]
) -> PipelinePromotion:
    """Promote one release to all targets, each on its own. Raises InvalidParams."""
    wanted = list(targets)
    _check(world, pipeline, release, wanted)
    promotion = PipelinePromotion(
        id=new_id(),
        pipeline_id=pipeline.id,
        app_id=release.app_id,
        release_id=release.id,
        targets=tuple(_bring(world, user, release, app) for app in wanted),
        created_at=world.now(),
    )
    world.promotions[promotion.id] = promotion
    for target in promotion.targets:
        _schedule(world, promotion, target)
    return promotion


def _check(world: State, pipeline: Pipeline, release: Release, targets: list[App]) -> None:
    source = world.apps[release.app_id]
    for app in (source, *targets):
        coupling = find_coupling(world, app)
        if coupling is None or coupling.pipeline_id != pipeline.id:
            raise InvalidParams(f"App {app.name} is not in the pipeline {pipeline.name}.")
        if app.is_container:
            raise InvalidParams(NO_CONTAINERS)
    if not targets:
        raise InvalidParams("At least one target is needed.")
    if source in targets:
        raise InvalidParams("Cannot promote an app to itself.")
    slug = world.slugs.get(release.slug_id or "")
    if release.status != "succeeded" or slug is None or slug.deleted_at is not None:
        raise InvalidParams("The release to promote has no code, failed or is expired.")


def _bring(world: State, user: Account, release: Release, app: App) -> PromotionTarget:
    target = PromotionTarget(new_id(), app.id, user_id=user.id)
    if not apps.may_use(app, user):
        return replace(target, error_message="User does not have access to that app")
    if app.arrival is not None:
        return replace(target, is_pending=True)
    return _arrived(world, target, user, release)


def _arrived(
    world: State, target: PromotionTarget, user: Account, release: Release
) -> PromotionTarget:
    app = world.apps[target.app_id]
    if app.arrival is not None and app.arrival.error is not None:
        return replace(target, is_pending=False, error_message=app.arrival.error)
    change = releases.Change(description(world, release), release.slug_id)
    made = releases.create(world, app, user, change)
    return replace(target, is_pending=False, release_id=made.id)


def _schedule(world: State, promotion: PipelinePromotion, target: PromotionTarget) -> None:
    arrival = world.apps[target.app_id].arrival
    if target.is_pending and arrival is not None and arrival.seconds is not None:
        at = world.now() + timedelta(seconds=arrival.seconds)
        world.timetable.at(at, lambda: _arrive(world, promotion.id), is_soon=False)


def arrive(world: State, app: App) -> int:
    """Let every pending promotion to this app arrive; return how many did."""
    waiting = [
        promotion.id
        for promotion in world.promotions.values()
        if any(each.is_pending and each.app_id == app.id for each in promotion.targets)
    ]
    for promotion_id in waiting:
        _arrive(world, promotion_id)
    return len(waiting)


def _arrive(world: State, promotion_id: str) -> None:
    promotion = world.promotions[promotion_id]
    release = releases.find_release(world, promotion.app_id, promotion.release_id)
    if release is None:
        return
    targets = tuple(
        _arrived(world, each, world.accounts[each.user_id], release)
        if each.is_pending and each.app_id in world.apps
        else each
        for each in promotion.targets
    )
    world.promotions[promotion.id] = replace(promotion, targets=targets)


def description(world: State, release: Release) -> str:
    """Return the description of a promoted release."""
    commit = world.slugs[release.slug_id or ""].commit[:8]
    return f"Promote {world.apps[release.app_id].name} v{release.version} {commit}"


def target_status(world: State, target: PromotionTarget) -> str:
    """Return the status of one target, which follows from its release."""
    if target.is_pending:
        return "pending"
    if target.release_id is None:
        return "failed"
    release = releases.find_release(world, target.app_id, target.release_id)
    if release is None or release.status == "failed":
        return "failed"
    return "pending" if release.status == "pending" else "succeeded"


def target_error(world: State, target: PromotionTarget) -> str | None:
    """Return why one target failed, or None."""
    if target.error_message is None and target_status(world, target) == "failed":
        return "release command failed"
    return target.error_message


def is_completed(world: State, promotion: PipelinePromotion) -> bool:
    """Return whether no target is pending; some may have failed."""
    return all(target_status(world, target) != "pending" for target in promotion.targets)
