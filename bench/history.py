"""The way to the `POST` after 1,000 and 10,000 settled promotions, beside one that begins."""

from __future__ import annotations

from contextlib import ExitStack

import httpx

from bench.figures import Part, compared, median
from bench.post import to_post
from bench.stages import is_at_rest, ship, sql, staged
from demo.stage import PATIENCE, DemoFailed, Stage, wait_for

ROUNDS = 7
PASTS = (1_000, 10_000)
# The releases that the emulated Heroku tells, as a listener that saw them all has stored them: a
# look decided on each.
RELEASES = """
    INSERT INTO release (app_id, version, id, status, artifact, artifact_type, is_current, commit,
      commit_message, stack, description, author, created_at, updated_at, is_decided)
    SELECT r->'app'->>'id', (r->>'version')::int, r->>'id', r->>'status', r->'slug'->>'id',
      'slug', false, 'c0ffee', '', 'heroku-24', r->>'description', r->'user'->>'email',
      (r->>'created_at')::timestamptz, (r->>'updated_at')::timestamptz, true
    FROM jsonb_array_elements(%s::text::jsonb) AS r
    ON CONFLICT DO NOTHING
"""
# A promotion of each of the source's releases, its post and its timeline.
PROMOTIONS = """
    WITH made AS (
      INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact,
        target_id, target_release_id, target_version, status, reason, evaluated_at, status_at,
        created_at, ended_at)
      SELECT rule.id, rule.revision, s.app_id, s.id, s.version, s.artifact, rule_target.app_id,
        t.id, t.version, 'succeeded', 'Released.', s.created_at, s.created_at, s.created_at,
        s.created_at
      FROM rule JOIN rule_target ON rule_target.rule_id = rule.id
      JOIN release s ON s.app_id = rule.source_id
      JOIN release t ON t.app_id = rule_target.app_id AND t.version = s.version
      WHERE s.artifact IS NOT NULL
      RETURNING *
    ), posted AS (
      INSERT INTO post (promotion_id, target_id, kind, nonce, artifact, base_version, sent_at,
        outcome, release_id, release_version, settled_at)
      SELECT id, target_id, 'promote', md5(id::text), artifact, target_version - 1, ended_at,
        'accepted', target_release_id, target_version, ended_at FROM made
    )
    INSERT INTO promotion_event (promotion_id, at, event, message)
    SELECT id, ended_at, event, 'As always.' FROM made,
      unnest(ARRAY['waiting', 'posting', 'succeeded']) AS event
"""


def measure() -> Part:
    """Deploy in turns to listeners that remember nothing, much and very much."""
    took: dict[int, list[float]] = {past: [] for past in (0, *PASTS)}
    with ExitStack() as stack:
        sources = {past: _prepared(stack, past) for past in took}
        for number in range(ROUNDS + 1):
            for past, (stage, source) in list(sources.items()):
                one = _to_post(stage, source)
                if number or one is None:  # the first round warms every cache up
                    took[past].append(PATIENCE * 1000 if one is None else one)
                if one is None:  # it would be so again
                    del sources[past]
    begun = median(took[0])
    what = "release → POST after {:,} settled promotions and as many releases an app"
    figures = [compared(what.format(n), median(took[n]), begun, "ms", most=1.2) for n in PASTS]
    return Part(figures, ("The peer of a past is the same listener without one, in turns.",))


def _to_post(stage: Stage, source: str) -> float | None:
    """Return the milliseconds; None where nothing was posted in time."""
    try:
        return to_post(stage, source)
    except DemoFailed:
        return None


def _prepared(stack: ExitStack, past: int) -> tuple[Stage, str]:
    stage = stack.enter_context(staged())
    source, target = ship(stage, "past", releases=max(past, 1))
    if past:
        for app in (source, target):
            sql(stage, RELEASES, httpx.get(_releases(stage, app), timeout=60).text)
        sql(stage, PROMOTIONS)
        sql(stage, "ANALYZE")
    wait_for(lambda: is_at_rest(stage), "rest")
    return stage, source


def _releases(stage: Stage, app: str) -> str:
    return f"{stage.heroku_url}/_emulator/apps/{app}/releases"
