"""Schedule: a day or a week of one business, who does what for whom, and what staff do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.session import Business, PageContext
from dashboard.pages.schedule.booking_form import show_new_booking
from dashboard.pages.schedule.booking_panel import show_booking
from dashboard.pages.schedule.choice import NEW, choose_booking, chosen_booking
from dashboard.pages.schedule.entries import NOBODY, Days, Entry, by_day, by_person, read_entries
from dashboard.parts import components
from dashboard.parts.formatting import (
    escape_markdown,
    format_clock,
    format_quantity,
    format_source,
    format_words,
    shorten,
)
from dashboard.parts.publication.watch import watch_publication
from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.tenancy.tenant import Tenant

_DAY, _WEEK = "Day", "Week"
_SHOWN_DAY, _SPAN, _PERSON, _WITH_ENDED = (
    "schedule_day",
    "schedule_span",
    "schedule_person",
    "schedule_with_ended",
)
_EVERYBODY = "Everyone"
_NAME_LENGTH = 40
_COLUMN_WIDTH = 170
_ICONS = {
    "pending": ":material/pending:",
    "confirmed": ":material/event:",
    "completed": ":material/check_circle:",
    "no_show": ":material/person_off:",
    "cancelled": ":material/event_busy:",
    "declined": ":material/event_busy:",
}


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Whose schedule?", detail="A schedule is one business's, by its own clock."
        )
        return
    try:
        tenant = context.load_tenant(business.tenant_id)
    except ConfigurationError as error:
        components.empty_state("No schedule", escape_markdown(error.detail), icon="calendar_month")
        return
    days = _choose_days(business)
    booking_id = chosen_booking()
    if booking_id is None:
        _show_board(business, tenant, days)
        return
    # On a phone, where columns lie one below the other, what was clicked comes first.
    panel, board = st.columns([2, 3])
    with panel:
        if booking_id == NEW:
            show_new_booking(business, tenant, day=max(days.first, _today(business)))
        else:
            show_booking(context, business, tenant, booking_id=booking_id)
    with board:
        _show_board(business, tenant, days)


def _today(business: Business) -> date:
    return components.present().astimezone(ZoneInfo(business.zone)).date()


def _choose_days(business: Business) -> Days:
    st.session_state.setdefault(_SHOWN_DAY, _today(business))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        span = st.segmented_control(
            "Shown", [_DAY, _WEEK], default=_DAY, required=True, key=_SPAN, label_visibility="collapsed"
        )
        step = timedelta(days=7 if span == _WEEK else 1)
        st.button("Previous", key="schedule_previous", icon=":material/chevron_left:", on_click=_move, args=(-step,))
        st.button("Today", key="schedule_today", on_click=_go_to, args=(_today(business),))
        st.button("Next", key="schedule_next", icon=":material/chevron_right:", on_click=_move, args=(step,))
        day = st.date_input("Day", key=_SHOWN_DAY, label_visibility="collapsed", width=160)
        st.button(
            "New booking",
            key="schedule_new",
            icon=":material/add:",
            type="primary",
            on_click=choose_booking,
            args=(NEW,),
        )
    if not isinstance(day, date):
        day = _today(business)
    first = day - timedelta(days=day.weekday()) if span == _WEEK else day
    return Days(first=first, count=7 if span == _WEEK else 1, zone=ZoneInfo(business.zone))


def _move(step: timedelta) -> None:
    st.session_state[_SHOWN_DAY] += step


def _go_to(day: date) -> None:
    st.session_state[_SHOWN_DAY] = day


@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_board(business: Business, tenant: Tenant, days: Days) -> None:
    context = session.current_context()
    watch_publication(context.file, key="schedule")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        heading = st.container(width="stretch")
        people = [_EVERYBODY, *(person.name for person in tenant.people)]
        person = st.selectbox("Who does it", people, key=_PERSON, label_visibility="collapsed", width=180)
        with_ended = st.toggle("Cancelled too", key=_WITH_ENDED)
    with components.explained_absence(), actions.explained_refusal():
        entries = _read(context, business, tenant, days, with_ended=with_ended)
        if person != _EVERYBODY:
            entries = [entry for entry in entries if person in entry.people]
        heading.subheader(_heading(days, entries), anchor=False)
        if days.count == 1:
            _show_day(business, tenant, days, entries, person=person)
        else:
            _show_week(business, days, entries)


def _read(context: PageContext, business: Business, tenant: Tenant, days: Days, *, with_ended: bool) -> list[Entry]:
    with context.open_api(business.tenant_id) as api:
        return read_entries(api, context.file, business=business, tenant=tenant, days=days, with_ended=with_ended)


def _heading(days: Days, entries: Sequence[Entry]) -> str:
    first, last = days.all[0], days.all[-1]
    words = f"{first:%A} {first.day} {first:%B %Y}"
    if last != first:
        words = f"{first.day} {first:%B} to {last.day} {last:%B %Y}"
    return f"{words} :gray[{format_quantity(len(entries), 'booking')}]"


def _show_day(business: Business, tenant: Tenant, days: Days, entries: Sequence[Entry], *, person: str) -> None:
    columns = by_person(entries, tenant)
    if person != _EVERYBODY:
        columns = {person: columns.get(person, [])}
    if not columns:
        components.empty_state("Nothing booked", "Bookings of this day appear here.", icon="event_available")
        return
    with st.grid(columns=min(len(columns), 5), min_column_width=_COLUMN_WIDTH):
        for number, (name, of_person) in enumerate(columns.items()):
            with st.container(gap="xsmall", key=f"schedule_column_{number}"):
                away = _away(tenant, name, days.first)
                _show_column_heading(name, of_person, note=away)
                for entry in of_person:
                    _show_entry(entry, business, names_people=False)


def _away(tenant: Tenant, name: str, day: date) -> str | None:
    """Return why somebody is not there on a day, None where their file says nothing of it."""
    for person in tenant.people:
        if person.name == name:
            for exception in person.exceptions:
                if exception.day <= day <= exception.last_day and not exception.hours:
                    return exception.reason or "away"
    return None


def _show_week(business: Business, days: Days, entries: Sequence[Entry]) -> None:
    today = _today(business)
    with st.grid(columns=7, min_column_width=_COLUMN_WIDTH):
        for day, of_day in by_day(entries, days).items():
            with st.container(gap="xsmall", key=f"schedule_day_{day:%Y%m%d}"):
                name = f"{day:%a} {day.day} {day:%b}"
                _show_column_heading(name, of_day, note="today" if day == today else None)
                for entry in of_day:
                    _show_entry(entry, business, names_people=True)


def _show_column_heading(name: str, entries: Sequence[Entry], *, note: str | None) -> None:
    detail = note or (format_quantity(len(entries), "booking") if entries else "no bookings")
    colour = "gray" if name != NOBODY else "orange"
    st.markdown(f"**{escape_markdown(name)}**  \n:{colour}[:small[{escape_markdown(detail)}]]")


def _show_entry(entry: Entry, business: Business, *, names_people: bool) -> None:
    time = "All day" if entry.is_all_day else format_clock(entry.starts_at, business.zone)
    label = f"{time} {escape_markdown(shorten(entry.who or entry.service, length=_NAME_LENGTH))}"
    until = f"to {format_clock(entry.ends_at, business.zone)}" if entry.ends_at and not entry.is_all_day else None
    facts = [until, entry.service if entry.who else None, *(entry.people if names_people else ()), *entry.rooms]
    if entry.status != "confirmed":
        facts.append(format_words(entry.status).lower())
    with st.container(border=True, gap=None, key=f"entry_{entry.booking_id}_{names_people}"):
        if entry.is_ours:
            st.button(
                label,
                key=f"open_{entry.booking_id}",
                type="tertiary",
                icon=_ICONS.get(entry.status, ":material/event:"),
                on_click=choose_booking,
                args=(entry.booking_id,),
            )
        elif entry.contact_id:
            st.page_link(
                "../pages/contacts/contacts.py",
                label=label,
                icon=":material/open_in_new:",
                query_params={"tenant": business.tenant_id, "contact": entry.contact_id},
            )
        else:
            st.markdown(label)
        if not entry.is_ours:
            facts.append(f"from {format_source(entry.source)}")
        st.markdown(f":gray[:small[{' · '.join(escape_markdown(fact) for fact in facts if fact)}]]")


_show_page()
