"""Booking for a customer: service, a time that is free, who it is, and what comes of it."""

from __future__ import annotations

from datetime import date
from functools import partial

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi
from dashboard.frame.session import Business
from dashboard.pages.schedule.choice import choose_booking
from dashboard.pages.schedule.times import choose_time, chosen_time, forget_offer, offer, show_alternatives
from dashboard.parts.formatting import format_instant, format_money
from dashboard.parts.typed_text.box import Action, Field, Typed, show_box
from frontdesk.domains.bookings.shapes import BookingRead
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.tenancy.tenant import Tenant

_KEY = "new_booking"
_FIELDS = (
    Field(name="name", label="Name", needed="Say who it is for.", shows_label=True, max_length=200),
    Field(name="phone", label="Phone", shows_label=True, max_length=50),
    Field(name="email", label="E-mail", shows_label=True, max_length=200),
    Field(name="guest_name", label="Who comes, if somebody else", shows_label=True, max_length=200),
    Field(name="location", label="Where, if not at your place", shows_label=True, max_length=500),
)


def show_new_booking(business: Business, tenant: Tenant, *, day: date) -> None:
    """Show the form by which staff book for somebody."""
    services = {service.key: service for service in tenant.services if service.booking is not None}
    if st.session_state.get(f"{_KEY}_shown") != day:  # the day of the form follows the day that is looked at
        st.session_state[f"{_KEY}_shown"] = st.session_state[f"{_KEY}_day"] = day
    with st.container(border=True, key=f"{_KEY}_panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("New booking", anchor=False, width="stretch")
            st.button("Close", key=f"{_KEY}_close", icon=":material/close:", on_click=choose_booking, args=(None,))
        if not services:
            st.markdown(
                ":gray[No service can be booked here yet. Give one `booking` terms in the business's file; "
                "until then this page shows what is booked elsewhere.]"
            )
            return
        service_key = st.selectbox(
            "Service",
            list(services),
            format_func=lambda key: _describe(services[key], business),
            key=f"{_KEY}_service",
        )
        start = choose_time(business, tenant, service_key=service_key, day=day, key=_KEY)
        show_alternatives(business, key=_KEY)
        if start is None:
            return
        show_box(
            key=_KEY,
            draft=f"{business.tenant_id}|{_KEY}",
            note="Who has been here before is recognised by phone number or e-mail address.",
            fields=_FIELDS,
            actions=[Action(name="book", label="Book")],
            on_act=lambda typed: _book(business, typed),
        )


def _describe(service: Service, business: Business) -> str:
    return f"{service.name} ({service.duration_minutes} min, {business.currency} {service.price:,.2f})"


def _book(business: Business, typed: Typed) -> bool:
    time = chosen_time(_KEY)
    given = {name: value.strip() for name, value in typed.values.items() if value.strip()}
    contact = {name: given[name] for name in ("name", "phone", "email") if name in given}
    if not contact.keys() & {"phone", "email"}:
        st.toast("Give a phone number or an e-mail address.", icon=":material/edit:")
        return False
    booking = {
        "service_key": st.session_state[f"{_KEY}_service"],
        "starts_at": time.starts_at.isoformat(),
        "contact": contact,
        **({} if time.person is None else {"person": time.person}),
        **{name: given[name] for name in ("guest_name", "location") if name in given},
    }
    forget_offer(_KEY)

    def ask(api: BusinessApi) -> str:
        # The time is part of the key: what was refused at one time is another booking at the next.
        key = f"{typed.id}-{time.starts_at:%Y%m%dT%H%M%z}-{time.person or ''}"
        booked = api.book(booking, idempotency_key=key)
        choose_booking(booked.booking_id)
        return _describe_booked(booked, business)

    return actions.act(business.tenant_id, ask, on_refusal=partial(offer, _KEY))


def _describe_booked(booked: BookingRead, business: Business) -> str:
    words = f"Booked: {booked.service}, {format_instant(booked.starts_at, business.zone)}"
    return words if booked.price_minor is None else f"{words}, {format_money(booked.price_minor, booked.currency)}"
