"""The one reader of Retry-After: when a provider wants to be asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A provider that asks for more is not believed further: the wait has to end within the life of a retry.
MAX_RETRY_AFTER = timedelta(days=366)
_MAX_DIGITS = 12


def parse_retry_after(header: str | None, *, now: datetime) -> datetime | None:
    """Return the instant that a Retry-After header names (RFC 9110, 10.2.3), or None if it names none.

    Seconds may be a fraction, as some providers send. At most MAX_RETRY_AFTER from now.

    >>> parse_retry_after("120", now=datetime(2026, 3, 2, tzinfo=UTC))
    datetime.datetime(2026, 3, 2, 0, 2, tzinfo=datetime.timezone.utc)
    """
    value = (header or "").strip()
    whole, _, fraction = value.partition(".")
    if whole.isascii() and whole.isdigit() and (not fraction or (fraction.isascii() and fraction.isdigit())):
        seconds = float(value) if len(whole) <= _MAX_DIGITS else MAX_RETRY_AFTER.total_seconds()
        return now + min(timedelta(seconds=seconds), MAX_RETRY_AFTER)
    try:
        instant = parsedate_to_datetime(value)
        # RFC 5322 writes an unknown zone as -0000, which Python reads as naive.
        aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(aware, now + MAX_RETRY_AFTER)
