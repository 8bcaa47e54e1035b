"""A client of Heroku's own: its Platform API, and the webhooks that it delivers.

Knows nothing of the rest of this program. Reads raise `HerokuError`s that say whether Heroku said
no or could not be understood; writes also tell apart what was never sent, what was refused, and
what may have been applied.
"""

from listener.heroku.budget import Spender, on_behalf_of, spender
from listener.heroku.client import Deadlines, Heroku
from listener.heroku.errors import (
    BadAnswer,
    Doubtful,
    HerokuError,
    NotSent,
    RateLimited,
    Refused,
    Spared,
)
from listener.heroku.events import Event, EventRelease, MalformedEvent, parse
from listener.heroku.oauth import FORMS, REFRESH_TOKEN, AccessToken, OAuth, OAuthClient
from listener.heroku.output import Piece
from listener.heroku.paging import LONGEST_PAGE
from listener.heroku.repositories import Compared
from listener.heroku.resources import (
    Account,
    App,
    Artifact,
    Authorization,
    Coupling,
    Delivery,
    Pipeline,
    PipelinePromotion,
    PromotionTarget,
    Release,
    Slug,
    Webhook,
)
from listener.heroku.signature import (
    HEADER,
    BadSignature,
    VerifiedBody,
    is_well_formed,
    matches,
    sign,
    verify,
)

__all__ = [
    "FORMS",
    "HEADER",
    "LONGEST_PAGE",
    "REFRESH_TOKEN",
    "AccessToken",
    "Account",
    "App",
    "Artifact",
    "Authorization",
    "BadAnswer",
    "BadSignature",
    "Compared",
    "Coupling",
    "Deadlines",
    "Delivery",
    "Doubtful",
    "Event",
    "EventRelease",
    "Heroku",
    "HerokuError",
    "MalformedEvent",
    "NotSent",
    "OAuth",
    "OAuthClient",
    "Piece",
    "Pipeline",
    "PipelinePromotion",
    "PromotionTarget",
    "RateLimited",
    "Refused",
    "Release",
    "Slug",
    "Spared",
    "Spender",
    "VerifiedBody",
    "Webhook",
    "is_well_formed",
    "matches",
    "on_behalf_of",
    "parse",
    "sign",
    "spender",
    "verify",
]
