"""The running emulated Heroku: its state, and the threads that deliver."""

from dataclasses import dataclass
from datetime import timedelta

import httpx

from emulator import seed
from emulator.clock import Clock, ManualClock
from emulator.couriers import Couriers
from emulator.pace import Pace
from emulator.state import State


@dataclass(frozen=True, slots=True)
class Idle:
    """Whether nothing is queued or about to happen, and how many deliveries are queued."""

    idle: bool
    queued: int


class World(State):
    """A whole Heroku; call `close` at the end. `transport` sends the deliveries."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        pace: Pace | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(clock=clock, pace=pace)
        self._couriers = Couriers(self, transport)
        self.on_queue = self._couriers.wake

    def advance(self, by: timedelta) -> None:
        """Move the time forward. Raises TypeError unless the clock is a `ManualClock`."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a ManualClock can be advanced")
        with self.changed:
            self.clock.advance(by)
            self.changed.notify_all()

    def settle(self, seconds: float) -> Idle:
        """Wait, at most so many seconds, until nothing is queued or about to happen."""
        with self.changed:
            self.changed.wait_for(lambda: self.closing.is_set() or self._is_idle(), seconds)
            return Idle(self._is_idle(), self.queued())

    def _is_idle(self) -> bool:
        return self.queued() == 0 and self.timetable.is_quiet()

    def close(self) -> None:
        """End all threads of this world."""
        self.closing.set()
        with self.changed:
            self.changed.notify_all()
        self._couriers.close()

    def seed_demo(self) -> None:
        """Fill an empty world with the demo's data."""
        with self.lock:
            seed.seed_demo(self)
