"""The address at which the listener is reached: learned from where an admin logs in.

A Host header is anybody's word, and what it says becomes where Heroku delivers and where links to
approvals lead. So it counts only from an admin of every app, over https by the router's word, and
where our own question to it comes back to us; and it takes no place of one that still answers.
"""

from __future__ import annotations

from threading import Lock

import structlog

from listener.core.finding import State
from listener.db import audit, own_address
from listener.inventory.context import Context
from listener.roles import Rights, Role
from listener.services.status import ReachabilityCheck

log = structlog.get_logger()


class OwnAddress:
    """Learns where the listener is reached, where no setting says it."""

    def __init__(self, context: Context, mirror: ReachabilityCheck) -> None:
        self._context = context
        self._mirror = mirror
        self._is_free = Lock()  # a question takes five seconds at most, so one at a time does

    def learn(self, url: str | None, *, by: str, rights: Rights) -> None:
        """Take it from this request, by which URL it came; None is none that could be one.

        Whatever goes wrong is logged, and no fault of the request.
        """
        is_set = self._context.public_url is not None
        if url is None or is_set or rights.overall is not Role.ADMIN:
            return
        if self._is_free.acquire(blocking=False):
            try:
                self._learn(url, by)
            except Exception as error:  # noqa: BLE001 - whoever logs in has his token by now
                log.warning("address_not_learned", url=url, error=type(error).__name__)
            finally:
                self._is_free.release()

    def _learn(self, url: str, by: str) -> None:
        known = self._context.address()
        if url == known or (known is not None and self._state(known) is not State.BROKEN):
            return
        if (state := self._state(url)) is not State.OK:
            log.warning("address_not_confirmed", url=url, state=state)
            return
        with self._context.database.begin() as conn:
            own_address.put(conn, url, by=by)
            audit.record(
                conn,
                by=by,
                action="address.learned",
                subject_type="listener",
                subject_id=url,
                before={"url": known} if known is not None else None,
                after={"url": url},
            )
        log.info("address_learned", url=url)

    def _state(self, url: str) -> State:
        return self._mirror.look(url, is_set=False).state
