"""Google Calendar: push notifications, all headers and no body; the channel's token is the only proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from sandbox.delivery import Attempt, Delivery, SignedRequest
from sandbox.identifiers import base62, guid

_CHANNEL_LIFE = timedelta(days=7)
_EPOCH = datetime(2025, 1, 6, tzinfo=UTC)


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Add the token that was chosen when the channel was made."""
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/google-calendar",
        headers=(
            # Google's own content type, invalid as it is: the body is empty all the same.
            ("Content-Type", "application/json; utf-8"),
            ("X-Goog-Channel-Token", attempt.secrets["GOOGLE_CALENDAR_CHANNEL_TOKEN"]),
            *delivery.headers,
        ),
        body=b"",
    )


def changed(at: datetime, tenant: str, calendar_id: str, *, state: str = "exists") -> Delivery:
    """Return a notification that something in the calendar changed; it doesn't say what.

    Channels are renewed every seven days. Message numbers rise within a channel and are not consecutive; sync is 1.
    """
    week = (at - _EPOCH) // _CHANNEL_LIFE
    opened_at = _EPOCH + week * _CHANNEL_LIFE
    channel_id = guid("channel", tenant, week)
    number = 1 if state == "sync" else 2 + int((at - opened_at) / timedelta(milliseconds=1))
    headers = (
        ("X-Goog-Channel-ID", channel_id),
        ("X-Goog-Channel-Expiration", format_datetime(opened_at + _CHANNEL_LIFE, usegmt=True)),
        ("X-Goog-Resource-ID", base62("resource", tenant, length=27)),
        (
            "X-Goog-Resource-URI",
            f"https://www.googleapis.com/calendar/v3/calendars/{calendar_id}/events?alt=json",
        ),
        ("X-Goog-Resource-State", state),
        ("X-Goog-Message-Number", str(number)),
    )
    return Delivery(
        tenant=tenant,
        source="google-calendar",
        scheme="google_calendar",
        at=at,
        key=f"{channel_id}:{number}",
        body=b"",
        content_type="application/json; utf-8",
        headers=headers,
    )
