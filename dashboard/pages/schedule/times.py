"""Choosing a time that is free: service and day, then a start that /v1 lists, or one that a refusal offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.api import ApiRefusedError
from dashboard.frame.session import Business
from dashboard.pages.schedule.entries import Days
from dashboard.parts.formatting import escape_markdown, format_clock, format_instant
from frontdesk.domains.tenancy.tenant import Tenant

ANYBODY = "Anyone free"


@dataclass(frozen=True, kw_only=True)
class Time:
    """A start, and with whom; None: whoever is free."""

    starts_at: datetime
    person: str | None


def chosen_time(key: str) -> Time:
    """Return what is chosen now: a callback that keeps what was chosen when it was drawn may be a choice behind."""
    return Time(starts_at=st.session_state[f"{key}_time"], person=st.session_state.get(f"{key}_person"))


def choose_time(business: Business, tenant: Tenant, *, service_key: str, day: date, key: str) -> datetime | None:
    """Show the day, who does it and what is free; return the start that is chosen, None where nothing is free."""
    names = {person.key: person.name for person in tenant.people}
    with st.container(horizontal=True, gap="small"):
        st.session_state.setdefault(f"{key}_day", day)
        day = _as_day(st.date_input("Day", key=f"{key}_day", width=160), otherwise=day)
        person = st.selectbox(
            "With",
            [None, *names],
            format_func=lambda each: names[each] if each else ANYBODY,
            key=f"{key}_person",
            width=220,
        )
        free = _list_free(business, service_key=service_key, day=day, person=person)
        if free is None:
            return None
        if not free:
            st.markdown(":gray[Nothing is free then. Choose another day, or someone else.]")
            return None
        return st.selectbox(
            f"Time ({business.zone})",
            free,
            format_func=lambda each: format_clock(each, business.zone),
            key=f"{key}_time",
            width=160,
        )


def show_alternatives(business: Business, *, key: str) -> None:
    """Offer the times that the last refusal named; a click puts the day and time into the choice."""
    for starts_at in st.session_state.get(_offered(key), ()):
        st.button(
            escape_markdown(format_instant(starts_at, business.zone)),
            key=f"{key}_other_{starts_at.isoformat()}",
            on_click=_take,
            args=(business, key, starts_at),
        )


def offer(key: str, refusal: ApiRefusedError) -> None:
    """Keep what a refusal offers in place of what was asked for."""
    alternatives = refusal.members.get("alternatives")
    listed = alternatives if isinstance(alternatives, list) else []
    st.session_state[_offered(key)] = [datetime.fromisoformat(str(each["starts_at"])) for each in listed]


def forget_offer(key: str) -> None:
    """Offer nothing any more."""
    st.session_state.pop(_offered(key), None)


def _take(business: Business, key: str, starts_at: datetime) -> None:
    st.session_state[f"{key}_day"] = starts_at.astimezone(ZoneInfo(business.zone)).date()
    st.session_state[f"{key}_time"] = starts_at
    forget_offer(key)


def _list_free(business: Business, *, service_key: str, day: date, person: str | None) -> list[datetime] | None:
    """Return free starts, None if they can't be asked for."""
    days = Days(first=day, count=1, zone=ZoneInfo(business.zone))
    with actions.explained_refusal(), session.current_context().open_api(business.tenant_id) as api:
        listed = api.list_free(service_key, begins=days.begins, ends=days.ends, person=person)
        return [slot.starts_at for slot in listed.slots]
    return None


def _as_day(chosen: object, *, otherwise: date) -> date:
    return chosen if isinstance(chosen, date) else otherwise


def _offered(key: str) -> str:
    return f"{key}_offered"
