"""Runs the bare route exactly as gunicorn runs the listener, without its hooks."""

from __future__ import annotations

from gunicorn.config import KNOWN_SETTINGS  # type: ignore[import-untyped]

from listener import gunicorn_conf

_IS_SET = {one.name for one in KNOWN_SETTINGS if one.section != "Server Hooks"}
globals().update({name: value for name, value in vars(gunicorn_conf).items() if name in _IS_SET})
