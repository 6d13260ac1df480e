"""Passwords: hashed by Argon2id (RFC 9106), few at a time, and as slow for an address that nobody has."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from frontdesk.domains.staff.errors import AccountError

MIN_LENGTH = 10
#: A longer one is no safer, and hashing it would be work that anybody can ask for.
MAX_LENGTH = 256
#: OWASP's second recommendation for Argon2id: 19 MiB, two passes, one lane; about 20 ms of one core.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
#: Hashes at the same time: a flood of sign-ins takes this much memory and no more.
_CONCURRENT = 4


def is_text(text: str) -> bool:
    """Return whether it can be written in UTF-8; JSON can name half of a surrogate pair, which is no text."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


class Passwords:
    """Hashes and verifies. Safe to use from several threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._slots = threading.BoundedSemaphore(_CONCURRENT)
        self._nobodys_hash = self._hasher.hash("the password of an address that nobody has")

    def hash(self, password: str) -> str:
        """Return what is stored. Raises AccountError for a password that is too short or too long."""
        if len(password) < MIN_LENGTH:
            raise AccountError(f"a password needs {MIN_LENGTH} characters or more; a sentence is a good one")
        if len(password) > MAX_LENGTH:
            raise AccountError(f"a password has {MAX_LENGTH} characters at most")
        if not is_text(password):
            raise AccountError("a password is text; this one holds half of a surrogate pair")
        with self._slots:
            return self._hasher.hash(password)

    def verify(self, password: str, stored: str | None) -> bool:
        """Return whether it is the stored one's password; with None always False, after as long a time."""
        if len(password) > MAX_LENGTH or not is_text(password):
            return False
        with self._slots:
            try:
                return self._hasher.verify(stored or self._nobodys_hash, password) and stored is not None
            except VerifyMismatchError:
                return False
            except InvalidHashError as error:
                raise AccountError("the account's stored password can't be read; set a new one") from error

    def needs_rehash(self, stored: str) -> bool:
        """Return whether it was hashed with other settings than these."""
        return self._hasher.check_needs_rehash(stored)
