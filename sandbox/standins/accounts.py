"""The customers of the stand-ins: the businesses, known to each provider by their credentials with it."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.businesses import Business
from sandbox.secrets import TenantSecrets

TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
CLICKSEND_USERNAME, CLICKSEND_API_KEY = "CLICKSEND_USERNAME", "CLICKSEND_API_KEY"
GRAPH_TENANT_ID, GRAPH_CLIENT_ID, GRAPH_CLIENT_SECRET = "GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET"
SMTP_USERNAME, SMTP_PASSWORD = "SMTP_USERNAME", "SMTP_PASSWORD"
OUTGOING_WEBHOOK_SECRET = "OUTGOING_WEBHOOK_SECRET"  # noqa: S105 - the name of a secret, not one


@dataclass(frozen=True, slots=True)
class Account:
    """One business as its providers know it."""

    tenant: str
    name: str
    country: str  # two letters
    email: str  # its mailbox
    numbers: tuple[str, ...]  # E.164; the first one sends where a request names none
    secrets: TenantSecrets

    def secret(self, name: str) -> str:
        """Return a credential, empty if the business has none of that name."""
        return self.secrets.values.get(name, "")

    def holds(self, name: str, given: str) -> bool:
        """Tell whether this is the account's credential. An account without one holds nothing."""
        own = self.secret(name)
        return bool(own) and hmac.compare_digest(own.encode(), given.encode())


@dataclass(frozen=True, slots=True)
class Accounts:
    """All of them."""

    by_tenant: Mapping[str, Account]

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> Accounts:
        """Put them together."""
        return cls({account.tenant: account for account in accounts})

    def find(self, name: str, value: str) -> Account | None:
        """Return the account whose credential of that name this is."""
        return next((account for account in self.by_tenant.values() if account.holds(name, value)), None)


def open_accounts(businesses: Mapping[str, Business], secrets: Mapping[str, TenantSecrets]) -> Accounts:
    """Return an account for every business. Its numbers are those of its sources' settings, then its own."""
    return Accounts.of(
        Account(
            tenant=slug,
            name=business.name,
            country=business.country,
            email=business.email,
            numbers=tuple(dict.fromkeys(filter(None, (*_source_numbers(business), business.phone)))),
            secrets=secrets[slug],
        )
        for slug, business in businesses.items()
    )


def basic_credentials(authorization: str) -> tuple[str, str]:
    """Return user and password of an Authorization header with Basic, two empty texts for anything else."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _source_numbers(business: Business) -> list[str]:
    return [settings.get("phone_number", "") for settings in business.sources.values()]
