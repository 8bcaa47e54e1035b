"""Threads that answer begin as they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from listener.web.limits import Limits, Priority
from listener.web.pool import Pool

MOST = max(Limits().threads)
PATIENCE = 60.0


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool as a web process has it."""
    made = Pool(Limits().threads)
    made.begin()
    yield made
    made.end()


class Jobs:
    """Jobs of one pool, and who did them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._done = threading.Semaphore(0)
        self.threads: set[str] = set()

    def add(
        self, job: Callable[[], object] = lambda: None, *, priority: Priority = Priority.TOLD
    ) -> None:
        """Have a job done."""

        def named() -> None:
            job()
            self.threads.add(threading.current_thread().name)
            self._done.release()

        self._pool.add(priority, object(), named)

    def wait(self) -> None:
        """Wait until one more is done."""
        assert self._done.acquire(timeout=PATIENCE)


def test_jobs_one_by_one_take_few_threads(pool: Pool) -> None:
    jobs = Jobs(pool)
    for _ in range(5 * MOST):
        jobs.add()
        jobs.wait()
    assert len(jobs.threads) < MOST // 2


def test_all_threads_work_at_once_where_so_many_are_needed(pool: Pool) -> None:
    jobs, all_at_work = Jobs(pool), threading.Barrier(MOST)
    for _ in range(MOST):
        jobs.add(lambda: all_at_work.wait(PATIENCE))
    for _ in range(MOST):
        jobs.wait()
    assert len(jobs.threads) == MOST


def test_there_are_never_more_threads_than_allowed(pool: Pool) -> None:
    jobs, go_on = Jobs(pool), threading.Event()
    for _ in range(2 * MOST):
        jobs.add(lambda: go_on.wait(PATIENCE))
    go_on.set()
    for _ in range(2 * MOST):
        jobs.wait()
    assert len(jobs.threads) <= MOST


@pytest.fixture
def begun(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who began a thread since the pool began its first one, by name."""
    found, start = list[str](), threading.Thread.start

    def note(thread: threading.Thread) -> None:
        found.append(threading.current_thread().name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note)
    return found


def test_no_thread_begins_for_jobs_that_may_not_run(pool: Pool, begun: list[str]) -> None:
    jobs, go_on = Jobs(pool), threading.Event()
    most = Limits().threads[Priority.LAST]
    for _ in range(MOST):
        jobs.add(lambda: go_on.wait(PATIENCE), priority=Priority.LAST)
    go_on.set()
    for _ in range(MOST):
        jobs.wait()
    assert len(begun) <= most


def test_whoever_adds_a_job_begins_no_thread(pool: Pool, begun: list[str]) -> None:
    jobs, all_at_work = Jobs(pool), threading.Barrier(MOST)
    for _ in range(MOST):
        jobs.add(lambda: all_at_work.wait(PATIENCE))
    for _ in range(MOST):
        jobs.wait()
    assert len(begun) == MOST - 1
    assert threading.current_thread().name not in begun


def test_where_no_more_threads_are_granted_jobs_wait_for_those_there_are(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    jobs = Jobs(pool)
    for _ in range(MOST):
        jobs.add()
    for _ in range(MOST):
        jobs.wait()
    assert len(jobs.threads) == 1
