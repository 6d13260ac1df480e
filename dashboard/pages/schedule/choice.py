"""Which booking the schedule shows: in the address, so that it can be linked."""

from __future__ import annotations

import streamlit as st

_NAME = "booking"
#: In place of an id: one that is being made.
NEW = "new"


def chosen_booking() -> str | None:
    """Return the id of the booking that is shown."""
    return st.query_params.get(_NAME)


def choose_booking(booking_id: str | None) -> None:
    """Show a booking; None: none."""
    if booking_id is None:
        st.query_params.pop(_NAME, None)
    else:
        st.query_params[_NAME] = booking_id
