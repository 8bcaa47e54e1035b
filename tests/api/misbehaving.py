"""The app, with a few rooms that no real one should be like."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Flask, request
from pydantic import Field
from sqlalchemy import text

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.request_body import Body, content, takes
from listener.app import Parts, build
from listener.db import apps
from listener.pages import frame


class Nothing(Body):
    """A body that says nothing."""


class Order(Body):
    """A body to try."""

    name: str
    mode: str = "armed"
    size: int = Field(default=1, ge=1)


def misbehaving(parts: Parts) -> Flask:
    """The app and those rooms."""
    app = build(parts)

    @app.post("/orders")
    @takes(Order)
    def order(body: Order) -> dict[str, object]:
        return body.model_dump()

    @app.post("/actions")
    @takes(Nothing)
    def act(_: Nothing) -> str:
        return "done"

    @app.get("/nobody")
    def nobody() -> str:
        with parts.database.begin() as conn:
            return apps.get(conn, "nobody").name

    @app.get("/broken")
    def broken() -> str:
        secret = "hush-hush"
        raise RuntimeError(len(secret))

    @app.get("/query")
    def query() -> str:
        with parts.database.begin() as conn:
            return str(conn.execute(text(request.args["sql"])).scalar_one())

    @app.get("/list")
    def list_() -> dict[str, object]:
        return {"limit": fields.limit(), "app": fields.text("app"), "all": fields.flag("all")}

    @app.post("/echo")
    def echo() -> bytes:
        return content()

    app.register_blueprint(_pages(app))
    return app


def _pages(app: Flask) -> Blueprint:
    """The same where people look at pages."""
    pages = frame.blueprint("misbehaving", "/pages")
    for name in ("broken", "query"):
        view = replies(Reply(is_page=True))(partial(app.view_functions[name]))
        pages.add_url_rule(f"/{name}", name, view)
    return pages
