"""The businesses that reports are made of, as they are configured now."""

from __future__ import annotations

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import open_database
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.tenant import Tenant


def find_tenant(settings: Settings, slug: str) -> Tenant:
    """Return a business. Raises ConfigurationError that names those there are."""
    tenants = open_home_directory(settings)
    if slug not in tenants:
        raise ConfigurationError(f"there is no business {slug!r}; use one of {', '.join(tenants)}")
    return tenants[slug]


def open_home_directory(settings: Settings) -> TenantDirectory:
    """Return the businesses of a home as they are configured. Raises ConfigurationError if there is none."""
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    return TenantDirectory.open(engine, folder=settings.tenants_dir)
