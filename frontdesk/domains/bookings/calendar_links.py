"""Links by which a calendar program follows a person's bookings: one for each person, the newest.

Calendar programs send no password, so who has the link reads the calendar: whom the person meets, and when. Of its
token the log holds the SHA-256 alone.
"""

from __future__ import annotations

import re
from hashlib import sha256
from hmac import compare_digest
from typing import Final

import orjson

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory, new_session_token
from frontdesk.core.log.envelope import Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings.errors import UnknownLinkError
from frontdesk.domains.bookings.facts import CALENDAR_LINK_MADE

#: The business, the person, and 256 random bits.
_TOKEN: Final = re.compile(r"(?P<tenant_id>[a-z0-9-]{1,63})\.(?P<person>[a-z0-9_]{1,63})\.[A-Za-z0-9_-]{43}")


class CalendarLinks:
    """The links of one database's businesses."""

    def __init__(self, log: EventLog, *, clock: Clock, ids: IdFactory) -> None:
        self._log = log
        self._clock = clock
        self._ids = ids

    def make(self, tenant_id: str, person: str, *, by: str) -> str:
        """Make a person's link; the one before leads nowhere then. Return its token, which is told this once."""
        token = f"{tenant_id}.{person}.{new_session_token()}"
        now = self._clock.now()
        payload = orjson.dumps({"person": person, "token_sha256": _digest(token), "by": by})
        event = own_event(
            CALENDAR_LINK_MADE,
            payload,
            tenant_id=tenant_id,
            source_event_id=f"{_prefix(person)}{self._ids.new_event_id()}",
            subject_id=person,
            now=now,
        )
        self._log.append([event])
        return token

    def find(self, token: str) -> tuple[str, str]:
        """Return whose calendar a link leads to: the business and the person. Raises UnknownLinkError."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise _unknown()
        tenant_id, person = parts["tenant_id"], parts["person"]
        events = self._log.read_by_id_prefix(tenant_id, FRONTDESK_SOURCE, _prefix(person))
        made = [event for event in events if event.origin == Origin.COMMAND and event.type == CALENDAR_LINK_MADE]
        newest = max(made, key=lambda event: event.sequence, default=None)
        known = "" if newest is None else str(orjson.loads(newest.payload)["token_sha256"])
        if not compare_digest(known, _digest(token)):
            raise _unknown()
        return tenant_id, person


def _prefix(person: str) -> str:
    return f"{CALENDAR_LINK_MADE}:{person}:"


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _unknown() -> UnknownLinkError:
    return UnknownLinkError("this link leads to no calendar: it is not complete, or a newer one has replaced it")
