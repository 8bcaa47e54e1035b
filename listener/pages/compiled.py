"""The templates of the pages, compiled once for all web processes.

To compile them takes a third of a second and 7 MB; what comes of it is small. So a child does it,
and its parent keeps the code, which all processes share.
"""

from __future__ import annotations

import marshal
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from listener.process_memory import made_by_child


class CompiledTemplates(BytecodeCache):
    """Keeps the code of each template; jinja2 compiles anew whatever changed since."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}  # with the source's checksum

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if there is one."""
        checksum, code = self._codes.get(bucket.key, (None, None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template that was compiled here."""
        if bucket.code is not None:
            self._codes[bucket.key] = bucket.checksum, bucket.code

    def compile(self, app: Flask) -> None:
        """Have a child compile all templates of an app; call it before any thread runs.

        What the child does not tell is compiled when it is first asked for.
        """
        if (made := made_by_child(lambda: self._compiled(app))) is not None:
            self._codes |= marshal.loads(made)  # noqa: S302 - our own child wrote it

    def _compiled(self, app: Flask) -> bytes:
        env = app.jinja_env
        for name in env.list_templates(extensions=["html"]):
            env.get_template(name)
        return marshal.dumps(self._codes)


TEMPLATES = CompiledTemplates()
