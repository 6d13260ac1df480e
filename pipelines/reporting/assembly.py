"""Puts the parts that make reports together from one home's settings."""

from __future__ import annotations

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.running.addresses import local_url
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.reports.report_maker import ReportMaker
from frontdesk.domains.sending.outbox.outbox import Outbox
from pipelines.home_parts import build_dbt_runner


def build_report_maker(settings: Settings) -> ReportMaker:
    """Return what makes the reports of one home."""
    clock = SystemClock()
    ids = UuidV7Factory(clock)
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    return ReportMaker(
        analytics_path=settings.analytics_path,
        archive=ReportArchive(settings.reports_path),
        engine=engine,
        log=EventLog(engine, ids=ids),
        outbox=Outbox(engine, clock=clock, ids=ids),
        dashboard_url=settings.dashboard_url or local_url(settings.host, settings.dashboard_port),
        clock=clock,
        models_fingerprint=build_dbt_runner(settings).fingerprint(),
    )
