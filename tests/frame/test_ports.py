"""Tests and demos that run side by side draw ports: none is drawn twice before it is used."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.town import ROOT
from tests.frame.processes import dyno

DRAWN = """
from demo import stage
stage.PORTS = range(21_000, 21_100)
print(*(stage.free_port() for _ in range(45)), flush=True)
input()
"""


def test_two_that_draw_from_few_ports_get_different_ones() -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", DRAWN],
            cwd=ROOT,
            env=dyno({"PYTHONPATH": str(ROOT)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    drawn = [set(one.stdout.readline().split()) for one in both if one.stdout is not None]
    for one in both:
        one.communicate("\n")
    assert [len(each) for each in drawn] == [45, 45]
    assert not drawn[0] & drawn[1]


def test_the_oldest_marks_are_given_back_and_nothing_is_left_open() -> None:
    code = (
        "from demo import stage; [stage.free_port() for _ in range(70)]; print(len(stage._MARKS))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=dyno({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("50\n", "")
