"""What a business's file says about its reports."""

from __future__ import annotations

from pydantic import Field

from core.tenant_fields import Email, Strict


class ReportSettings(Strict):
    """Which reports are made by themselves, and who gets them."""

    weekly: bool = Field(default=True, description="Every Monday at 9:00 in the business's zone.")
    monthly: bool = Field(default=True, description="On the first of each month at 9:00.")
    recipients: tuple[Email, ...] = Field(default=(), description="Who gets the report of each period by e-mail.")
