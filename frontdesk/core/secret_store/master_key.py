"""The key under which stored secrets are encrypted (AES-256-GCM), and where it comes from."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.ids import new_nonce
from frontdesk.core.secrets import MASTER_KEY, NEW_MASTER_KEY

_KEY_BYTES: Final = 32
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_REMEDY: Final = "make one by: openssl rand -base64 32"


class SecretAddress(NamedTuple):
    """Which value of which secret a row holds. What is encrypted opens at its own address alone."""

    tenant_id: str
    name: str
    value_number: int

    def as_bytes(self) -> bytes:
        """Return the bytes that encryption is bound to; no two addresses have the same."""
        # Slugs and names hold no NUL.
        return "\x00".join(("frontdesk.secret.1", self.tenant_id, self.name, str(self.value_number))).encode()


class Sealed(NamedTuple):
    """An encrypted value."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


class MasterKey:
    """One key. Its repr tells which one it is, and nothing else."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        #: Tells keys apart. Of 256 random bits nobody finds the key by it.
        self.key_id = sha256(b"frontdesk.master-key.1" + key).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"MasterKey({self.key_id})"

    def encrypt(self, value: str, *, address: SecretAddress) -> Sealed:
        """Return a value encrypted, under a nonce of its own."""
        nonce = new_nonce()
        return Sealed(self.key_id, nonce, self._cipher.encrypt(nonce, value.encode(), address.as_bytes()))

    def decrypt(self, sealed: Sealed, *, address: SecretAddress) -> str:
        """Return the value. Raises ConfigurationError if it was not encrypted by this key for this address."""
        try:
            return self._cipher.decrypt(sealed.nonce, sealed.ciphertext, address.as_bytes()).decode()
        except (InvalidTag, ValueError):
            # Not what the library says: whatever the row holds, nothing of it is repeated.
            raise ConfigurationError(
                "its row is damaged, or another secret's; set it again, or restore a backup"
            ) from None


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The keys of one process: what is encrypted under any of them is read, and the first encrypts."""

    keys: tuple[MasterKey, ...]
    problem: str  #: why FRONTDESK_MASTER_KEY can't be used; empty if it can

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> MasterKeys:
        """Return the keys of FRONTDESK_MASTER_KEY and FRONTDESK_NEW_MASTER_KEY; one that is malformed is none.

        The new one is there while the key is changed: what is encrypted anew can be read by who started before.
        """
        key = new = None
        problem = ""
        try:
            key = read_master_key(MASTER_KEY, environ=environ)
        except ConfigurationError as error:
            problem = error.detail
        with suppress(ConfigurationError):  # who changes the key is told
            new = read_master_key(NEW_MASTER_KEY, environ=environ)
        if key is None and not problem:
            problem = f"FRONTDESK_{MASTER_KEY} is not set"
        return cls(tuple(each for each in (key, new) if each is not None), problem)

    def find(self, key_id: str) -> MasterKey | None:
        """Return the key that opens what has this id, None if it is none of these."""
        return next((each for each in self.keys if each.key_id == key_id), None)

    def decrypt(self, sealed: Sealed, *, address: SecretAddress) -> str:
        """Return a value. Raises ConfigurationError that says why it can't be read, and what to do."""
        key = self.find(sealed.key_id)
        if key is not None:
            return key.decrypt(sealed, address=address)
        if self.problem:
            raise ConfigurationError(f"{self.problem}; set the one that it was stored under")
        raise ConfigurationError(
            f"it is stored under another master key than FRONTDESK_{MASTER_KEY}; set the one that it was stored under"
        )


def read_master_key(name: str, *, environ: Mapping[str, str]) -> MasterKey | None:
    """Return the key of a variable FRONTDESK_<name>, None if it is not set.

    Raises ConfigurationError unless it is 32 bytes in base64 or hex.
    """
    text = environ.get(f"FRONTDESK_{name}", "").strip()
    if not text:
        return None
    key = _decode(text)
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"FRONTDESK_{name}: is not {_KEY_BYTES} bytes in base64 or hex; {_REMEDY}")
    return MasterKey(key)


def need_master_key(name: str, *, environ: Mapping[str, str]) -> MasterKey:
    """Return the key of a variable. Raises ConfigurationError if it is not set, or malformed."""
    key = read_master_key(name, environ=environ)
    if key is None:
        raise ConfigurationError(f"FRONTDESK_{name}: is not set; {_REMEDY}, and keep it where you keep passwords")
    return key


def _decode(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except (binascii.Error, ValueError):
        return b""
