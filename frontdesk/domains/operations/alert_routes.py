"""Who is told: a business's own people about their business, whoever runs the system about everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from frontdesk.core.settings import Settings
from frontdesk.domains.operations.incidents import AlertChannel, Route
from frontdesk.domains.tenancy.tenant import Tenant

#: Key of the system's own endpoint.
SYSTEM_ENDPOINT = "alerts"


def build_routes(settings: Settings, tenants: Mapping[str, Tenant]) -> Callable[[str | None], Sequence[Route]]:
    """Return what tells where alerts about a business go, or about the whole system for None."""
    system = [Route(AlertChannel.EMAIL, address, None) for address in settings.alert_addresses]
    if settings.alert_webhook_url:
        system.append(Route(AlertChannel.WEBHOOK, SYSTEM_ENDPOINT, None))

    def routes(tenant_id: str | None) -> Sequence[Route]:
        tenant = tenants.get(tenant_id or "")
        if tenant is None:
            return system
        own = [Route(AlertChannel.EMAIL, address, tenant.slug) for address in tenant.alerts.email]
        if tenant.alerts.endpoint is not None:
            own.append(Route(AlertChannel.WEBHOOK, tenant.alerts.endpoint, tenant.slug))
        return own or system

    return routes
