"""What a post of ours left behind on its target, by the target's list."""

from __future__ import annotations

from listener.history import Release
from listener.standing import nonce_of
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import facts
from listener.store.posts import PostRow


def made_by(tools: Tools, post: PostRow, reading: Reading) -> list[Release]:
    """The releases that this post made, oldest first. Raises HerokuError."""
    ours = [
        release
        for release in reading.history.releases
        if release.version > post.base_version and release.artifact == post.artifact
    ]
    named = [release for release in ours if nonce_of(release.description) == post.nonce]
    if named or not ours:
        return named
    with tools.database.begin() as conn:
        if facts.get(conn, facts.ECHOES) is True:
            return []
    account = tools.readings.account_id()
    silent = [release for release in ours if nonce_of(release.description) is None]
    return [release for release in silent if release.author_id == account]
