"""What is stored of a promotion, and does not come from lists of releases."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from listener.core.gates.base import SLUG
from listener.core.gates.github import wanted
from listener.core.gates.options import NONE
from listener.db import apps, releases
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.inventory import evidence


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a promotion's two apps, its rule and its slug."""

    source: AppRow
    target: AppRow
    rule: RuleRow | None  # its own one
    obeyed: RuleRow | None  # whose conditions it obeys
    commit: str | None
    stack: str | None
    lacks_commit: bool  # the rule asks for checks of the commit, and Heroku was never asked for it

    @property
    def needs_slug(self) -> bool:
        """Whether Heroku must be asked for what the slug was built from."""
        return self.stack is None


def known(conn: Connection, row: PromotionRow) -> Known:
    """Read it in a few statements."""
    found = {app.id: app for app in apps.all_of(conn, {row.source_id, row.target_id})}
    obeyed = evidence.rules_of_each(conn, [row]).get(row.id)
    return known_of(conn, row, found[row.source_id], found[row.target_id], obeyed)


SlugFacts = tuple[str | None, str | None]  # commit and stack, which never change


def known_of(
    conn: Connection,
    row: PromotionRow,
    source: AppRow,
    target: AppRow,
    obeyed: RuleRow | None,
    slug: SlugFacts | None = None,
) -> Known:
    """Add what is stored of the slug to what the caller just read, if he does not know that too."""
    rule = obeyed if row.rule_id is not None else None
    commit, stack = slug or releases.slug_facts(conn, row.source_id, row.artifact)
    conditions = obeyed.conditions if obeyed is not None else NONE
    is_slug = row.artifact_type == SLUG
    lacks_commit = stack is None and is_slug and wanted(conditions) is not None
    return Known(source, target, rule, obeyed, commit, stack, lacks_commit)
