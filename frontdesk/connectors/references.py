"""A command's own mark at a provider, by which it is found again: short, and of characters that any field takes."""

from __future__ import annotations

from hashlib import sha256

_LENGTH = 32


def reference_of(command_key: str) -> str:
    """Return 32 hexadecimal digits that are always the same for a key.

    >>> reference_of("hmnp/reminder_24h/send_sms/booking:b1")
    'a6c74f110f0d0958391d482ab79159e5'
    """
    return sha256(command_key.encode()).hexdigest()[:_LENGTH]


def message_id_of(command_key: str, *, sender: str) -> str:
    """Return the Message-ID (RFC 5322) of a command's e-mail, in the sender's domain."""
    return f"<{reference_of(command_key)}@{sender.rpartition('@')[2]}>"
