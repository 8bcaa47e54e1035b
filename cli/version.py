"""Which version of the program this is."""

import sys
from importlib.metadata import PackageNotFoundError, version


def installed_version(distribution: str = "heroku-autopromote") -> str:
    """Return the version of the installed distribution."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0+source"  # run from a checkout that nobody installed


def version_line() -> str:
    """Return what `--version` says, in the form of the Heroku CLI."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"autopromote/{installed_version()} {sys.platform} python-{python}"
