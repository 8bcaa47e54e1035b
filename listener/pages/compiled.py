"""The templates of the pages, compiled once for all web processes.

To compile them takes a third of a second and 7 MB, which a process never gives back; what comes of
it is small. So a short-lived child does it, and its parent keeps the code.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Keeps the code of each template; jinja2 compiles anew whatever changed since."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if there is one."""
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template that was compiled here."""
        self._codes[bucket.key] = bucket.bytecode_to_string()

    def compile(self, app: Flask) -> None:
        """Have a child compile all templates of an app; call it before any thread runs.

        What the child does not tell is compiled when it is first asked for.
        """
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            try:
                os.close(reading)
                with os.fdopen(writing, "w") as out:
                    json.dump(self._compiled(app), out)
            finally:
                os._exit(0)  # nothing of the parent's is tidied up here
        os.close(writing)
        with os.fdopen(reading) as told:
            text = told.read()
        os.waitpid(child, 0)
        try:
            self._codes |= {key: b64decode(code) for key, code in json.loads(text).items()}
        except ValueError:  # cut: the child was killed
            return

    def _compiled(self, app: Flask) -> dict[str, str]:
        env = app.jinja_env
        for name in env.list_templates(extensions=["html"]):
            env.get_template(name)
        return {key: b64encode(code).decode() for key, code in self._codes.items()}


TEMPLATES = CompiledTemplates()
