"""What a business's file says about its reports, and a business as far as its reports need it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from frontdesk.core.tenant.fields import MailableEmail, Strict
from frontdesk.domains.attribution.settings import AttributingBusiness
from frontdesk.domains.sending.business import SendingBusiness

#: Those that credit each conversion by its own journey; Markov and Shapley know of all periods at once.
AttributionModel = Literal["first", "last", "last_non_direct", "linear", "position", "time_decay"]


class ReportSettings(Strict):
    """Which reports are made by themselves, and who gets them."""

    weekly: bool = Field(default=True, description="Every Monday at 9:00 in the business's zone.")
    monthly: bool = Field(default=True, description="On the first of each month at 9:00.")
    attribution_model: AttributionModel = Field(
        default="last_non_direct", description="What shares out the period's conversions, by the longest lookback."
    )
    recipients: tuple[MailableEmail, ...] = Field(
        default=(), description="Who gets the report of each period by e-mail."
    )


class ReportingBusiness(SendingBusiness, AttributingBusiness):
    """A business with the reports that it gets."""

    reports: ReportSettings = ReportSettings()
