"""What the frame hands to the page of the same session: the published file and the businesses chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.frame.api import ApiUnavailableError, BusinessApi
from dashboard.frame.configurations import ConfigurationsInForce
from dashboard.frame.sign_in import SignedIn
from dashboard.parts import queries
from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.tenancy.tenant import Tenant

_KEY = "context"
_NOTED_KEY = "noted_reads"


@dataclass(frozen=True)
class Business:
    """A tenant as pages need it: `zone` is an IANA name, `currency` an ISO 4217 code."""

    tenant_id: str
    name: str
    zone: str
    currency: str


@dataclass(frozen=True)
class ReceiverAccess:
    """Where changes go and in whose name: the receiver's address, who is signed in, and what is in force."""

    receiver_url: str
    signed_in: SignedIn
    configurations: ConfigurationsInForce
    receiver_page: str = ""  #: the receiver as the browser reaches it, for links


@dataclass(frozen=True)
class PageContext:
    """The published file, the businesses chosen from all there are, and (None: reading only) where changes go."""

    file: AnalyticsFile
    businesses: tuple[Business, ...]
    chosen: tuple[Business, ...]
    receiver: ReceiverAccess | None = None

    @property
    def tenant_ids(self) -> list[str]:
        """The chosen businesses' ids, which every query needs."""
        return [business.tenant_id for business in self.chosen]

    @property
    def only_business(self) -> Business | None:
        """The business, if exactly one is chosen."""
        return self.chosen[0] if len(self.chosen) == 1 else None

    def get_business(self, tenant_id: str) -> Business:
        """Return a business of the chosen ones. Raises KeyError for any other."""
        return {business.tenant_id: business for business in self.chosen}[tenant_id]

    def open_api(self, tenant_id: str) -> BusinessApi:
        """Return /v1 of a business in the name of who is signed in. Raises ApiUnavailableError if nobody is."""
        if self.receiver is None:
            raise ApiUnavailableError("Sending and changes are off: this page is read-only.")
        member = self.receiver.signed_in.get(tenant_id)
        if member is None:
            raise ApiUnavailableError("Sending and changes are off: you are not signed in to this business.")
        return BusinessApi(self.receiver.receiver_url, token=member.token)

    def note_read(self, tenant_id: str, contact_id: str) -> None:
        """Note in the audit trail that a contact's page is read, once a visit.

        Raises ApiUnavailableError or ApiRefusedError if it can't be noted.
        """
        noted: set[tuple[str, str]] = st.session_state.setdefault(_NOTED_KEY, set())
        if self.receiver is None or (tenant_id, contact_id) in noted:
            return
        with self.open_api(tenant_id) as api:
            api.note("contact.read", contact_id)
        noted.add((tenant_id, contact_id))

    def load_tenant(self, tenant_id: str) -> Tenant:
        """Return a business as it is in force. Raises ConfigurationError if there is none that can be read."""
        if self.receiver is None:
            raise ConfigurationError("this page reads no configurations")
        return self.receiver.configurations.get(tenant_id)


@st.cache_resource(show_spinner=False, max_entries=8, on_release=AnalyticsFile.close)
def open_analytics_file(path: Path) -> AnalyticsFile:
    """Return the one reader of this path that all sessions of the process share."""
    return AnalyticsFile(path)


def load_businesses(file: AnalyticsFile) -> tuple[Business, ...]:
    """Return every business of the published file, by name. Raises AnalyticsFileError if there is no file."""
    rows = queries.rows_of(queries.fetch_tenants(file))
    return tuple(Business(row.tenant_id, row.name, row.zone, row.currency) for row in rows)


def set_context(context: PageContext) -> None:
    """Keep the context for the page that runs next, and for its fragments that run by themselves."""
    st.session_state[_KEY] = context


def current_context() -> PageContext:
    """Return what the frame handed over. Raises KeyError if a page runs without a frame."""
    context = st.session_state[_KEY]
    if not isinstance(context, PageContext):
        raise TypeError(f"session state {_KEY!r} holds {type(context).__name__}, not a PageContext")
    return context


def choose_business(tenant_id: str | None) -> None:
    """Choose one business (None: all) in the address as well, so that the page can be linked."""
    for name in ("contact", "command", "booking"):
        st.query_params.pop(name, None)
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


def choose_command(command_key: str | None) -> None:
    """Choose a command (None: back to the list) in the address, so that its page can be linked."""
    if command_key is None:
        st.query_params.pop("command", None)
    else:
        st.query_params["command"] = command_key
