"""Secrets by tenant, provider and name: FRONTDESK_<TENANT>_<PROVIDER>_<NAME> variables, and what is stored beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from frontdesk.core.errors import ConfigurationError

#: Secret that holds a tenant's keys for /v1: FRONTDESK_<TENANT>_OWNER_API_KEY, several live values by commas.
OWNER_API_KEY = "OWNER_API_KEY"


def secret_variable(tenant_id: str, name: str) -> str:
    """Return the environment variable of a tenant's secret.

    >>> secret_variable("mikes-detailing", "STRIPE_WEBHOOK_SECRET")
    'FRONTDESK_MIKES_DETAILING_STRIPE_WEBHOOK_SECRET'
    """
    return f"FRONTDESK_{tenant_id.upper().replace('-', '_')}_{name}"


class SecretsBeside(Protocol):
    """Secrets that are kept elsewhere than in the environment, and change while they are used."""

    def values(self, tenant_id: str, name: str) -> tuple[str, ...]:
        """Return all live values, the newest first. Raises ConfigurationError if one of them can't be read."""
        ...

    def refresh(self) -> frozenset[str]:
        """Take over what changed; return whose secrets did. Raises EventLogUnavailableError."""
        ...

    @property
    def unreadable(self) -> Mapping[tuple[str, str], str]:
        """Why secrets can't be read, by tenant and name."""
        ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reads secrets from a mapping of environment variables, and from what is beside it."""

    environ: Mapping[str, str] = field(repr=False)
    stored: SecretsBeside | None = field(default=None, repr=False)

    def values(self, tenant_id: str, name: str) -> tuple[str, ...]:
        """Return all live values: those of the environment, then what is stored; empty when not set.

        The first is what is sent with; any of them proves a delivery. Raises ConfigurationError if one of them is
        stored and can't be read: what proves a delivery would be missing, and genuine ones be refused for good.
        """
        stored = self.stored.values(tenant_id, name) if self.stored else ()
        return tuple(dict.fromkeys((*self.values_of_environment(tenant_id, name), *stored)))

    def values_of_environment(self, tenant_id: str, name: str) -> tuple[str, ...]:
        """Return the values of the variable alone (several during a rotation, separated by commas).

        A PEM key may be given on one line with ``\\n`` for its line ends.
        """
        text = self.environ.get(secret_variable(tenant_id, name), "")
        parts = (part.strip().replace("\\n", "\n") for part in text.split(","))
        return tuple(part for part in parts if part)

    def refresh(self) -> frozenset[str]:
        """Take over what changed beside the environment; return whose secrets did.

        One look at an index; ask no more often than once a second. Raises EventLogUnavailableError.
        """
        return self.stored.refresh() if self.stored else frozenset()

    def unreadable(self) -> Mapping[tuple[str, str], str]:
        """Return why stored secrets can't be read, by tenant and name; empty if all can."""
        return self.stored.unreadable if self.stored else {}


#: Password of Dagster's pages, FRONTDESK_DAGSTER_PASSWORD: with it they can change things, without it only be read.
DAGSTER_PASSWORD = "DAGSTER_PASSWORD"  # noqa: S105 - a name
#: What signs alerts for the operator's own endpoint, FRONTDESK_ALERT_WEBHOOK_SECRET.
ALERT_WEBHOOK_SECRET = "ALERT_WEBHOOK_SECRET"  # noqa: S105 - a name
#: Token with which Prometheus reads /metrics from another machine, FRONTDESK_METRICS_TOKEN.
METRICS_TOKEN = "METRICS_TOKEN"  # noqa: S105 - a name
#: Key under which secrets are stored, FRONTDESK_MASTER_KEY: 32 bytes in base64 or hex.
MASTER_KEY = "MASTER_KEY"
#: The key that takes its place, FRONTDESK_NEW_MASTER_KEY, while it is changed.
NEW_MASTER_KEY = "NEW_MASTER_KEY"
#: Secrets of who runs this installation, of no tenant. They are in the environment alone.
OPERATOR_SECRETS = (DAGSTER_PASSWORD, ALERT_WEBHOOK_SECRET, METRICS_TOKEN, MASTER_KEY, NEW_MASTER_KEY)
#: Shorter ones can be guessed.
MIN_OPERATOR_SECRET_LENGTH = 16


def operator_secret(name: str, *, environ: Mapping[str, str]) -> str | None:
    """Return a secret of who runs this installation, None if it is not set.

    Raises ConfigurationError if it is too short.
    """
    value = environ.get(f"FRONTDESK_{name}", "").strip()
    if not value:
        return None
    if len(value) < MIN_OPERATOR_SECRET_LENGTH:
        raise ConfigurationError(
            f"FRONTDESK_{name}: is shorter than {MIN_OPERATOR_SECRET_LENGTH} characters; make a longer one, "
            "such as by: openssl rand -hex 24"
        )
    return value
