"""Secrets by tenant, provider and name, from FRONTDESK_<TENANT>_<PROVIDER>_<NAME> variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from frontdesk.core.errors import ConfigurationError

#: Secret that holds a tenant's keys for /v1: FRONTDESK_<TENANT>_OWNER_API_KEY, several live values by commas.
OWNER_API_KEY = "OWNER_API_KEY"


def secret_variable(tenant_id: str, name: str) -> str:
    """Return the environment variable of a tenant's secret.

    >>> secret_variable("mikes-detailing", "STRIPE_WEBHOOK_SECRET")
    'FRONTDESK_MIKES_DETAILING_STRIPE_WEBHOOK_SECRET'
    """
    return f"FRONTDESK_{tenant_id.upper().replace('-', '_')}_{name}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reads secrets from a mapping of environment variables."""

    environ: Mapping[str, str] = field(repr=False)

    def values(self, tenant_id: str, name: str) -> tuple[str, ...]:
        """Return all live values (several during a rotation, separated by commas); empty when not set.

        A PEM key may be given on one line with ``\\n`` for its line ends.
        """
        text = self.environ.get(secret_variable(tenant_id, name), "")
        parts = (part.strip().replace("\\n", "\n") for part in text.split(","))
        return tuple(part for part in parts if part)


#: Password of Dagster's pages, FRONTDESK_DAGSTER_PASSWORD: with it they can change things, without it only be read.
DAGSTER_PASSWORD = "DAGSTER_PASSWORD"  # noqa: S105 - a name
#: What signs alerts for the operator's own endpoint, FRONTDESK_ALERT_WEBHOOK_SECRET.
ALERT_WEBHOOK_SECRET = "ALERT_WEBHOOK_SECRET"  # noqa: S105 - a name
#: Token with which Prometheus reads /metrics from another machine, FRONTDESK_METRICS_TOKEN.
METRICS_TOKEN = "METRICS_TOKEN"  # noqa: S105 - a name
#: Secrets of who runs this installation, of no tenant.
OPERATOR_SECRETS = (DAGSTER_PASSWORD, ALERT_WEBHOOK_SECRET, METRICS_TOKEN)
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
