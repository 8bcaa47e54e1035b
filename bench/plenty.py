"""100 apps in 38 lanes, 10,000 settled promotions, and what an ordinary morning leaves open."""

from __future__ import annotations

APPS, LANES, SETTLED = 100, 38, 10_000

# 24 pairs, 13 chains of three and one source with 12 targets. Each source deployed 165 times; every
# third lane and the last one are two deploys behind, and wait for time, people, or a hold.
PLANT = """
CREATE TEMP TABLE planted ON COMMIT PRESERVE ROWS AS
WITH lane AS (
  SELECT n AS lane, format('acme-%s-%s', (ARRAY['checkout', 'billing', 'identity', 'storefront',
    'notify', 'warehouse', 'search', 'ledger'])[1 + n % 8], n) AS base
  FROM generate_series(1, 38) AS n
), named AS (
  SELECT lane, base || '-staging' AS name, NULL AS source FROM lane
  UNION ALL SELECT lane, base || '-prod', base || '-staging' FROM lane WHERE lane < 38
  UNION ALL SELECT lane, base || '-prod-eu', base || '-prod' FROM lane
    WHERE lane BETWEEN 25 AND 37
  UNION ALL SELECT lane, format('%s-prod-%s', base, n), base || '-staging'
    FROM lane, generate_series(1, 12) AS n WHERE lane = 38
)
SELECT lane, name, md5(name)::uuid::text AS id, md5(source)::uuid::text AS source_id,
  lane % 3 = 0 OR lane = 38 AS is_busy,
  CASE WHEN source IS NOT NULL AND (lane % 3 = 0 OR lane = 38) THEN 163 ELSE 165 END AS runs
FROM named;

INSERT INTO app (id, name, stack, is_complete) SELECT id, name, 'heroku-24', true FROM planted;

INSERT INTO release (app_id, version, id, status, artifact, is_current, commit, stack, description,
  author, created_at, updated_at, is_decided)
SELECT id, n, md5(name || n)::uuid::text, 'succeeded', md5(format('%s/%s', lane, n))::uuid::text,
  n = runs, md5(format('%s.%s', lane, n)) || 'c0ffee00', 'heroku-24',
  CASE WHEN source_id IS NULL THEN 'Deploy ' ELSE 'Promote ' END
    || left(md5(format('%s.%s', lane, n)), 8),
  'ana.lindqvist@example.com', at, at, true
FROM planted, generate_series(1, runs) AS n,
  LATERAL (SELECT now() - (166 - n) * interval '3 hours 7 minutes' AS at) AS made;

WITH made AS (
  INSERT INTO rule (name, mode, strategy, on_newer, source_id, conditions, created_by)
  SELECT format('lane-%s-%s', source.lane, source.name), 'armed', 'slug', 'supersede', source.id,
    '{"soak": "1h", "windows": ["Mon-Fri 09:00-16:30 Europe/London"], "approvals": 1,
      "verify": ["https://shop.example.com/healthz"], "on_failure": "rollback"}', 'ana@example.com'
  FROM planted source WHERE EXISTS (SELECT FROM planted WHERE source_id = source.id)
  RETURNING id, source_id
)
INSERT INTO rule_target (rule_id, app_id, baseline, position)
SELECT made.id, planted.id, 0, 0 FROM made JOIN planted ON planted.source_id = made.source_id;

WITH passed AS (
  SELECT jsonb_agg(jsonb_build_object('name', name, 'verdict', 'pass', 'facts', '{}'::jsonb,
    'message', 'A release that has run for an hour at the source may go on from here.')) AS gates
  FROM unnest(ARRAY['source', 'match', 'order', 'target', 'hold', 'soak', 'window', 'approvals'])
    AS name
), made AS (
  INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact, commit,
    target_id, target_version, status, reason, gates, evaluated_at, due_at, status_at, soaks_from,
    author, created_at, ended_at)
  SELECT rule.id, 1, source.app_id, source.id, source.version, source.artifact, source.commit,
    planted.id, CASE WHEN is_open THEN NULL ELSE source.version END,
    CASE WHEN is_open THEN 'waiting' ELSE 'succeeded' END,
    CASE WHEN is_open THEN gate || ': ' || message ELSE 'Released.' END,
    CASE WHEN is_open THEN passed.gates || jsonb_build_object('name', gate, 'verdict', 'wait',
      'message', message, 'facts', '{}'::jsonb, 'until',
      CASE WHEN gate <> 'hold' THEN to_char(now() + interval '5 hours', 'YYYY-MM-DD"T"HH24:MI:SSOF')
        || ':00' END) ELSE passed.gates END,
    source.created_at, CASE WHEN is_open THEN now() + interval '1 day' END, source.created_at,
    source.created_at, source.author, source.created_at,
    CASE WHEN is_open THEN NULL ELSE source.created_at END
  FROM planted JOIN rule USING (source_id) JOIN release source ON source.app_id = planted.source_id
  CROSS JOIN passed,
  LATERAL (SELECT source.version > planted.runs AS is_open,
    (ARRAY['approvals', 'soak', 'hold'])[1 + lane / 3 % 3] AS gate,
    (ARRAY['0 of 1 approval was given.', 'It has run for 20 min of 1 h at the source.',
      'It is on hold: a migration is under way.'])[1 + lane / 3 % 3] AS message) AS state
  WHERE source.version <= planted.runs OR source.version = 165
  RETURNING id, version, commit, source_id
)
INSERT INTO shipment (promotion_id, head, base, repository, due_at)
SELECT made.id, made.commit, md5(format('%s.%s', planted.lane, made.version - 1)) || 'c0ffee00',
  'acme/lane-' || planted.lane, NULL
FROM made JOIN planted ON planted.id = made.source_id;

INSERT INTO comparison (repository, base, head, told_by, content)
SELECT DISTINCT ON (repository, base, head) repository, base, head, 'github', jsonb_build_object(
  'relation', 'ahead', 'ahead_by', 1, 'behind_by', 0, 'leaving', '[]'::jsonb, 'pulls', '[]'::jsonb,
  'url', 'https://github.com/' || repository, 'shown', jsonb_build_object('authors',
    jsonb_build_array('Ana Lindqvist'), 'author_count', 1, 'pulls', '[]'::jsonb, 'pull_count', 0),
  'coming', jsonb_build_array(jsonb_build_object('sha', head, 'author', 'Ana Lindqvist',
    'login', 'analindqvist', 'at', now(),
    'message', 'Round cart totals half-even per currency (#2381)')))
FROM shipment WHERE repository LIKE 'acme/lane-%';

UPDATE shipment SET comparison_id = comparison.id FROM comparison
WHERE (shipment.repository, shipment.base, shipment.head)
  = (comparison.repository, comparison.base, comparison.head);

INSERT INTO hold (app_id, kind, reason, by)
SELECT id, 'person', 'A migration is under way.', 'ben@example.com' FROM planted
WHERE is_busy AND source_id IS NOT NULL AND lane / 3 % 3 = 2;

ANALYZE;
"""
