"""A business as far as its reports need it."""

from __future__ import annotations

from frontdesk.domains.attribution.settings import AttributingBusiness
from frontdesk.domains.reports.settings import ReportSettings
from frontdesk.domains.sending.business import SendingBusiness


class ReportingBusiness(SendingBusiness, AttributingBusiness):
    """A business with the reports that it gets."""

    reports: ReportSettings = ReportSettings()
