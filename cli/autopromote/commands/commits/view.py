"""How a blocked commit looks: as a row."""

from autopromote.renaming import renamed
from autopromote.resources import CommitBlock
from autopromote.times import when

SHORT = 12  # characters of a SHA; fewer may be several commits


def row(block: CommitBlock, *, with_unblocked: bool) -> list[str | None]:
    """Return a blocked commit as a row of the table."""
    app = {block["app"]["name"]: "the app"} if block["app"] else {}
    cells = [block["commit"][:SHORT], place(block), block["by"], when(block["created_at"])]
    ended = [when(block["unblocked_at"])] if with_unblocked else []
    return [*cells, *ended, renamed(block["reason"], app)]


def place(block: CommitBlock) -> str:
    """Return where it is blocked."""
    return f"⬢ {block['app']['name']}" if block["app"] else "every app"
