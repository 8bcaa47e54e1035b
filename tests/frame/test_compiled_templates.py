"""Templates are compiled before web processes part, and in none of these."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader, Environment

from listener.app import routes
from listener.pages.compiled import CompiledTemplates


def app_with(cache: CompiledTemplates) -> Flask:
    """An app with all templates, as a process has it that begins."""
    app = routes()
    app.jinja_env.bytecode_cache = cache
    return app


def forbid_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every template fail that is not compiled yet."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("compiled here")

    monkeypatch.setattr(Environment, "compile", refuse)


def test_what_a_child_compiled_no_process_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CompiledTemplates()
    cache.compile(app_with(cache))
    env = app_with(cache).jinja_env
    forbid_to_compile(monkeypatch)

    names = env.list_templates(extensions=["html"])
    assert {"lanes.html", "promotion.html", "wall.html"} <= set(names)
    for name in names:
        env.get_template(name)


def test_without_the_child_they_are_compiled_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = CompiledTemplates()
    with monkeypatch.context() as broken:
        forbid_to_compile(broken)
        cache.compile(app_with(cache))

    assert app_with(cache).jinja_env.get_template("lanes.html").name == "lanes.html"


def test_a_template_that_changed_is_compiled_anew() -> None:
    texts = {"page.html": "before"}
    env = Environment(
        loader=DictLoader(texts), autoescape=True, bytecode_cache=CompiledTemplates(), cache_size=0
    )
    assert env.get_template("page.html").render() == "before"
    texts["page.html"] = "after"
    assert env.get_template("page.html").render() == "after"
