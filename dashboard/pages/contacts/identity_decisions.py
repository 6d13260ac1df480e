"""Possible same persons of a contact's page: what two people share, and the buttons by which staff decide."""

from __future__ import annotations

from hashlib import sha256
from itertools import groupby
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.api import BusinessApi
from dashboard.frame.session import Business
from dashboard.parts import components, queries
from dashboard.parts.formatting import escape_markdown, format_relative, format_words
from frontdesk.domains.staff.roles import Permission

Decision = Literal["same_person", "different_people"]
_KEY = "identities_decided"
_LABELS: dict[Decision, str] = {"same_person": "Same person", "different_people": "Different people"}
_SAID: dict[Decision, str] = {"same_person": "are one person", "different_people": "are two people"}


def show_conflicts(conflicts: pd.DataFrame, business: Business) -> None:
    """Show the conflicts of a contact, the open ones first; `conflicts` is what queries.fetch_conflicts gives."""
    if conflicts.empty:
        return
    st.subheader("Possible same person", anchor=False)
    member_may = _may_decide(business.tenant_id)
    for pair, rows in groupby(queries.rows_of(conflicts), key=_pair):
        of_pair = list(rows)
        with st.container(border=True, key=f"conflict_{_short(*pair)}"):
            _show_people(of_pair[0], shared=of_pair)
            _show_decision(of_pair[0], business, may_decide=member_may)


def _pair(conflict: Any) -> tuple[str, str]:
    return conflict.own_identifier, conflict.other_identifier


def _short(*parts: str | None) -> str:
    return sha256("\n".join(part or "" for part in parts).encode()).hexdigest()[:16]


def _may_decide(tenant_id: str) -> bool:
    receiver = session.current_context().receiver
    member = None if receiver is None else receiver.signed_in.get(tenant_id)
    return member is not None and member.may(Permission.SETTLE)


def _show_people(conflict: Any, *, shared: list[Any]) -> None:
    identifiers = " and ".join(
        f"the {escape_markdown(format_words(each.shared_identifier_kind)).lower()} "
        f"**{escape_markdown(each.shared_identifier_value)}**"
        for each in shared
    )
    own, other = (escape_markdown(value) for value in _pair(conflict))
    if conflict.status == "same_person":
        st.markdown(f":material/merge: {own} and {other} share {identifiers}: they are one person.")
        return
    name = escape_markdown(conflict.other_display_name or "another contact")
    names = f"**{escape_markdown(conflict.own_display_name)}** ({own}) and **{name}** ({other})"
    outcome = "so they were kept apart." if conflict.status == "open" else "and are two people."
    st.markdown(f":material/call_split: {names} share {identifiers}, {outcome}")
    if conflict.other_contact_id is not None:
        st.button(
            f"Open {components.contact_label(conflict.other_display_name)}",
            key=f"open_other_{_short(*_pair(conflict))}",
            icon=":material/person:",
            type="tertiary",
            on_click=session.choose_contact,
            args=(conflict.other_contact_id,),
        )


def _show_decision(conflict: Any, business: Business, *, may_decide: bool) -> None:
    waiting = _find_waiting(conflict)
    if waiting is not None:
        st.caption(f"Saved: they {_SAID[waiting]}. Their records follow in a moment.")
        return
    if conflict.decision_event_id is not None:
        since = format_relative(conflict.decided_at, now=components.present())
        who = escape_markdown(conflict.decided_by or "somebody")
        contradicts = " It contradicts other decisions: decide these too." if conflict.status == "open" else ""
        st.caption(f"Decided by {who} {since}.{contradicts}")
    if not may_decide:
        st.caption("Only an admin or the owner can decide this.")
        return
    with st.container(horizontal=True):
        for decision, label in _LABELS.items():
            if decision != conflict.status:
                st.button(
                    label,
                    key=f"{decision}_{_short(*_pair(conflict))}",
                    icon=":material/merge:" if decision == "same_person" else ":material/call_split:",
                    on_click=_decide,
                    args=(business.tenant_id, conflict, decision),
                )


def _decide(tenant_id: str, conflict: Any, decision: Decision) -> None:
    known = conflict.decision_event_id
    identifiers = [
        {"kind": conflict.own_identifier_kind, "value": conflict.own_identifier},
        {"kind": conflict.other_identifier_kind, "value": conflict.other_identifier},
    ]

    def decide(api: BusinessApi) -> str:
        # A second click before the page shows the first one is the same decision.
        key = _short(tenant_id, *sorted(_pair(conflict)), decision, known)
        api.decide_identity(decision, identifiers, idempotency_key=f"dashboard-{key}")
        return f"Saved: they {_SAID[decision]}."

    if actions.act(tenant_id, decide):
        _decided()[_pair(conflict)] = (decision, known)


def _find_waiting(conflict: Any) -> Decision | None:
    """Return what this session decided and the published file does not say yet."""
    decision, known = _decided().get(_pair(conflict), (None, None))
    if decision is not None and conflict.decision_event_id != known:
        del _decided()[_pair(conflict)]
        return None
    return decision


def _decided() -> dict[tuple[str, str], tuple[Decision, str | None]]:
    decided: dict[tuple[str, str], tuple[Decision, str | None]] = st.session_state.setdefault(_KEY, {})
    return decided
