"""When reports are made: Monday, and the first of the month, at nine on the business's own clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from frontdesk.domains.reports.periods import Period, PeriodKind, last_complete
from frontdesk.domains.reports.settings import ReportingBusiness

_MADE_AT = time(9)


class DueReport(NamedTuple):
    """A report that is to be made."""

    tenant_id: str
    period: Period


def due_reports(tenants: Mapping[str, ReportingBusiness], *, after: datetime, until: datetime) -> Iterator[DueReport]:
    """Yield the reports that businesses want and that became due after one instant, up to another (both aware)."""
    for slug, tenant in tenants.items():
        zone = ZoneInfo(tenant.zone)
        for kind in _wanted(tenant):
            period = last_complete(kind, now=until, zone=zone)
            if due_at(period, zone) > until:
                period = period.previous
            while due_at(period, zone) > after:
                yield DueReport(slug, period)
                period = period.previous


def due_at(period: Period, zone: ZoneInfo) -> datetime:
    """Return when a period's report is made: on the day after its last, whatever the zone's clocks did."""
    return datetime.combine(period.end, _MADE_AT, tzinfo=zone)


def _wanted(tenant: ReportingBusiness) -> Iterable[PeriodKind]:
    wanted = {PeriodKind.WEEKLY: tenant.reports.weekly, PeriodKind.MONTHLY: tenant.reports.monthly}
    return [kind for kind, is_wanted in wanted.items() if is_wanted]
