"""What a route answers with: a model, which is what is sent and what `/openapi.json` describes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from flask import Response, current_app, jsonify, request
from pydantic import BaseModel, ConfigDict, PlainSerializer

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

# What asking Heroku, or changing something that must fit what is there, may end with.
HEROKU = (404, 409, 422, 429, 502)


def format_time(moment: datetime) -> str:
    """Format a moment in UTC, ISO 8601 with `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(format_time, when_used="json")]


class Answer(BaseModel):
    """An object that the API answers with; later ones may tell more."""

    # It is built when it is first answered with: a process serves some of many.
    model_config = ConfigDict(frozen=True, populate_by_name=True, defer_build=True)


A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known of a route's answer, for `/openapi.json`."""

    answer: type[Answer] | None = None
    is_list: bool = False
    status: int = 200
    also: int | None = None
    queries: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    is_page: bool = False
    media: str = "text/html"  # of a page


def returns(
    answer: type[A],
    status: int = 200,
    *,
    also: int | None = None,
    queries: tuple[str, ...] = (),
    problems: tuple[int, ...] = (),
) -> Callable[[Callable[P, A | tuple[A, int]]], Callable[P, Response]]:
    """Send the model that the view returns, with this status unless the view names another."""
    reply = Reply(answer, status=status, also=also, queries=queries, problems=problems)
    return lambda view: _sending(view, reply)


def returns_list(
    answer: type[A],
    status: int = 200,
    *,
    queries: tuple[str, ...] = (),
    problems: tuple[int, ...] = (),
) -> Callable[[Callable[P, Iterable[A]]], Callable[P, Response]]:
    """Send the models that the view returns, as a list."""
    reply = Reply(answer, is_list=True, status=status, queries=queries, problems=problems)
    return lambda view: _sending(view, reply)


def _sending(view: Callable[P, Any], reply: Reply) -> Callable[P, Response]:
    """Return the view, which answers with a model or with models, as one that sends them."""

    @wraps(view)
    def answering(*args: P.args, **kwargs: P.kwargs) -> Response:
        found = view(*args, **kwargs)
        status = reply.status
        if reply.is_list:
            body: Any = [to_json(each) for each in found]
        else:
            told, status = found if isinstance(found, tuple) else (found, status)
            body = to_json(told)
        response = jsonify(body)
        response.status_code = status
        return response

    return replies(reply)(answering)


def replies(reply: Reply) -> Callable[[F], F]:
    """Describe the answer of a view that sends it itself."""

    def mark(view: F) -> F:
        view.reply = reply  # type: ignore[attr-defined]  # read by openapi
        return view

    return mark


def is_page() -> bool:
    """Return whether the route that is asked for is a page for people."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(getattr(view, "reply", None), "is_page", False)


def to_json(told: Answer) -> dict[str, Any]:
    """Return what is sent: of fields that may be left out only those that were set."""
    return told.model_dump(mode="json", by_alias=True, exclude_unset=True)


# What several answers are made of.


class Problem(Answer):
    """What went wrong: `id` for programs, `message` for people."""

    id: str
    message: str


class Ref(Answer):
    """An app or a rule, by id and name."""

    id: str
    name: str

    @classmethod
    def of(cls, app_id: str, names: Mapping[str, str]) -> Ref:
        """Return the app, by its id where no name is known."""
        return Ref(id=app_id, name=names.get(app_id, app_id))


class Id(Answer):
    """Something by its id."""

    id: str


class ReleaseRef(Answer):
    """A release, by id and version."""

    id: str
    version: int | None


class Slug(Answer):
    """The compiled code."""

    id: str
    commit: str | None
