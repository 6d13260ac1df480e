"""The demo's secrets and key pairs: made once per home, kept in a file that only its owner can read."""

from __future__ import annotations

import base64
import json
import os
import secrets as random_secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from sandbox.businesses import Business
from sandbox.identifiers import twilio_account_sid

SECRETS_FILE = "sandbox-secrets.json"
OWNER_API_KEY = "OWNER_API_KEY"

# Private halves, which the real providers keep to themselves; Frontdesk's environment never holds them.
WIX_PRIVATE_KEY = "WIX_PRIVATE_KEY"
GOHIGHLEVEL_PRIVATE_KEY = "GOHIGHLEVEL_PRIVATE_KEY"
_PRIVATE = {WIX_PRIVATE_KEY, GOHIGHLEVEL_PRIVATE_KEY}


@dataclass(frozen=True)
class TenantSecrets:
    """One tenant's secrets by name, such as STRIPE_WEBHOOK_SECRET."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @cached_property
    def wix_private_key(self) -> RSAPrivateKey:
        """The key with which Wix signs this tenant's webhooks."""
        key = serialization.load_pem_private_key(self.values[WIX_PRIVATE_KEY].encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError(f"{WIX_PRIVATE_KEY} in {SECRETS_FILE} is no RSA key; delete the file to make new secrets")
        return key

    @cached_property
    def gohighlevel_private_key(self) -> Ed25519PrivateKey:
        """The key with which HighLevel signs."""
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.values[GOHIGHLEVEL_PRIVATE_KEY]))


def load_or_make_secrets(home: Path, businesses: Mapping[str, Business]) -> dict[str, TenantSecrets]:
    """Return every business's secrets, by slug: those in the home's file, and new ones if it has none.

    The file has mode 0600. A business or secret that was added since gets its own without changing the others.
    """
    home.mkdir(parents=True, exist_ok=True)
    file = home / SECRETS_FILE
    known: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    made = {slug: _complete(known.get(slug, {}), business) for slug, business in businesses.items()}
    if made != known:
        _write_private(file, json.dumps(made, indent=1))
    return {slug: TenantSecrets(values) for slug, values in made.items()}


def environment(secrets: Mapping[str, TenantSecrets]) -> Iterator[tuple[str, str]]:
    """Yield the FRONTDESK_<TENANT>_<NAME> variables for the processes under test; no private key among them."""
    for slug, tenant_secrets in secrets.items():
        prefix = f"FRONTDESK_{slug.upper().replace('-', '_')}"
        for name, value in tenant_secrets.values.items():
            if name not in _PRIVATE:
                # A PEM has line ends, which not every tool keeps in a variable: written as \n, on one line.
                yield f"{prefix}_{name}", value.replace("\n", "\\n")


def _complete(known: Mapping[str, str], business: Business) -> dict[str, str]:
    values = dict(known)
    for name in (*business.secret_names, OWNER_API_KEY):
        if name == "TWILIO_ACCOUNT_SID":
            values[name] = twilio_account_sid(business.slug)
        elif name not in values:
            values |= _KEY_PAIRS[name]() if name in _KEY_PAIRS else {name: _MAKERS.get(name, _random_text)()}
    return values


def _random_text() -> str:
    return random_secrets.token_hex(20)  # 40 characters: within the 12 to 50 alphanumeric ones that Zoho takes


def _wix_pair() -> dict[str, str]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {WIX_PRIVATE_KEY: private.decode(), "WIX_PUBLIC_KEY": _public_pem(key)}


def _gohighlevel_ed25519_pair() -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # HighLevel publishes its Ed25519 key as the base64 of the SPKI, without PEM armour.
    return {
        GOHIGHLEVEL_PRIVATE_KEY: base64.b64encode(key.private_bytes_raw()).decode(),
        "GOHIGHLEVEL_ED25519_PUBLIC_KEY": base64.b64encode(public).decode(),
    }


def _gohighlevel_rsa_public() -> dict[str, str]:
    # HighLevel no longer signs with RSA: the public half is configured, and nobody holds the private one.
    return {"GOHIGHLEVEL_RSA_PUBLIC_KEY": _public_pem(generate_private_key(public_exponent=65537, key_size=2048))}


def _public_pem(key: RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def _write_private(file: Path, text: str) -> None:
    # Created with its mode from the first byte: no moment in which others could read it.
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    draft.replace(file)


_KEY_PAIRS: dict[str, Callable[[], dict[str, str]]] = {
    "WIX_PUBLIC_KEY": _wix_pair,
    "GOHIGHLEVEL_ED25519_PUBLIC_KEY": _gohighlevel_ed25519_pair,
    "GOHIGHLEVEL_RSA_PUBLIC_KEY": _gohighlevel_rsa_public,
}
_MAKERS: dict[str, Callable[[], str]] = {
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{random_secrets.token_hex(16)}",
    "STRIPE_API_KEY": lambda: f"sk_test_{random_secrets.token_hex(16)}",
    "PROOF_API_KEY": lambda: f"prf_test_{random_secrets.token_hex(16)}",
    # Standard Webhooks: the base64 of 24 bytes or more; these hold none of the characters that a list would split.
    "OUTGOING_WEBHOOK_SECRET": lambda: f"whsec_{base64.b64encode(random_secrets.token_bytes(24)).decode()}",
    OWNER_API_KEY: lambda: f"fd_{random_secrets.token_hex(20)}",
}
