"""What the frame hands to the page of the same session: the published file and the businesses chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard import queries
from dashboard.analytics_file import AnalyticsFile

_KEY = "office"


@dataclass(frozen=True)
class Business:
    """A tenant as pages need it: `zone` is an IANA name, `currency` an ISO 4217 code."""

    tenant_id: str
    name: str
    zone: str
    currency: str


@dataclass(frozen=True)
class Office:
    """The published file and the businesses chosen from all there are."""

    file: AnalyticsFile
    businesses: tuple[Business, ...]
    chosen: tuple[Business, ...]

    @property
    def tenant_ids(self) -> list[str]:
        """The chosen businesses' ids, which every query needs."""
        return [business.tenant_id for business in self.chosen]

    @property
    def only_business(self) -> Business | None:
        """The business, where exactly one is chosen."""
        return self.chosen[0] if len(self.chosen) == 1 else None

    def get_business(self, tenant_id: str) -> Business:
        """Return a business of the chosen ones. Raises KeyError for any other."""
        return {business.tenant_id: business for business in self.chosen}[tenant_id]


@st.cache_resource(show_spinner=False, max_entries=8, on_release=AnalyticsFile.close)
def open_analytics_file(path: Path) -> AnalyticsFile:
    """Return the one reader of this path that all sessions of the process share."""
    return AnalyticsFile(path)


def load_businesses(file: AnalyticsFile) -> tuple[Business, ...]:
    """Return every business of the published file, by name. Raises AnalyticsFileError where there is no file."""
    rows = queries.rows_of(queries.fetch_tenants(file))
    return tuple(Business(row.tenant_id, row.name, row.zone, row.currency) for row in rows)


def hand_over(office: Office) -> None:
    """Keep the office for the page that runs next, and for its fragments that run by themselves."""
    st.session_state[_KEY] = office


def current_office() -> Office:
    """Return what the frame handed over. Raises KeyError where a page runs without a frame."""
    office = st.session_state[_KEY]
    if not isinstance(office, Office):
        raise TypeError(f"session state {_KEY!r} holds {type(office).__name__}, not an Office")
    return office


def choose_business(tenant_id: str | None) -> None:
    """Choose one business (None: all) in the address as well, so that the page can be linked."""
    st.query_params.pop("contact", None)
    if tenant_id is None:
        st.query_params.pop("tenant", None)
    else:
        st.query_params["tenant"] = tenant_id
    st.session_state["tenant"] = tenant_id


def choose_contact(contact_id: str | None) -> None:
    """Choose a contact (None: back to the list) in the address, so that the profile can be linked."""
    st.session_state.pop("timeline_limit", None)
    if contact_id is None:
        st.query_params.pop("contact", None)
    else:
        st.query_params["contact"] = contact_id
