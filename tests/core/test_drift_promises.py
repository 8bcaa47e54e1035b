"""What holds for every reading of a target, whatever was known before."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from listener.core.drift import (
    Drift,
    LastKnown,
    ManualForward,
    NoDrift,
    OwnRelease,
    Unknown,
    detect_drift,
    is_ours,
)
from listener.core.release import History, Release
from tests.core.releases import DESCRIBED, RAN, release, release_logs, with_current

ISSUED = frozenset({"7f3a9c21", "r7"})
NONCES = ("(autopromote 7f3a9c21)", "(autopromote 0badc0de)")
LOGS = release_logs(described=(*DESCRIBED, *DESCRIBED, *NONCES))
KNOWNS = st.builds(LastKnown, st.integers(0, 60), st.none() | st.sampled_from("ABCD"))


@given(KNOWNS, LOGS, release_logs())
def test_what_never_ran_changes_nothing(
    known: LastKnown, releases: list[Release], source: list[Release]
) -> None:
    ran = [r for r in releases if r.status in RAN]
    assume(History(ran).newest_version >= known.version)  # or the reading is an old one
    whole, bare = (
        detect_drift(known, History(some), History(source), issued=ISSUED)
        for some in (releases, ran)
    )
    assert whole == bare


@given(KNOWNS, LOGS, release_logs())
@example(LastKnown(0, "A"), with_current((release(7, "B"), release(8, "A"))), [])
def test_what_is_known_only_moves_up_and_to_what_runs(
    known: LastKnown, releases: list[Release], source: list[Release]
) -> None:
    history = History(releases)
    match detect_drift(known, history, History(source), issued=ISSUED):
        case NoDrift(now) | OwnRelease(now, _) | ManualForward(now, _):
            assert now.version >= known.version
            assert history.current is not None
            assert now.artifact == history.current.artifact
            again = detect_drift(now, history, History(source), issued=ISSUED)
            assert again == NoDrift(now)
        case Drift(_, current):
            assert current == history.current
        case Unknown():
            ran = [r for r in releases if r.has_run and r.version > known.version]
            # Above a release of ours what ran before may only be carried on, by config say.
            is_carried = any(is_ours(r, ISSUED) for r in ran) and ran[-1].artifact == known.artifact
            is_plain = bool(ran) and ran[-1].is_current and not is_carried
            assert not is_plain or history.newest_version < known.version
