"""What a provider wants to deliver, and the signed HTTP request that it becomes at the moment of sending.

A body is written for the instant `at` at which its event happens. Told in real time that is sooner than planned, so
if a body also names an earlier moment it takes the earlier of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.secrets import TenantSecrets

#: Delivery.source of lines for POST /v1/events:import, which is no provider.
IMPORT = "import"

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to deliver. Its content is fixed by the story; only signature and send time come later."""

    tenant: str
    source: str  # the segment of the webhook's URL, or IMPORT
    scheme: str  # how it is signed: a key of sandbox.providers.SIGNERS
    at: datetime  # when it happened, aware UTC
    key: str  # what the provider would call the same event again on a redelivery
    body: bytes  # as the provider writes it; for Wix the claims that its token carries
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()  # fixed headers that carry content, as Google Calendar's do

    @property
    def identity(self) -> tuple[str, str, str]:
        """Tenant, source and key: two deliveries with the same identity are one event."""
        return self.tenant, self.source, self.key


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a signer may know of the attempt it signs for."""

    secrets: TenantSecrets
    now: datetime  # aware UTC
    public_url: str  # the receiver's address as configured with the provider, which Twilio signs


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A POST ready for the wire."""

    path: str  # with query string
    headers: tuple[tuple[str, str], ...]
    body: bytes


def unix_seconds(at: datetime) -> int:
    """Return whole Unix seconds."""
    return int(at.timestamp())


def iso_milliseconds(at: datetime) -> str:
    """Return the instant as 2026-11-01T12:00:00.123Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def iso_seconds(at: datetime) -> str:
    """Return the instant as 2026-11-01T12:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
