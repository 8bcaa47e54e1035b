"""The end of a run: all damage heals, a last deploy goes everywhere, and all becomes quiet."""

from __future__ import annotations

from reliability.ground import ROBOT, Broken, await_
from reliability.people import SOURCE_OF, TARGETS, People
from reliability.truth import NONCE

LEASED = """
    SELECT (SELECT count(*) FROM promotion WHERE lease_until > now())
         + (SELECT count(*) FROM app WHERE lease_until > now())
         + (SELECT count(*) FROM chore WHERE lease_until > now())
"""
OPEN = """
    SELECT promotion.id, target.name, version, status, reason
    FROM promotion JOIN app target ON target.id = target_id
    WHERE ended_at IS NULL AND reason NOT LIKE '%promotions:approve%' ORDER BY promotion.id
"""
ASKS = """
    SELECT id, artifact FROM promotion
    WHERE ended_at IS NULL AND reason LIKE '%promotions:approve%' ORDER BY id
"""
# Who asked for a rollback and waited no longer may get it after the last deploy has arrived, also
# where that was not made yet when they asked.
LEFT = """
    SELECT arrived.artifact FROM promotion arrived
    JOIN promotion rollback ON rollback.target_id = arrived.target_id
    WHERE arrived.status = 'succeeded' AND arrived.ended_at < rollback.ended_at
      AND rollback.kind = 'rollback' AND rollback.status = 'rolled_back'
"""
UNDECIDED = "SELECT count(*) FROM delivery WHERE settled_at IS NULL"


class Ending:
    """Deploys once more on every source, and waits until that runs everywhere."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._ground = people.ground
        self._last: dict[str, str] = {}

    def come(self, patience: float) -> str | None:
        """Deploy once more everywhere and wait; return what is still in the way, or None."""
        heroku = self._ground.heroku
        heroku.control("rate-limits", {"email": ROBOT, "remaining": 4500})
        try:
            await_(self._ground.is_ready, lambda: "the listener", patience)
            for source in dict.fromkeys(SOURCE_OF.values()):
                self._deploy(source)
            await_(self._is_quiet, self._unrest, patience)
        except Broken as why:
            return str(why)
        return None

    def _deploy(self, source: str) -> None:
        self._people.deploy(source)
        self._last[source] = self._ground.heroku.releases(source)[-1]["slug"]["id"]

    def _is_quiet(self) -> bool:
        for app in self._people.held():
            self._people.release_hold(app)
        left = {artifact for (artifact,) in self._ground.database.ask(LEFT)}
        for source in [source for source, last in self._last.items() if last in left]:
            self._deploy(source)
        # The last deploy may be older than a rollback that was asked for before and came after it,
        # or of the very second of a hotfix. Then it waits for a person's word.
        for promotion, artifact in self._ground.database.ask(ASKS):
            if artifact in self._last.values():
                self._people.approve(promotion)
        return not self._unrest()

    def _unrest(self) -> str:
        """Return what is still to come; "" when all is quiet."""
        ask, heroku = self._ground.database.ask, self._ground.heroku
        unrest = [f"{target} does not run the last deploy" for target in self._without_last()]
        unrest += [" ".join(map(str, row)) for row in ask(OPEN)]
        if leased := ask(LEASED)[0][0]:
            unrest.append(f"{leased} rows are leased")
        if undecided := ask(UNDECIDED)[0][0]:
            unrest.append(f"{undecided} deliveries are undecided")
        if not heroku.control("flush", {"seconds": 0.1})["idle"]:
            unrest.append("deliveries are on their way")
        return "; ".join(unrest)

    def _without_last(self) -> list[str]:
        return [target for target in TARGETS if not self._runs_last(target)]

    def _runs_last(self, target: str) -> bool:
        releases = self._ground.heroku.releases(target)
        current = next(each for each in releases if each["current"])
        is_ours = bool(NONCE.search(current["description"])) or "config" in current["description"]
        return is_ours and (current["slug"] or {}).get("id") == self._last[SOURCE_OF[target]]
