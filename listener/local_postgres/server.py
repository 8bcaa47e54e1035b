"""Lends a real PostgreSQL of this machine's own, for the demo, for development and for the tests.

A server runs while somebody uses it; `reaper` ends it when nobody does.
`python -m listener.local_postgres.server [DIRECTORY]` prints the URL of one and lends it until it
is ended itself; without a directory, the data go with it.

The web process never comes here: a dyno's file system is wiped daily, and so would be the data.
"""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from listener.local_postgres import reaper
from listener.local_postgres.cluster import Cluster, is_root, open_cluster, throwaway_cluster

HOME = Path(".local", "postgres")
HOME_OF_ROOT = Path("/var/lib/heroku-autopromote")


def throwaway() -> AbstractContextManager[str]:
    """Lend the URL of a new, empty server that is gone afterwards: fast, and not durable."""
    return _lend(throwaway_cluster())


def server(directory: Path) -> AbstractContextManager[str]:
    """Lend the URL of the server whose data are in the directory; the first who comes starts it."""
    return _lend(open_cluster(directory.resolve()))


def home(folder: Path) -> Path:
    """Return where a developer's data are kept: below the folder, unless it is root's alone."""
    ways = (folder, *folder.parents)
    is_open = not is_root() or all(way.stat().st_mode & 0o001 for way in ways)
    return folder / HOME if is_open else HOME_OF_ROOT


@contextmanager
def _lend(cluster: Cluster) -> Iterator[str]:
    with reaper.users_file(cluster).open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits where it is just being stopped
        _ensure_started(cluster)
        yield cluster.url()


def _ensure_started(cluster: Cluster) -> None:
    with (cluster.directory / "starting").open("ab") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not cluster.is_running():
            reaper.post(cluster)
            cluster.start()


def main(directories: list[str]) -> None:
    """Lend a server to whoever started this, until this is ended."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with server(Path(directories[0])) if directories else throwaway() as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
