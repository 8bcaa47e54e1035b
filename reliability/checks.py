"""The invariants of every run; each check yields the violations that it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from reliability.ground import RULES
from reliability.people import SOURCE_OF, TARGETS, Act
from reliability.truth import Hold, Made, Promotion, Truth

# A snapshot may be two seconds old when a post is committed; sending the post may take five more.
UNSEEN_SECONDS = 8.0
ENDED = {"succeeded", "failed", "errored", "rolled_back", "superseded", "cancelled"} | {
    "rejected",
    "skipped",
    "shadowed",
}
KEEPING = {source for source, _, more in RULES.values() if "keep" in more}
MOVES = ("hotfix", "rollback", "asked rollback")
Check = Callable[[Truth, list[Act]], Iterator[str]]


def deliveries_are_kept(truth: Truth, _: list[Act]) -> Iterator[str]:
    """Check that every delivery that was answered 2xx is stored."""
    for lost in sorted(truth.delivered - truth.kept):
        yield f"delivery {lost} was acknowledged and is not kept"


def released_once(truth: Truth, _: list[Act]) -> Iterator[str]:
    """Check that each post, and each candidate and target, has at most one release.

    Every nonce must also be known.
    """
    for target in TARGETS:
        ours = [release for release in truth.releases[target] if release.nonce]
        for nonce, times in Counter(release.nonce for release in ours).items():
            if times > 1:
                yield f"{target}: the post {nonce} was released {times} times"
            if nonce not in truth.posts:
                yield f"{target}: the nonce {nonce} was never committed"
        promoted = [each for each in ours if _kind(truth, each) == "promote"]
        for slug, times in Counter(release.slug for release in promoted).items():
            if times > 1:
                yield f"{target}: slug {slug} was promoted {times} times"


def never_backwards(truth: Truth, _: list[Act]) -> Iterator[str]:
    """Check that we promote only newer code than the target runs, and none that has run there."""
    for target in TARGETS:
        order, ran = truth.order(SOURCE_OF[target]), list[str]()
        for release in truth.releases[target]:
            if release.slug is None or not release.has_run:
                continue
            if _kind(truth, release) == "promote":
                if ran and order.get(release.slug, 0) < order.get(ran[-1], 0):
                    yield f"{release.name} went backwards from {ran[-1]} to {release.slug}"
                if release.slug in ran:
                    yield f"{release.name} brought back {release.slug}, which had run before"
            ran.append(release.slug)


def never_over_a_person(truth: Truth, diary: list[Act]) -> Iterator[str]:
    """Check that a person's change stays until a person releases the hold.

    Older code than that change needs an approval.
    """
    for target in TARGETS:
        yield from _Watch(truth, diary, target).violations()


class _Watch:
    """Follows one target from release to release."""

    def __init__(self, truth: Truth, diary: list[Act], target: str) -> None:
        self._truth = truth
        self._target = target
        self._acts = [act for act in diary if act.app == target]
        self._moved: Made | None = None  # a person's change that nobody released yet
        self._last: Made | None = None  # the last such change, released or not

    def violations(self) -> Iterator[str]:
        """Yield what was promoted over a person's change."""
        runs: str | None = None
        for release in self._truth.releases[self._target]:
            if release.slug is None or not release.has_run or release.slug == runs:
                continue
            if release.nonce is None:
                self._moved = self._last = release if runs is not None else None
            elif _kind(self._truth, release) == "promote":
                yield from self._judge(release)
                self._moved = None
            else:  # the rollback that a person asked us for
                self._moved = release
            runs = release.slug

    def _judge(self, ours: Made) -> Iterator[str]:
        if self._moved is not None and not self._was_let_go(self._moved, ours):
            at = ours.at or 0
            made, seen = at - self._moved_at(self._moved), at - (self._moved.seen_at or at)
            if seen > UNSEEN_SECONDS or made > UNSEEN_SECONDS + self._truth.lag:
                late = f"{made:.1f} s after it, and {seen:.1f} s after it was read of"
                yield f"{ours.name} went over {self._moved.name}, {late}"
            elif not self._was_told(self._moved):
                yield f"{ours.name} overtook {self._moved.name} and no hold says so"
        elif self._last is not None and not self._has_a_word(ours, self._last):
            yield f"{ours.name} is older than {self._last.name}, and nobody gave a word for it"

    def _was_let_go(self, moved: Made, ours: Made) -> bool:
        """Return whether a hold may have been released between the two."""
        return any(
            act.kind == "release"
            and act.done > self._moved_at(moved, first=True)
            and act.began < (ours.at or 0)
            for act in self._acts
        )

    def _moved_at(self, moved: Made, *, first: bool = False) -> float:
        if moved.nonce is not None:  # a rollback: it was asked for, and the app was held, before
            promotion = _promotion(self._truth, moved)
            return promotion.created_at if promotion else 0.0
        found = next(act for act in self._acts if act.version == moved.version)
        return found.began if first else found.done

    def _was_told(self, moved: Made) -> bool:
        at = self._moved_at(moved, first=True)
        return any(
            hold.app == self._target and hold.kind != "person" and hold.created_at >= at
            for hold in self._truth.holds
        )

    def _has_a_word(self, ours: Made, moved: Made) -> bool:
        """Return whether it is newer than the person's change, approved, or asked for by hand."""
        promotion = _promotion(self._truth, ours)
        if promotion is None or promotion.rule_id is None:
            return True
        source = self._truth.releases[promotion.source][promotion.version - 1]
        return source.stamp > moved.stamp or promotion.id in self._truth.approved


def no_deploy_is_lost(truth: Truth, _: list[Act]) -> Iterator[str]:
    """Check that every deploy above the baseline has a promotion to each target."""
    known = {(each.rule_id, each.target, each.version) for each in truth.promotions}
    for (rule, target), (source, baseline) in truth.baselines.items():
        for version in sorted(truth.order(source).values()):
            if version > baseline and (rule, target, version) not in known:
                yield f"{source} v{version} has no promotion to {target}"


def all_ended_truly(truth: Truth, _: list[Act]) -> Iterator[str]:
    """Check that every promotion ended, or waits, for a true reason."""
    for promotion in truth.promotions:
        if not _is_true(truth, promotion):
            yield f"{promotion.name} is not so"


def _is_true(truth: Truth, promotion: Promotion) -> bool:
    ran = [each for each in truth.releases[promotion.target] if each.has_run]
    match promotion.status:
        case "succeeded" | "rolled_back":
            return any(
                each.slug == promotion.artifact and each.version == promotion.target_version
                for each in ran
            )
        case "skipped" | "rejected":
            return any(each.slug == promotion.artifact for each in ran)
        case "superseded":
            return _gave_way(truth, promotion)
        case "cancelled" | "failed":  # failed: a post was in doubt by then, and made nothing
            return promotion.kind == "rollback" and _came_between(truth, promotion)
        case "waiting":
            return _waits_for_somebody(truth, promotion)
        case _:
            return False


def _came_between(truth: Truth, promotion: Promotion) -> bool:
    """Return whether somebody else released on the target after the rollback was asked for."""
    asked_at, ended_at = int(promotion.created_at), promotion.ended_at or 0
    target = truth.releases[promotion.target]
    return any(each.nonce is None and asked_at <= each.made_at <= ended_at for each in target)


def _gave_way(truth: Truth, promotion: Promotion) -> bool:
    """Return whether there was a reason to supersede the promotion when it ended.

    A newer deploy had come, the source had gone back, or the target had run newer code.
    """
    order, ended_at = truth.order(promotion.source), promotion.ended_at or 0
    first = order.get(promotion.artifact, 0)
    later = truth.releases[promotion.source][promotion.version :]
    ran = (each for each in truth.releases[promotion.target] if each.has_run)
    by_then = [order.get(each.slug or "", first) for each in later if each.made_at <= ended_at]
    went_back = any(version < first for version in by_then)
    came = promotion.source not in KEEPING and any(version > first for version in by_then)
    is_passed = any(
        order.get(each.slug or "", 0) > first and each.made_at <= ended_at for each in ran
    )
    return went_back or came or is_passed


def _waits_for_somebody(truth: Truth, promotion: Promotion) -> bool:
    """Return whether it waits for a hold that stands, or for a person's approval."""
    is_held = any(
        hold.released_at is None and hold.app in (None, promotion.target) for hold in truth.holds
    )
    return is_held or "promotions:approve" in promotion.reason


def no_hold_is_false(truth: Truth, diary: list[Act]) -> Iterator[str]:
    """Check that every hold of the listener follows a change that a person made."""
    for hold in truth.holds:
        is_true = _is_somebodys(truth, diary, hold) or _is_of_failed_rollback(truth, hold)
        if hold.kind != "person" and not is_true:
            yield f"hold {hold.id} on {hold.app} names nobody who moved it: {hold.reason!r}"


def _is_somebodys(truth: Truth, diary: list[Act], hold: Hold) -> bool:
    """Return whether a person changed the app between the last hold's release and this hold.

    The release counts as earlier, for what it explained may have been older: by UNSEEN_SECONDS,
    and by what Heroku's list was behind.
    """
    released = (
        each.released_at
        for each in truth.holds
        if each.app == hold.app and each.released_at and each.released_at <= hold.created_at
    )
    since = max(released, default=0.0) - UNSEEN_SECONDS - truth.lag
    return any(
        act.app == hold.app
        and act.kind in MOVES
        and since <= act.done
        and act.began <= hold.created_at
        for act in diary
    )


def _is_of_failed_rollback(truth: Truth, hold: Hold) -> bool:
    """Return whether it says why a rollback failed: somebody came between, maybe long before."""
    return any(
        each.target == hold.app and each.reason == hold.reason and _came_between(truth, each)
        for each in truth.promotions
        if each.kind == "rollback" and each.status == "failed"
    )


def _kind(truth: Truth, release: Made) -> str | None:
    return truth.posts.get(release.nonce or "", (0, None))[1]


def _promotion(truth: Truth, release: Made) -> Promotion | None:
    number = truth.posts.get(release.nonce or "", (0, ""))[0]
    return next((each for each in truth.promotions if each.id == number), None)


ALL: tuple[Check, ...] = (
    deliveries_are_kept,
    released_once,
    never_backwards,
    never_over_a_person,
    no_deploy_is_lost,
    all_ended_truly,
    no_hold_is_false,
)


def violations(truth: Truth, diary: list[Act]) -> list[str]:
    """Return all violations, one sentence each."""
    return [found for check in ALL for found in check(truth, diary)]
