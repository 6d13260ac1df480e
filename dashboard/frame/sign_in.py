"""Who looks at the dashboard: the browser's cookie, and what the receiver says whose sessions are in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from dashboard.frame.api import ApiUnavailableError, BusinessApi, SignedOutError
from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.running.addresses import local_url
from frontdesk.core.settings import Settings
from frontdesk.domains.staff.roles import Permission, Role, may
from frontdesk.domains.staff.sessions import SESSION_COOKIE, tokens_of

_KEY = "signed_in"
#: The receiver is asked again after so long: who was disabled sees no page any more. /v1 itself knows at once.
_ASK_AGAIN_AFTER = timedelta(seconds=10)
#: Of one browser at a time, whatever its cookie holds.
_MAX_QUESTIONS = 8


_SIGN_IN = "Sign in to see your front desk."
_NOBODY = "No one has an account yet. Whoever runs Frontdesk creates the first one with: frontdesk staff add"


class SignInNeededError(FrontdeskError):
    """Nobody is signed in; the detail says what to do."""

    http_status = 401
    title = "Sign in"


@dataclass(frozen=True)
class StaffMember:
    """A person's account with one business, and the token that acts for it."""

    tenant_id: str
    email: str
    name: str
    role: Role
    expires_at: datetime
    token: str = field(repr=False)

    def may(self, permission: Permission) -> bool:
        """Return whether the person may do this in this business."""
        return may(self.role, permission)


#: By business.
SignedIn = Mapping[str, StaffMember]


@dataclass(frozen=True)
class _Known:
    cookie: str
    asked_at: datetime
    members: SignedIn


def find_signed_in(receiver_url: str, *, is_use: bool = True) -> SignedIn:
    """Return the accounts that this browser is signed in to.

    If no receiver answers, who was signed in may read on. Raises SignInNeededError if nobody is signed in, and
    ApiUnavailableError if that can't be found out. `is_use=False` keeps no idle session open.
    """
    cookie, now = read_cookie(), SystemClock().now()
    known = _known_of(cookie)
    if known is not None and is_use and now - known.asked_at < _ASK_AGAIN_AFTER:
        return known.members
    try:
        members = _ask(receiver_url, cookie, is_use=is_use)
    except SignedOutError as error:
        st.session_state.pop(_KEY, None)
        raise SignInNeededError(_NOBODY if "staff add" in error.detail else _SIGN_IN) from error
    except ApiUnavailableError:
        members = {} if known is None else dict(known.members)
        unexpired = {tenant_id: member for tenant_id, member in members.items() if member.expires_at > now}
        if not unexpired:
            raise
        return unexpired
    st.session_state[_KEY] = _Known(cookie, now, members)
    return members


def read_cookie() -> str:
    """Return the tokens that the browser sent when it opened the page; empty if there are none."""
    return str(st.context.cookies.get(SESSION_COOKIE, ""))


def sign_out(receiver_url: str, members: Iterable[StaffMember]) -> None:
    """End the sessions. Raises ApiUnavailableError if no receiver answers."""
    for member in members:
        with BusinessApi(receiver_url, token=member.token) as api:
            api.sign_out()
    st.session_state.pop(_KEY, None)


def sign_in_address(settings: Settings) -> str:
    """Return the address of the sign-in page, as this browser reaches it, leading back to this page."""
    page = urlsplit(st.context.url or "")
    address = settings.sign_in_url or receiver_address(settings)
    if not urlsplit(address).path.strip("/"):
        address = f"{address.rstrip('/')}/sign-in"
    query = urlencode(st.query_params.to_dict())
    back = f"{page.path or '/'}?{query}" if query else page.path or "/"
    return f"{address}?next={quote(back, safe='/')}"


def receiver_address(settings: Settings) -> str:
    """Return the receiver's address as this browser reaches it, without a path."""
    if settings.sign_in_url is not None:
        address = urlsplit(settings.sign_in_url)
        return f"{address.scheme}://{address.netloc}"
    # The host that the browser uses: the cookie is of that host, whatever the port.
    return local_url(urlsplit(st.context.url or "").hostname or settings.host, settings.receiver_port)


def _known_of(cookie: str) -> _Known | None:
    known = st.session_state.get(_KEY)
    return known if isinstance(known, _Known) and known.cookie == cookie else None


def _ask(receiver_url: str, cookie: str, *, is_use: bool) -> SignedIn:
    """Return the accounts of the cookie's tokens. Raises SignedOutError if none of them is worth anything."""
    tokens = tokens_of(cookie) or [""]  # what is no token asks once, for what to do about it
    # All at once: one after another, six businesses take a new page a tenth of a second.
    with ThreadPoolExecutor(max_workers=_MAX_QUESTIONS) as executor:
        answers = list(executor.map(lambda token: _ask_one(receiver_url, token, is_use=is_use), tokens))
    members = [answer for answer in answers if isinstance(answer, StaffMember)]
    for refusal in answers:
        if not members and isinstance(refusal, SignedOutError):
            raise refusal
    return {member.tenant_id: member for member in members}


def _ask_one(receiver_url: str, token: str, *, is_use: bool) -> StaffMember | SignedOutError:
    with BusinessApi(receiver_url, token=token) as api:
        try:
            shown = api.show_session(is_use=is_use)
        except SignedOutError as refusal:
            return refusal
    staff = shown.staff
    return StaffMember(staff.tenant_id, staff.email, staff.name, staff.role, shown.expires_at, token)
