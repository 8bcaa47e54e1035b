"""Encrypts everything anew with the newest key, so that the older keys can be dropped."""

from __future__ import annotations

from dataclasses import dataclass

from listener.crypto import Cipher, DecryptionError, Keys
from listener.db import encrypted
from listener.db.encrypted import BODIES, RECEIVERS, SECRETS, SERVICES, EncryptedColumn, Sealed
from listener.db.engine import Database


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many rows were encrypted anew, and how many no key opens."""

    renewed: int = 0
    broken: int = 0

    def __add__(self, other: Resealed) -> Resealed:
        """Add both counts."""
        return Resealed(self.renewed + other.renewed, self.broken + other.broken)


def is_anything_sealed(database: Database) -> bool:
    """Tell whether anything is stored that needs a key."""
    with database.begin() as conn:
        return encrypted.is_any(conn)


def reseal(database: Database, keys: Keys) -> Resealed:
    """Encrypt everything with the newest key; safe to repeat, and while others write."""
    places = (
        (SECRETS, keys.secrets),
        (BODIES, keys.bodies),
        (SERVICES, keys.services),
        (RECEIVERS, keys.services),
    )
    return sum((_reseal(database, place, seal) for place, seal in places), Resealed())


def _reseal(database: Database, place: EncryptedColumn, seal: Cipher) -> Resealed:
    done, last = Resealed(), 0
    while True:
        with database.begin() as conn:
            rows = encrypted.after(conn, place, last)
            for row in rows:
                renewed = _renewed(row, seal)
                if isinstance(renewed, bytes):
                    encrypted.replace(conn, place, row, renewed)
                done += _count(renewed)
        if not rows:
            return done
        last = rows[-1].id


def _renewed(row: Sealed, seal: Cipher) -> bytes | DecryptionError | None:
    try:
        return seal.renew(row.content)
    except DecryptionError as broken:
        return broken


def _count(renewed: bytes | DecryptionError | None) -> Resealed:
    return Resealed(int(isinstance(renewed, bytes)), int(isinstance(renewed, DecryptionError)))
