"""Identifiers in the providers' forms, each derived from a text: the same text gives the same identifier for ever."""

from __future__ import annotations

import hashlib
from uuid import UUID

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UUID4_BITS = (0x4 << 76) | (0b10 << 62)
_UUID4_MASK = ~((0xF << 76) | (0b11 << 62))


def base62(*parts: object, length: int) -> str:
    """Return `length` (at most 40) letters and digits derived from the parts."""
    number = int.from_bytes(_digest(parts), "big")
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        characters.append(_BASE62[digit])
    return "".join(characters)


def stripe_id(prefix: str, *parts: object) -> str:
    """Return an id such as pi_3Qx8…: 24 characters after the prefix, as Stripe's newer ids have."""
    return f"{prefix}_{base62(prefix, *parts, length=24)}"


def guid(*parts: object) -> str:
    """Return a lower-case version 4 UUID."""
    number = int.from_bytes(_digest(parts)[:16], "big")
    return str(UUID(int=(number & _UUID4_MASK) | _UUID4_BITS))


def hexadecimal(*parts: object, length: int = 32) -> str:
    """Return lower-case hexadecimal digits, such as those after SM in a Twilio sid."""
    return _digest(parts).hex()[:length]


def digits(*parts: object, length: int) -> str:
    """Return decimal digits without a leading zero."""
    number = int.from_bytes(_digest(parts), "big")
    return str(10 ** (length - 1) + number % (9 * 10 ** (length - 1)))


def twilio_account_sid(tenant: str) -> str:
    """Return the AccountSid of a tenant: an identifier in every body and in the configuration, not a secret."""
    return f"AC{hexadecimal('twilio account', tenant)}"


def _digest(parts: tuple[object, ...]) -> bytes:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
