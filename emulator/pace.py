"""How fast the emulated Heroku does what it does by itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. Heroku retries for 72 hours with delays of up to one; tests cannot wait for that."""

    event_gap: float = 0.16  # between the create and the update of one release, as captured
    retry_first: float = 0.2
    retry_longest: float = 5.0
    delivery_timeout: float = 10.0
    shuffle_window: float = 0.5
