"""Contacts: find a person of the chosen business, and see who they are and everything that happened."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.session import Business, PageContext
from dashboard.pages.contacts.as_of import show_as_of
from dashboard.pages.contacts.identity_decisions import show_conflicts
from dashboard.pages.contacts.journey import show_journey
from dashboard.pages.contacts.standing import show_opt_outs, show_standing
from dashboard.parts import components, queries
from dashboard.parts.conversation import show_conversation
from dashboard.parts.formatting import (
    MISSING,
    escape_markdown,
    format_clock,
    format_count,
    format_day,
    format_instant,
    format_money,
    format_quantity,
    format_relative,
    format_source,
    format_words,
)
from dashboard.parts.publication.watch import watch_publication
from dashboard.parts.typed_text.box import show_search

_RESULTS = 24
_TIMELINE_STEP = 50
_TIMELINE_MOST = 1000


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page shows the contacts of one business at a time."
        )
        return
    text = show_search(
        "Search contacts",
        key="contact_search",
        placeholder="Name, phone or e-mail",
        on_search=lambda: session.choose_contact(None),
        is_linked=True,
    )
    _show_body(business, text)


@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_body(business: Business, text: str) -> None:
    context = session.current_context()
    watch_publication(context.file, key="contacts")
    contact_id = st.query_params.get("contact")
    with components.explained_absence():
        if contact_id is None:
            _show_results(context, business, text)
        else:
            _show_profile(context, business, contact_id)


def _show_results(context: PageContext, business: Business, text: str) -> None:
    contacts = queries.search_contacts(context.file, tenant_id=business.tenant_id, text=text, limit=_RESULTS)
    if contacts.empty and text.strip():
        components.empty_state(
            f"No contact matches {escape_markdown(text)}",
            "Try part of the name, the end of the phone number, or the e-mail address.",
            icon="search_off",
        )
        return
    if contacts.empty:
        components.empty_state(
            "No contacts yet", "They appear with the first booking, message, payment or lead.", icon="group_off"
        )
        return
    count = f"first {_RESULTS} matches" if len(contacts) == _RESULTS else f"{len(contacts)} found"
    st.caption(count.capitalize() if text.strip() else "Recently active")
    with st.grid(columns="auto", min_column_width=290, border=True):
        for contact in queries.rows_of(contacts):
            with st.container(gap="xxsmall"):
                _show_result(contact)


def _show_result(contact: Any) -> None:
    st.button(
        components.contact_label(contact.display_name),
        key=f"contact_{contact.contact_id}",
        type="tertiary",
        icon=":material/person:" if contact.is_identified else ":material/person_off:",
        on_click=session.choose_contact,
        args=(contact.contact_id,),
    )
    reachable = " · ".join(escape_markdown(value) for value in (contact.phone, contact.email) if value)
    facts = [f"seen {format_relative(contact.last_seen_at, now=components.present())}"]
    if contact.count_bookings:
        facts.append(format_quantity(contact.count_bookings, "booking"))
    if contact.amount_paid_minor:
        facts.append(f"paid {escape_markdown(format_money(contact.amount_paid_minor, contact.currency))}")
    st.markdown(f":small[{reachable or MISSING}]  \n:gray[:small[{' · '.join(facts)}]]")


def _show_profile(context: PageContext, business: Business, contact_id: str) -> None:
    st.button(
        "Back to the list",
        key="contact_back",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=session.choose_contact,
        args=(None,),
    )
    actions.note_read(context, business.tenant_id, contact_id)
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    found = queries.rows_of(queries.find_contact(context.file, **key))
    if not found:
        components.empty_state(
            "No such contact",
            f"{escape_markdown(business.name)} has no contact with this id. When two records turn out to be one "
            "person, one id is retired; search by name.",
            icon="person_search",
        )
        return
    _show_heading(context, found[0], business)
    show_conflicts(queries.fetch_conflicts(context.file, **key), business)
    for shared in queries.rows_of(queries.fetch_shared_identifiers(context.file, **key)):
        st.warning(
            f"**{escape_markdown(shared.identifier_value)}** is given by {shared.count_names} people: "
            f"{escape_markdown(shared.names)}. If it belongs to no one, add it to `ignored_values` under "
            "`identity` in the "
            "business's file; they become contacts of their own then.",
            icon=":material/group:",
        )
    show_standing(context, business, contact_id)
    _show_tabs(context, business, contact_id)


def _show_tabs(context: PageContext, business: Business, contact_id: str) -> None:
    """Show the tab that is open, and ask for nothing that the others show."""
    shows: dict[str, Callable[[PageContext, Business, str], None]] = {
        "Timeline": _show_timeline,
        "Messages": show_conversation,
        "Journey": show_journey,
        "Bookings": _show_bookings,
        "Payments": _show_payments,
        "Identity": _show_identity,
        "As of": show_as_of,
    }
    for tab, show in zip(st.tabs(list(shows), key="contact_tab", on_change="rerun"), shows.values(), strict=True):
        if tab.open:
            with tab:
                show(context, business, contact_id)


def _show_heading(context: PageContext, contact: Any, business: Business) -> None:
    now = components.present()
    st.header(escape_markdown(contact.display_name), anchor=False)
    badges = [] if contact.is_identified else [":gray-badge[:material/person_off: Not identified]"]
    if contact.acquisition_channel:
        acquisition = " · ".join(
            value for value in (format_words(contact.acquisition_channel), contact.acquisition_campaign) if value
        )
        badges.append(f":blue-badge[:material/ads_click: {escape_markdown(acquisition)}]")
    phone = f"{contact.phone} ext. {contact.phone_extension}" if contact.phone_extension else contact.phone
    reachable = [escape_markdown(value) for value in (contact.company, phone, contact.email) if value]
    st.markdown(" · ".join(reachable) + " " + " ".join(badges))
    show_opt_outs(context, business, contact.contact_id)
    for given, is_nobodys in (
        (contact.phone_as_given, contact.is_phone_nobodys),
        (contact.email_as_given, contact.is_email_nobodys),
    ):
        if given:
            why = "it is a known placeholder" if is_nobodys else "can't be read for certain"
            st.caption(f":material/help: Given as *{escape_markdown(given)}*: {why}, so it identifies no one.")
    with st.grid(columns=5, min_column_width=155):
        completed = f"{format_count(contact.count_bookings_completed)} completed"
        st.metric("Bookings", format_count(contact.count_bookings), help=completed, border=True)
        st.metric("Paid", format_money(contact.amount_paid_minor, contact.currency or business.currency), border=True)
        st.metric("Messages", format_count(contact.count_messages), border=True)
        st.metric("First seen", format_relative(contact.first_seen_at, now=now), border=True)
        st.metric("Last seen", format_relative(contact.last_seen_at, now=now), border=True)


def _show_timeline(context: PageContext, business: Business, contact_id: str) -> None:
    limit = st.session_state.get("timeline_limit", _TIMELINE_STEP)
    events = queries.fetch_timeline(context.file, tenant_id=business.tenant_id, contact_id=contact_id, limit=limit)
    if events.empty:
        components.empty_state(
            "No activity yet", "This contact's bookings, messages and payments appear here.", icon="timeline"
        )
        return
    now = components.present()

    def day(event: Any) -> str:
        return components.day_of(event.occurred_at, business, now=now)

    for heading, of_day in groupby(queries.rows_of(events), key=day):
        st.markdown(f"**:gray[{heading}]**")
        with st.container(border=True, gap="xsmall"):
            for event in of_day:
                st.markdown(components.describe_event(event, when=[format_clock(event.occurred_at, business.zone)]))
    if len(events) == limit < _TIMELINE_MOST:
        st.button("Show older", key="timeline_older", on_click=_show_more, icon=":material/expand_more:")


def _show_more() -> None:
    st.session_state["timeline_limit"] = st.session_state.get("timeline_limit", _TIMELINE_STEP) + _TIMELINE_STEP


def _whole_line(text: str) -> str:
    # At a phone's width a table scrolls sideways; a time broken over five lines would make every row as high.
    return escape_markdown(text).replace(" ", "\N{NO-BREAK SPACE}")


def _show_rows(rows: pd.DataFrame, cells: dict[str, Callable[[Any], str]], *, nothing: str) -> None:
    if rows.empty:
        st.caption(nothing)
        return
    table = [{heading: cell(row) for heading, cell in cells.items()} for row in queries.rows_of(rows)]
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


def _show_bookings(context: PageContext, business: Business, contact_id: str) -> None:
    bookings = queries.fetch_bookings(context.file, tenant_id=business.tenant_id, contact_id=contact_id)
    cells: dict[str, Callable[[Any], str]] = {
        "Starts": lambda row: _whole_line(
            format_day(row.starts_at, business.zone, now=components.present())
            if row.is_all_day
            else format_instant(row.starts_at, business.zone)
        ),
        "For": lambda row: escape_markdown(row.guest_name),
        "Service": lambda row: escape_markdown(row.service_name),
        "Status": lambda row: components.describe_status(row.status),
        "Price": lambda row: escape_markdown(format_money(row.price_minor, row.currency)),
        "With": lambda row: escape_markdown(row.staff_name),
        "Moved": lambda row: f"{row.count_reschedules} times" if row.count_reschedules else "",
        "Source": lambda row: escape_markdown(format_source(row.source)),
    }
    _show_rows(bookings, cells, nothing="No bookings.")


def _show_payments(context: PageContext, business: Business, contact_id: str) -> None:
    payments = queries.fetch_payments(context.file, tenant_id=business.tenant_id, contact_id=contact_id)
    cells: dict[str, Callable[[Any], str]] = {
        "Last change": lambda row: _whole_line(format_instant(row.last_changed_at, business.zone)),
        "Amount": lambda row: escape_markdown(format_money(row.amount_minor, row.currency)),
        "Status": lambda row: components.describe_status(row.status),
        "Refunded": lambda row: escape_markdown(format_money(row.refunded_minor or None, row.currency)),
        "Method": lambda row: escape_markdown(format_words(row.method)),
        "Why it failed": lambda row: escape_markdown(row.failure_reason),
        "Source": lambda row: escape_markdown(format_source(row.source)),
    }
    _show_rows(payments, cells, nothing="No payments.")


def _show_identity(context: PageContext, business: Business, contact_id: str) -> None:
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    _show_identifiers(queries.fetch_identifiers(context.file, **key), business)
    _show_consents(queries.fetch_consents(context.file, **key), business)


def _show_identifiers(identifiers: pd.DataFrame, business: Business) -> None:
    st.subheader("Why these records are one person", anchor=False)
    cells: dict[str, Callable[[Any], str]] = {
        "Identifier": lambda row: escape_markdown(format_words(row.identifier_kind)),
        "Value": lambda row: escape_markdown(row.identifier_value),
        "Use": lambda row: escape_markdown(format_words(row.identifier_use)),
        "Events": lambda row: format_count(row.count_events),
        "First seen": lambda row: _whole_line(format_instant(row.first_observed_at, business.zone)),
        "In": lambda row: escape_markdown(format_source(row.first_source)),
        "First event": lambda row: f"`{row.first_event_id}`",
    }
    _show_rows(identifiers, cells, nothing="No identifiers.")


def _show_consents(consents: pd.DataFrame, business: Business) -> None:
    st.subheader("Consent", anchor=False)
    cells: dict[str, Callable[[Any], str]] = {
        "Since": lambda row: _whole_line(format_instant(row.changed_at, business.zone)),
        "Channel": lambda row: escape_markdown(format_words(row.channel)),
        "Address": lambda row: escape_markdown(row.address or "any"),
        "Purpose": lambda row: escape_markdown(format_words(row.purpose)),
        "Consent": lambda row: ":green-badge[Given]" if row.is_granted else ":red-badge[Withdrawn]",
        "Evidence": lambda row: escape_markdown(row.evidence),
    }
    _show_rows(consents, cells, nothing="No consent recorded: no marketing may be sent.")


_show_page()
