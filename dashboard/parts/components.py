"""Pieces that several pages show: empty states, the freshness badge, rows of what happened, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.frame.analytics_file import AnalyticsFile, AnalyticsFileError
from dashboard.frame.health import judge_freshness
from dashboard.frame.session import Business, PageContext, choose_business
from dashboard.parts import queries
from dashboard.parts.formatting import (
    escape_markdown,
    format_day,
    format_money,
    format_source,
    format_words,
    shorten,
)
from dashboard.parts.publication.watch import watch_publication
from frontdesk.core.clock import SystemClock

#: How often pages ask again for what is in no published file, such as what the receiver tells.
REFRESH_SECONDS = 2.0
#: How often pages look at the clock: what is new is drawn as soon as it is published (publication/watch.py).
CLOCK_SECONDS = 30.0

_DETAIL_LENGTH = 280
_NAME_LENGTH = 48
_ICONS = {
    "booking": "event",
    "call": "call",
    "campaign": "campaign",
    "consent": "verified_user",
    "contact": "person",
    "deal": "handshake",
    "dispute": "gavel",
    "email": "mail",
    "form": "list_alt",
    "invoice": "receipt_long",
    "lead": "person_add",
    "message": "sms",
    "notarization": "history_edu",
    "note": "sticky_note_2",
    "payment": "payments",
    "stage": "conversion_path",
    "subscription": "autorenew",
    "task": "task_alt",
    "touch": "ads_click",
}
_BAD_ENDINGS = ("failed", "cancelled", "no_show", "disputed", "revoked", "bounced", "declined", "undelivered")

_STATUS_COLOURS = {
    **dict.fromkeys(("confirmed", "succeeded"), "green"),
    **dict.fromkeys(("completed",), "blue"),
    **dict.fromkeys(("pending", "partially_refunded", "refunded"), "orange"),
    **dict.fromkeys(("failed", "no_show", "disputed", "declined"), "red"),
}


def present() -> datetime:
    """Return the present, for judging silence and freshness when a page is read."""
    return SystemClock().now()


def empty_state(title: str, detail: str, *, icon: str = "inbox") -> None:
    """Say what is not there, and what to do about it. Both texts are Markdown."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f"##### :material/{icon}: {title}", anchors=False, text_alignment="center")
        st.markdown(f":gray[{detail}]", text_alignment="center")
        st.space("small")


@contextmanager
def explained_absence() -> Iterator[None]:
    """Show an empty state instead of a traceback if there is no readable published file."""
    try:
        yield
    except AnalyticsFileError as error:
        empty_state(error.title, escape_markdown(error.detail), icon="database_off")


def show_choice_of_business(context: PageContext, *, title: str, detail: str) -> None:
    """Ask which business a page is to be about."""
    empty_state(title, detail, icon="storefront")
    with st.container(horizontal=True, horizontal_alignment="center"):
        for business in context.businesses:
            st.button(
                escape_markdown(business.name),
                key=f"choose_{business.tenant_id}",
                on_click=choose_business,
                args=(business.tenant_id,),
            )


@st.fragment(run_every=CLOCK_SECONDS)
def freshness_badge(file: AnalyticsFile) -> None:
    """Show how fresh the published file is, in words; asks again by itself."""
    watch_publication(file, key="freshness")
    with explained_absence():
        rows = queries.rows_of(queries.fetch_freshness(file))
        judgement = judge_freshness(rows[0] if rows else None, now=present())
        st.markdown(f"{judgement.badge} :gray[:small[{judgement.detail}]]")


def describe_event(event: Any, *, when: Sequence[str]) -> str:
    """Return a row of fct_timeline as two lines of Markdown; `when` is put in front of its source."""
    family, _, _ = event.type.partition(".")
    icon = f":material/{_ICONS.get(family, 'radio_button_checked')}:"
    if event.type.endswith(_BAD_ENDINGS):
        icon = f":red[{icon}]"
    headline = f"{icon} **{escape_markdown(event.title)}**"
    is_touch = family == "touch"
    if event.amount_minor or (event.amount_minor is not None and not is_touch):
        # A touch brings nothing in: its amount is what it cost, and most cost nothing.
        prefix = "cost " if is_touch else ""
        headline += f" {prefix}{escape_markdown(format_money(event.amount_minor, event.currency))}"
    if event.detail:
        headline += f" :small[{escape_markdown(shorten(event.detail, length=_DETAIL_LENGTH))}]"
    facts = " · ".join(escape_markdown(fact) for fact in (*when, format_source(event.source)))
    # Two blanks at the end of a line break it in Markdown.
    return f"{headline}  \n:gray[:small[{facts}]]"


def day_of(instant: datetime, business: Business, *, now: datetime) -> str:
    """Return the heading under which an instant is listed."""
    return format_day(instant, business.zone, now=now)


def contact_label(display_name: str | None) -> str:
    """Return a contact's name as a button's label."""
    return escape_markdown(shorten(display_name or "Unnamed contact", length=_NAME_LENGTH))


def describe_status(status: str | None) -> str:
    """Return a booking's or payment's status as a Markdown badge."""
    colour = _STATUS_COLOURS.get(status or "", "gray")
    return f":{colour}-badge[{escape_markdown(format_words(status))}]"
