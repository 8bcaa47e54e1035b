"""Stops an embedded server when nobody uses it any more, however its users ended.

Every user holds a shared lock on one file. The guard, a small process beside the server, waits for
the exclusive one: the kernel gives it when the last user let go, killed or not.
"""

import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from listener.local_postgres.cluster import Cluster


def users_file(cluster: Cluster) -> Path:
    """Return the file on which every user of the server holds a shared lock."""
    return cluster.directory / "users"


def guard(cluster: Cluster) -> None:
    """Wait until nobody uses the server, then stop it."""
    with suppress(FileNotFoundError), users_file(cluster).open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        cluster.stop()


def post(cluster: Cluster) -> None:
    """Have a process of its own guard the server."""
    # By a shell that ends at once, in a session of its own: the guard outlives us and Ctrl-C.
    command = [sys.executable, "-m", "listener.local_postgres.reaper", *_words(cluster)]
    subprocess.run(
        ["/bin/sh", "-c", '"$@" &', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath},
        cwd=Path(__file__).parents[1],
        start_new_session=True,
        check=True,
    )


def _words(cluster: Cluster) -> list[str]:
    words = [str(cluster.directory), str(cluster.programs)]
    return [*words, "throwaway"] if cluster.is_throwaway else words


if __name__ == "__main__":
    guard(Cluster(Path(sys.argv[1]), Path(sys.argv[2]), is_throwaway=len(sys.argv) > 3))
