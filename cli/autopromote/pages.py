"""Where a promotion is seen in a browser."""

from collections.abc import Iterable

from autopromote.output import tell
from autopromote.plain import plain_line
from autopromote.resources import Promotion, PromotionInFull

PROMOTIONS = "/promotions/"


def tell_pages(promotions: Iterable[Promotion | PromotionInFull]) -> None:
    """Say where each promotion's page is, where the listener knows it."""
    for promotion in promotions:
        if line := see(promotion):
            tell(line)


def see(promotion: Promotion | PromotionInFull) -> str | None:
    """Return `See https://…/promotions/42`; None where no address is known."""
    url = promotion.get("page_url")
    return f"See {plain_line(url)}" if url else None


def lanes(promotions: Iterable[Promotion]) -> str | None:
    """Return where all of them are seen; None where no address is known."""
    urls = (promotion.get("page_url") or "" for promotion in promotions)
    own, found, _ = next(filter(None, urls), "").rpartition(PROMOTIONS)
    return plain_line(f"{own}/") if found else None
