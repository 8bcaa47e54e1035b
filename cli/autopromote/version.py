"""Which version of the program this is."""

import sys

# Also in pyproject.toml, and a test compares them: asking the installed package for it would take
# longer than everything else that `--version` does.
VERSION = "0.1.0"


def version_line() -> str:
    """Return what `--version` says, in the form of the Heroku CLI."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"autopromote/{VERSION} {sys.platform} python-{python}"
