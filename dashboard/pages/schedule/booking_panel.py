"""One booking that was made here: who, what, when, what it costs, what became of it, and what can be done now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import ApiRefusedError, BusinessApi
from dashboard.frame.session import Business, PageContext
from dashboard.pages.schedule import queries as schedule_queries
from dashboard.pages.schedule.choice import choose_booking
from dashboard.pages.schedule.entries import names_of_resources, who_comes
from dashboard.pages.schedule.times import choose_time, chosen_time, forget_offer, offer, show_alternatives
from dashboard.parts import components, queries
from dashboard.parts.formatting import (
    MISSING,
    escape_markdown,
    format_clock,
    format_instant,
    format_moment,
    format_money,
    format_words,
)
from dashboard.parts.typed_text.box import Action, Field, show_box
from frontdesk.domains.bookings.shapes import BookingRead
from frontdesk.domains.tenancy.tenant import Tenant

#: What can be done with one click where a booking stands so: verb of /v1, label, icon.
_CLICKS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "pending": (("confirm", "Confirm", ":material/event_available:"),),
    "confirmed": (
        ("complete", "Completed", ":material/check:"),
        ("no-show", "Did not come", ":material/person_off:"),
    ),
    "completed": (("reopen", "Reopen", ":material/undo:"),),
    "no_show": (("reopen", "Reopen", ":material/undo:"),),
    "cancelled": (("reopen", "Reopen", ":material/undo:"),),
    "declined": (("reopen", "Reopen", ":material/undo:"),),
}
#: What is asked a reason for: verb, label of the button.
_WITH_REASON = {"pending": ("decline", "Decline"), "confirmed": ("cancel", "Cancel booking")}
_DONE = {
    "confirm": "Confirmed",
    "decline": "Declined",
    "cancel": "Cancelled",
    "complete": "Completed",
    "no-show": "Noted that nobody came",
    "reopen": "Open again",
    "reschedule": "Moved",
}
_OPEN = frozenset({"pending", "confirmed"})


def show_booking(context: PageContext, business: Business, tenant: Tenant, *, booking_id: str) -> None:
    """Show the booking that is chosen."""
    booking = None
    with actions.explained_refusal(), context.open_api(business.tenant_id) as api:
        booking = api.find_booking(booking_id)
    with st.container(border=True, key="booking_panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            title = "No such booking" if booking is None else f"{booking.service} · {who_comes(booking) or 'no name'}"
            st.subheader(escape_markdown(title), anchor=False, width="stretch")
            st.button("Close", key="booking_close", icon=":material/close:", on_click=choose_booking, args=(None,))
        if booking is None:
            st.markdown(":gray[There is no booking of this address here. It may be another business's.]")
            return
        _show_facts(booking, business, tenant)
        _show_price(booking)
        _show_acts(booking, business, tenant)
        _show_history(context, booking, business)


def _show_facts(booking: BookingRead, business: Business, tenant: Tenant) -> None:
    names, contact = names_of_resources(tenant), booking.contact
    places = [names[place] for place in booking.places if place in names]
    until = format_clock(booking.ends_at, business.zone)
    lines = [
        f"{components.describe_status(booking.status)} {format_instant(booking.starts_at, business.zone)} to {until}",
        f":gray[With] {escape_markdown(', '.join(places))}" if places else "",
        f":gray[Where] {escape_markdown(booking.location)}" if booking.location else "",
        f":gray[Booked by] {escape_markdown(' · '.join(_reached(contact)))}" if contact else "",
    ]
    st.markdown("  \n".join(line for line in lines if line))
    told = booking.starts_at.astimezone(ZoneInfo(booking.zone)).strftime("%Y-%m-%dT%H:%M")
    if told != booking.starts_at_local:
        st.warning(f"The customer was told {booking.starts_at_local.replace('T', ', ')}: clocks go otherwise by now.")


def _reached(contact: Any) -> list[str]:
    return [part for part in (contact.name, contact.phone, contact.email) if part]


def _show_price(booking: BookingRead) -> None:
    if booking.price_minor is None:
        st.markdown(":gray[No price was agreed yet.]")
        return
    total = format_money(booking.price_minor, booking.currency)
    with st.expander(f"Price {escape_markdown(total)}", key="booking_price"):
        quote = (booking.quote or {}).get("snapshot", {}).get("quote", {})
        rows = [
            {"Line": line["name"], "Amount": format_money(line["total_minor"], booking.currency)}
            for line in quote.get("lines", ())
        ]
        if rows:
            st.dataframe(rows, hide_index=True)
            st.caption("As it was agreed. Lines are with their share of discount and tax.")
        else:
            st.caption("As it was agreed.")


def _show_acts(booking: BookingRead, business: Business, tenant: Tenant) -> None:
    now = components.present()
    with st.container(horizontal=True, gap="small"):
        for verb, label, icon in _CLICKS.get(booking.status, ()):
            st.button(
                label,
                key=f"booking_{verb}",
                icon=icon,
                disabled=verb == "no-show" and now < booking.starts_at,
                help="From its start on." if verb == "no-show" and now < booking.starts_at else None,
                on_click=_click,
                args=(booking, business, verb),
            )
    if booking.status in _OPEN:
        _show_move(booking, business, tenant)
    if booking.status in _WITH_REASON:
        verb, label = _WITH_REASON[booking.status]
        with st.expander(label, icon=":material/event_busy:", key=f"booking_{verb}_open"):
            show_box(
                key=f"booking_{verb}_{booking.booking_id}",
                draft=f"{business.tenant_id}|{verb}|{booking.booking_id}",
                note="The customer is told, as the business's rules say.",
                fields=[Field(name="reason", label="Why", needed="Say why.", shows_label=True, max_length=500)],
                actions=[Action(name=verb, label=label)],
                on_act=lambda typed: _change(booking, business, verb, reason=typed.values["reason"].strip()),
            )


def _show_move(booking: BookingRead, business: Business, tenant: Tenant) -> None:
    key = f"move_{booking.booking_id}"
    with st.expander("Move", icon=":material/event_repeat:", key=f"{key}_open"):
        if all(service.key != booking.service_key for service in tenant.services):
            st.markdown(":gray[The business's file has this service no more, so no time of it can be found.]")
            return
        day = max(booking.starts_at, components.present()).astimezone(ZoneInfo(business.zone)).date()
        start = choose_time(business, tenant, service_key=booking.service_key, day=day, key=key)
        show_alternatives(business, key=key)
        if start is not None:
            st.button(
                f"Move to {escape_markdown(format_instant(start, business.zone))}",
                key=f"{key}_do",
                type="primary",
                on_click=_move,
                args=(booking, business, key),
            )


def _move(booking: BookingRead, business: Business, key: str) -> None:
    time = chosen_time(key)
    forget_offer(key)
    given = {"starts_at": time.starts_at.isoformat(), "person": time.person}
    _change(booking, business, "reschedule", on_refusal=partial(offer, key), **given)


def _click(booking: BookingRead, business: Business, verb: str) -> None:
    _change(booking, business, verb)


def _change(
    booking: BookingRead,
    business: Business,
    verb: str,
    *,
    on_refusal: Callable[[ApiRefusedError], None] = lambda _: None,
    **given: str | None,
) -> bool:
    """Change it over /v1; tell whether it was. A second click on the same state changes nothing more."""
    when = f":{given['starts_at']}:{given['person']}" if "starts_at" in given else ""
    key = f"{booking.event_id}:{verb}{when}".replace(" ", "")

    def ask(api: BusinessApi) -> str:
        api.change_booking(booking.booking_id, verb, idempotency_key=key, **given)
        return f"{_DONE[verb]}."

    return actions.act(business.tenant_id, ask, on_refusal=on_refusal)


def _show_history(context: PageContext, booking: BookingRead, business: Business) -> None:
    with components.explained_absence(), st.expander("History", icon=":material/history:", key="booking_history"):
        found = schedule_queries.fetch_history(
            context.file, tenant_id=business.tenant_id, booking_id=booking.booking_id
        )
        rows = queries.rows_of(found)
        if not rows:
            st.caption("What happened appears here within a second.")
        for row in rows:
            st.markdown(_describe_change(row.type, row.detail, row.occurred_at, business))


def _describe_change(type_: str, detail: str | None, at: datetime, business: Business) -> str:
    when = format_moment(at, business.zone, now=components.present())
    words = f"{escape_markdown(format_words(type_))} :gray[:small[{escape_markdown(when)}]]"
    return words if detail is None or detail == MISSING else f"{words} :small[{escape_markdown(detail)}]"
