"""Secrets that providers send with a delivery never reach the log: every stored form holds *** in their place.

What was verified, and the ids made from it, are those of the delivery as it came; only what is kept is masked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, quote_plus

import orjson

MASK = b"***"
#: What is shorter is no secret, and masking it would spoil what people wrote.
_MIN_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Masks:
    """The spellings of some secrets in JSON, in forms and as they are, the longest first."""

    spellings: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Self:
        """Return the masks of these secrets."""
        spellings = {spelling for secret in secrets if len(secret) >= _MIN_LENGTH for spelling in _spellings(secret)}
        return cls(tuple(sorted(spellings, key=len, reverse=True)))

    def hide(self, stored: bytes) -> bytes:
        """Return what may be stored."""
        for spelling in self.spellings:
            if spelling in stored:
                stored = stored.replace(spelling, MASK)
        return stored


def _spellings(secret: str) -> Iterable[bytes]:
    yield secret.encode()
    yield orjson.dumps(secret)[1:-1]
    yield orjson.dumps(secret)[1:-1].replace(b"/", b"\\/")
    for spelled in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield spelled.encode()
        yield spelled.lower().encode() if spelled.lower() != secret.lower() else spelled.encode()
