"""Pipelines: from which apps to which a rule may go, for whoever has none yet."""

from __future__ import annotations

from flask import Blueprint

from listener.api.answers import Answer, Ref, returns_list
from listener.api.auth import On, needs
from listener.api.services import context
from listener.roles import Role
from listener.services import pipelines
from listener.services.pipelines import PipelineView

bp = Blueprint("pipelines", __name__, url_prefix="/api/pipelines")


class Pipeline(Answer):
    """A pipeline of Heroku's, with its apps at two stages."""

    id: str
    name: str
    staging: list[Ref]
    production: list[Ref]

    @classmethod
    def of(cls, view: PipelineView) -> Pipeline:
        """Return a pipeline."""
        return cls(
            id=view.id,
            name=view.name,
            staging=[Ref(id=id, name=name) for id, name in view.staging],
            production=[Ref(id=id, name=name) for id, name in view.production],
        )


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Pipeline, problems=(429, 502))
def list_() -> list[Pipeline]:
    """List the pipelines with apps at staging and at production, by name."""
    return [Pipeline.of(view) for view in pipelines.list_(context())]
