"""Puts the parts that make reports together from one home's settings."""

from __future__ import annotations

from core.clock import SystemClock
from core.errors import ConfigurationError
from core.reports.archive import ReportArchive
from core.settings import Settings
from core.tenants import Tenant, load_tenants
from pipelines.lib.assembly import build_dbt_runner, build_event_log
from pipelines.reporting.making import ReportMaker


def build_report_maker(settings: Settings) -> ReportMaker:
    """Return what makes the reports of one home."""
    return ReportMaker(
        analytics_path=settings.analytics_path,
        archive=ReportArchive(settings.reports_path),
        log=build_event_log(settings),
        clock=SystemClock(),
        models_fingerprint=build_dbt_runner(settings).fingerprint(),
    )


def find_tenant(settings: Settings, slug: str) -> Tenant:
    """Return a business. Raises ConfigurationError that names those there are."""
    tenants = load_tenants(settings.tenants_dir)
    if slug not in tenants:
        raise ConfigurationError(f"there is no business {slug!r}; use one of {', '.join(tenants)}")
    return tenants[slug]
