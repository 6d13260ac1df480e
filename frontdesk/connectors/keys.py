"""Public keys from configuration: PEM, or the base64 of a SubjectPublicKeyInfo on one line."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeGuard, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from frontdesk.connectors.source import SourceConfiguration
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import secret_variable

_Key = TypeVar("_Key")


def load_rsa_keys(configuration: SourceConfiguration, name: str) -> tuple[RSAPublicKey, ...]:
    """Return every live RSA public key of a secret, none if it is not set.

    A key is PEM, the base64 of its DER, or the base64 of the PEM (as Wix's SDK takes it). Raises ConfigurationError
    if a value is none of these, or a key of another kind.
    """
    return _load_keys(configuration, name, _is_rsa)


def load_ed25519_keys(configuration: SourceConfiguration, name: str) -> tuple[Ed25519PublicKey, ...]:
    """Return every live Ed25519 public key of a secret; see load_rsa_keys."""
    return _load_keys(configuration, name, _is_ed25519)


def _load_keys(
    configuration: SourceConfiguration, name: str, is_kind: Callable[[object], TypeGuard[_Key]]
) -> tuple[_Key, ...]:
    keys = []
    for value in configuration.secret_values(name):
        key = _find_key(value.encode())
        if not is_kind(key):
            variable = secret_variable(configuration.tenant_id, name)
            raise ConfigurationError(
                f"{variable}: holds no such key; give the provider's public key as PEM (\\n for its line ends) "
                "or as base64 on one line"
            )
        keys.append(key)
    return tuple(keys)


def _find_key(text: bytes) -> Any:
    try:
        if text.lstrip().startswith(b"-----"):
            return load_pem_public_key(text)
        decoded = b64decode(text, validate=True)
        is_pem = decoded.lstrip().startswith(b"-----")
        return load_pem_public_key(decoded) if is_pem else load_der_public_key(decoded)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _is_rsa(key: object) -> TypeGuard[RSAPublicKey]:
    return isinstance(key, RSAPublicKey)


def _is_ed25519(key: object) -> TypeGuard[Ed25519PublicKey]:
    return isinstance(key, Ed25519PublicKey)
