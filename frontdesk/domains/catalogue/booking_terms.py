"""On which terms a service can be booked with us, in a business's file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from frontdesk.core.durations import Duration, DurationFromZero
from frontdesk.core.tenant.fields import Strict
from frontdesk.domains.catalogue.resources import Need

_NONE = timedelta(0)
_DAY = timedelta(days=1)


class WaitlistTerms(Strict):
    """How times that are free are offered to those who wait for one."""

    offers: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="1: a time is kept for one after the other. More: so many are offered it at once, and the first "
        "who accepts has it.",
        examples=[3],
    )
    answer_within: Duration = Field(
        default=timedelta(hours=2),
        description="How long one has to answer; an offer always ends two hours before its start, or at the notice.",
        examples=["30m"],
    )


class BookingTerms(Strict):
    """How a service is booked with us: what it takes up, and when it can be had."""

    every: Duration = Field(
        default=timedelta(minutes=15), description="How far apart starts are, from each opening on.", examples=["30m"]
    )
    notice: DurationFromZero = Field(
        default=_NONE, description="How long before its start it is booked at the latest.", examples=["4h"]
    )
    change_notice: DurationFromZero | None = Field(
        default=None,
        description="How long before its start customers move or cancel it themselves at the latest; "
        "left out: as `notice`.",
        examples=["24h"],
    )
    horizon: Duration = Field(
        default=timedelta(days=60), description="How far ahead it can be booked.", examples=["90d"]
    )
    buffer_before: DurationFromZero = Field(
        default=_NONE, description="Taken up before it, such as to set up; may lie before opening.", examples=["15m"]
    )
    buffer_after: DurationFromZero = Field(
        default=_NONE,
        description="Taken up after it, such as to clean; neighbours' buffers add up.",
        examples=["10m"],
    )
    capacity: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="How many of it run at the same time; left out: as people and rooms allow, one if it needs none.",
        examples=[2],
    )
    daily_cap: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="How many of it begin on one day at most.", examples=[8]
    )
    needs: tuple[Need, ...] = ()
    waitlist: WaitlistTerms | None = Field(
        default=None, description="Lets people wait for a time that others have; left out: nobody can."
    )
    confirmed: bool = Field(
        default=True, description="Whether it is confirmed once it is booked; else staff confirm or decline it."
    )

    @model_validator(mode="after")
    def _can_be_had(self) -> BookingTerms:
        if self.notice >= self.horizon:
            raise ValueError("notice must be shorter than horizon, or nothing can ever be booked")
        if self.every > _DAY or max(self.buffer_before, self.buffer_after) > _DAY:
            raise ValueError("every, buffer_before and buffer_after are at most 24h")
        return self

    @property
    def notice_of_change(self) -> timedelta:
        """How long before its start customers move or cancel it themselves at the latest."""
        return self.notice if self.change_notice is None else self.change_notice

    @property
    def own_capacity(self) -> int | None:
        """How many run at the same time for the service's own sake; None: as people and rooms allow."""
        return self.capacity if self.capacity is not None or self.needs else 1
