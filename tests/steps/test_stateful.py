"""Whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.steps.machine import Machine
from tests.steps.stage import Stage

SETTINGS = settings(
    max_examples=30,
    print_blob=False,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def test_never_twice_never_back_never_over_somebody_never_during_a_hold(bare: Stage) -> None:
    class Staged(Machine):
        """The machine on this test's stage."""

        stage = bare

    run_state_machine_as_test(Staged, settings=SETTINGS)
