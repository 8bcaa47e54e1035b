"""JSON in the form of Heroku's schema: pipelines, couplings, promotions."""

from emulator import pipelines
from emulator.records import Coupling, Json, Pipeline, PipelinePromotion, PromotionTarget
from emulator.shapes import named
from emulator.state import State
from emulator.times import offset_stamp


def pipeline_shape(pipeline: Pipeline) -> Json:
    """Return a pipeline."""
    return {
        "created_at": offset_stamp(pipeline.created_at),
        "id": pipeline.id,
        "name": pipeline.name,
        "owner": {"id": pipeline.owner_id, "type": "user"},
        "updated_at": offset_stamp(pipeline.created_at),
        "generation": named("generation", pipeline.generation),
    }


def coupling_shape(world: State, coupling: Coupling) -> Json:
    """Return a coupling; the schema lacks the pipeline's name, but the Heroku CLI reads it."""
    pipeline = world.pipelines[coupling.pipeline_id]
    return {
        "app": {"id": coupling.app_id},
        "created_at": offset_stamp(coupling.created_at),
        "id": coupling.id,
        "pipeline": {"id": pipeline.id, "name": pipeline.name},
        "stage": coupling.stage,
        "updated_at": offset_stamp(coupling.created_at),
    }


def promotion_shape(world: State, promotion: PipelinePromotion) -> Json:
    """Return a promotion; `completed` does not mean that every target succeeded."""
    return {
        "created_at": offset_stamp(promotion.created_at),
        "id": promotion.id,
        "pipeline": {"id": promotion.pipeline_id},
        "source": {"app": {"id": promotion.app_id}, "release": {"id": promotion.release_id}},
        "status": "completed" if pipelines.is_completed(world, promotion) else "pending",
        "updated_at": offset_stamp(promotion.created_at),
    }


def target_shape(world: State, promotion: PipelinePromotion, target: PromotionTarget) -> Json:
    """Return one target of a promotion."""
    return {
        "app": {"id": target.app_id},
        "error_message": pipelines.target_error(world, target),
        "id": target.id,
        "pipeline_promotion": {"id": promotion.id},
        "release": {"id": target.release_id} if target.release_id else None,
        "status": pipelines.target_status(world, target),
    }
