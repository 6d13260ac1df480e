"""Twilio's message resource: its fields on the wire, and how an account's messages are filtered and paged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.sender import utc_now
from sandbox.standins.ledger import Entry
from sandbox.standins.segments import count_segments

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000


@dataclass(slots=True)
class TwilioMessage:
    """One outbound text."""

    sid: str
    account_sid: str
    service_sid: str | None
    number: str  # that sends it
    recipient: str
    body: str
    callback: str  # URL, empty for none
    entry: Entry
    created_at: datetime  # aware UTC
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None

    @property
    def uri(self) -> str:
        """Its path."""
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}.json"

    def move_to(self, status: str, *, error_code: int | None = None) -> None:
        """Take on a later status."""
        self.updated_at = utc_now()
        self.sent_at = self.updated_at if status == "sent" else self.sent_at
        self.error_code = error_code
        self.entry.status = status

    def on_the_wire(self) -> dict[str, Any]:
        """Return the resource: numbers as text, times as RFC 2822."""
        # Through a service, Twilio has chosen neither the number nor the parts before the text leaves.
        is_undecided = self.service_sid is not None and self.sent_at is None
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "messaging_service_sid": self.service_sid,
            "to": self.recipient,
            "from": None if is_undecided else self.number,
            "body": self.body,
            "status": self.entry.status,
            "direction": "outbound-api",
            "num_segments": "0" if is_undecided else str(count_segments(self.body)),
            "num_media": "0",
            "error_code": self.error_code,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "date_created": format_datetime(self.created_at),
            "date_updated": format_datetime(self.updated_at),
            "date_sent": format_datetime(self.sent_at) if self.sent_at else None,
            "api_version": "2010-04-01",
            "uri": self.uri,
            "subresource_uris": {"media": self.uri.replace(".json", "/Media.json")},
        }


def page_of(messages: Iterable[TwilioMessage], query: Mapping[str, str], *, path: str) -> dict[str, Any]:
    """Return one page of a list, newest first, with the addresses of its neighbours.

    Filters: To, From, DateSent, DateSent< and DateSent>. A text that has not left counts by the time it was made.
    Raises ValueError for a filter or page size that can't be read.
    """
    found = [message for message in messages if _matches(message, query)]
    size = min(max(int(query.get("PageSize", _DEFAULT_PAGE)), 1), _LARGEST_PAGE)
    page = max(int(query.get("Page", 0)), 0)
    found.sort(key=lambda message: message.entry.number, reverse=True)
    on_page = found[page * size : (page + 1) * size]

    def address(number: int) -> str:
        token = {"PageToken": f"PA{on_page[-1].sid}"} if on_page and number > page else {}
        return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': number, **token})}"

    return {
        "messages": [message.on_the_wire() for message in on_page],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(on_page) - 1, 0),
        "uri": address(page),
        "first_page_uri": address(0),
        "next_page_uri": address(page + 1) if len(found) > (page + 1) * size else None,
        "previous_page_uri": address(page - 1) if page else None,
    }


def _matches(message: TwilioMessage, query: Mapping[str, str]) -> bool:
    at = message.sent_at or message.created_at
    if query.get("To", message.recipient) != message.recipient or query.get("From", message.number) != message.number:
        return False
    if (on := query.get("DateSent")) and not _same(at, on):
        return False
    if (before := query.get("DateSent<")) and at > _instant(before):
        return False
    return not ((after := query.get("DateSent>")) and at < _instant(after))


def _same(at: datetime, text: str) -> bool:
    # A date without a time is the whole day, UTC.
    return at.date() == _instant(text).date() if "T" not in text else at.replace(microsecond=0) == _instant(text)


def _instant(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
