"""A home with the known history, followed as it arrived: some of it late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.periods import Period
from frontdesk.domains.reports.report_maker import ReportMaker
from frontdesk.domains.tenancy.tenant import Tenant
from tests.domains.reports.history import TENANT, History, make_history
from tests.pipelines.homes import Home, HomeFactory

#: What the log was not told at first.
LATE = 40


@dataclass(frozen=True)
class ReportingHome:
    """The home, what happened there, and what makes its reports."""

    home: Home
    tenant: Tenant
    history: History
    maker: ReportMaker
    computed: dict[Period, Report] = field(default_factory=dict)

    def report(self, period: Period) -> Report:
        """Return a period's report, computed once: for homes whose log gets no more events."""
        if period not in self.computed:
            self.computed[period] = self.maker.compute(self.tenant, period)
        return self.computed[period]

    @property
    def zone(self) -> ZoneInfo:
        """The business's zone."""
        return ZoneInfo(self.tenant.zone)

    def follow(self) -> None:
        """Model what is new in the log."""
        with self.home.modeller().opened() as modeller:
            modeller.follow_to_end()


def open_reporting_home(homes: HomeFactory, *, late: int) -> ReportingHome:
    """Return a home for reports whose log has been told all but the last `late` events of the history."""
    home = homes.new_home()
    tenant = home.tenants[TENANT]
    history = make_history(ZoneInfo(tenant.zone))
    maker = ReportMaker(
        analytics_path=home.analytics_path,
        archive=ReportArchive(home.folder / "reports"),
        engine=home.engine,
        log=home.log,
        outbox=home.outbox,
        dashboard_url="http://127.0.0.1:8501",
        clock=home.clock,
        models_fingerprint="fingerprint",
    )
    reporting = ReportingHome(home, tenant, history, maker)
    home.log.append(history.events[: len(history.events) - late])
    reporting.follow()
    return reporting


@pytest.fixture(scope="module")
def reporting(homes: HomeFactory) -> ReportingHome:
    """Return a home for reports whose log knows everything. For tests that only read."""
    return open_reporting_home(homes, late=0)


@pytest.fixture
def reporting_behind(homes: HomeFactory) -> Callable[[], ReportingHome]:
    """Return what opens a home for reports that has not heard of everything."""
    return lambda: open_reporting_home(homes, late=LATE)
