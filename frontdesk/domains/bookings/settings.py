"""The page on which customers book by themselves, in a business's file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from frontdesk.core.tenant.business import refuse_repeats
from frontdesk.core.tenant.fields import Key, Strict
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.prices.settings import PricedBusiness

#: Where a page may be framed: scheme and host, without a path.
Origin = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$", max_length=253, to_lower=True
    ),
]
HostName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", max_length=253, to_lower=True
    ),
]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$", to_lower=True)]


class BookingPage(Strict):
    """The page on which customers book by themselves. Left out: there is none."""

    intro: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = Field(
        default=None, description="What stands above the services.", examples=["Book online in two minutes."]
    )
    logo_text: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = Field(
        default=None, description="What stands in place of a logo; left out: the business's name.", examples=["HMNP"]
    )
    color: Color = Field(
        default="#1f4e79", description="Of the head and of buttons; letters on it are black or white."
    )
    services: Annotated[tuple[Key, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Those that are booked there; left out: all that have booking terms.",
        examples=[["standard_notary"]],
    )
    consent: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        default="I agree that my details are kept for this appointment, and that I am contacted about it.",
        description="What customers tick before they book; the booking keeps these words.",
        examples=["I agree to be called about my appointment."],
    )
    host: HostName | None = Field(
        default=None,
        description="Name of its own by which browsers reach the page too; it must lead to the receiver.",
        examples=["book.hmnp.example"],
    )
    framed_by: tuple[Origin, ...] = Field(
        default=(),
        description="Origins whose pages may show it in a frame, by `/b/<slug>/embed`; left out: none.",
        examples=[["https://www.hmnp.example"]],
    )


class PageBusiness(PricedBusiness):
    """A business, with the page on which customers book."""

    booking_page: BookingPage | None = None

    @model_validator(mode="after")
    def _page_offers_what_can_be_booked(self) -> PageBusiness:
        page = self.booking_page
        if page is None:
            return self
        bookable = [service.key for service in self.services if service.booking is not None]
        if not bookable:
            raise ValueError("booking_page: no service has booking terms; give one `booking`, or remove the page")
        refuse_repeats("booking_page.services", list(page.services or ()))
        for key in page.services or ():
            if key not in bookable:
                raise ValueError(
                    f"booking_page.services: {key!r} is not booked here; use one of {', '.join(bookable)}"
                )
        return self

    def services_on_page(self) -> tuple[Service, ...]:
        """Return what customers book by themselves, in the order of the file; nothing without a page."""
        page = self.booking_page
        if page is None:
            return ()
        return tuple(
            service
            for service in self.services
            if service.booking is not None and (page.services is None or service.key in page.services)
        )
