"""Facts about marketing: leads, touches, spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Currency, DateOnly, MinorUnits, Payload
from frontdesk.domains.identity.facts import AboutContact


class LeadFact(AboutContact):
    """lead.created."""

    lead_id: Identifier | None = None
    channel: Text | None = Field(default=None, description="instagram, google, referral, ...")
    medium: Text | None = None
    campaign: Text | None = None
    interest: Text | None = None


class TouchFact(AboutContact):
    """touch.recorded: one marketing touch."""

    channel: Text
    medium: Text | None = None
    campaign: Text | None = None
    cost_minor: MinorUnits | None = None
    currency: Currency | None = None


class SpendFact(Payload):
    """spend.recorded: what a channel cost over some days. Told again for these days, it is a correction."""

    channel: Text = Field(description="As in touches and leads: google, instagram, ...")
    campaign: Text | None = None
    period_start: DateOnly = Field(description="First day, on the business's calendar.")
    period_end: DateOnly = Field(description="Last day; the first again where it is one day.")
    amount_minor: MinorUnits
    currency: Currency

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.period_end < self.period_start:
            raise ValueError("period_end is before period_start; swap them")
        return self


#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    "lead.created": LeadFact,
    "touch.recorded": TouchFact,
    "spend.recorded": SpendFact,
}
