"""A contact as of a past moment, two ways: as it was then by what is known now, and as we knew it then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.pages.contacts import queries as contact_queries
from dashboard.parts import components, queries
from dashboard.parts.formatting import (
    MISSING,
    escape_markdown,
    format_count,
    format_instant,
    format_money,
    format_quantity,
    format_source,
    format_words,
)
from dashboard.parts.typed_text.box import Action, Field, Typed, show_box
from dashboard.parts.wording import describe_warmness

_DEFAULT_AGO = timedelta(days=30)


def show_as_of(context: PageContext, business: Business, contact_id: str) -> None:
    """Show the moment to choose, both answers side by side, and the late events that make the difference."""
    zone = ZoneInfo(business.zone)
    now = components.present().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    key = f"as_of_{contact_id}"
    # The box knows no zones: what is picked is the business's own wall clock.
    picked: datetime = st.session_state.setdefault(key, now - _DEFAULT_AGO)

    def pick(typed: Typed) -> bool:
        st.session_state[key] = min(datetime.fromisoformat(typed.values["at"]), now)
        return True

    show_box(
        key=f"box_{key}",
        draft=f"{business.tenant_id}|{contact_id}|as_of",
        fields=[
            Field(
                name="at",
                label=f"History at ({business.zone})",
                kind="datetime-local",
                value=picked.isoformat(timespec="minutes"),
                needed="Pick a moment.",
                shows_label=True,
            )
        ],
        actions=[Action(name="show", label="Show", is_primary=False)],
        on_act=pick,
    )
    at = picked.replace(tzinfo=zone)
    who = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    then = queries.rows_of(contact_queries.find_at(context.file, **who, at=at, known_at=None))
    known = queries.rows_of(contact_queries.find_at(context.file, **who, at=at, known_at=at))
    if not then:
        st.info("This contact had no activity by then.", icon=":material/history:")
        return
    _show_answers(then[0], known[0] if known else None, business)
    late = contact_queries.fetch_late_events(context.file, **who, at=at)
    if late.empty:
        st.caption("Both views are the same: everything that had happened by then had arrived.")
        return
    st.markdown(f"**{format_quantity(len(late), 'event')} had happened by then but arrived later**")
    cells = [
        {
            "Happened": escape_markdown(format_instant(event.occurred_at, business.zone)),
            "Arrived": escape_markdown(format_instant(event.received_at, business.zone)),
            "What": escape_markdown(event.title),
            "Source": escape_markdown(format_source(event.source)),
        }
        for event in queries.rows_of(late)
    ]
    st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)


def _show_answers(then: Any, known: Any, business: Business) -> None:
    describe: dict[str, Callable[[Any], str]] = {
        "Stage": lambda row: escape_markdown(row.stages),
        "Warmness": lambda row: describe_warmness(row.score),
        "Bookings": lambda row: f"{row.count_bookings:,} :gray[:small[{row.count_bookings_completed:,} completed]]",
        "Paid": lambda row: escape_markdown(format_money(row.amount_paid_minor, business.currency)),
        "Messages": lambda row: format_count(row.count_messages),
        "First seen": lambda row: escape_markdown(format_instant(row.first_seen_at, business.zone)),
        "Last seen": lambda row: escape_markdown(format_instant(row.last_seen_at, business.zone)),
        "Last event": lambda row: escape_markdown(format_words(row.last_type)),
    }
    cells = []
    for name, tell in describe.items():
        was, knew = tell(then), MISSING if known is None else tell(known)
        cells.append(
            {
                " ": name,
                "As it was then, with what we know now": was,
                "As we knew it then": knew if knew == was else f"**{knew}** :orange-badge[differs]",
            }
        )
    st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)
