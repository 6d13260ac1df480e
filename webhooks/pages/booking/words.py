"""Times, lengths and refusals as customers read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.time_words import time_of_day_words
from frontdesk.domains.catalogue.settings import Service

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ONE_HOUR_IN_MINUTES = 60


def day_words(moment: datetime) -> str:
    """Return the day by the moment's own zone.

    >>> day_words(datetime(2027, 3, 2))
    'Tuesday 2 March 2027'
    """
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return day and time by a zone's clock."""
    local = moment.astimezone(zone)
    return f"{day_words(local)}, {time_of_day_words(local)}"


def zone_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return a zone as people name it, with its abbreviation then.

    >>> zone_words(datetime.fromisoformat("2027-03-02T16:00Z"), ZoneInfo("America/Chicago"))
    'Chicago time (CST)'
    """
    city = zone.key.rpartition("/")[2].replace("_", " ")
    return f"{city} time ({moment.astimezone(zone):%Z})"


def length_of(minutes: int) -> str:
    """Return how long something takes.

    >>> length_of(45), length_of(60), length_of(90)
    ('45 minutes', '1 hour', '1 hour 30 minutes')
    """
    hours, rest = divmod(minutes, _ONE_HOUR_IN_MINUTES)
    parts = [_count(hours, "hour")] if hours else []
    return " ".join([*parts, _count(rest, "minute")] if rest or not hours else parts)


def notice_words(notice: timedelta) -> str:
    """Return how long before something is due at the latest.

    >>> notice_words(timedelta(hours=36)), notice_words(timedelta(days=2))
    ('36 hours', '2 days')
    """
    if notice >= 2 * _DAY and not notice % _DAY:
        return _count(notice // _DAY, "day")
    if notice >= _HOUR and not notice % _HOUR:
        return _count(notice // _HOUR, "hour")
    return _count(int(notice.total_seconds()) // 60, "minute")


def refusal_words(error: FrontdeskError, service: Service) -> str:
    """Return why a time can't be had."""
    if error.http_status == 409:  # noqa: PLR2004 - the status of what somebody else has
        return "Somebody else has just taken this time."
    terms = service.booking
    notice = "" if terms is None else notice_words(terms.notice)
    ahead = "" if terms is None else notice_words(terms.horizon)
    words: Mapping[str, str] = {
        "minimum_notice": f"This time is too soon or over: {service.name} is booked at least {notice} ahead.",
        "horizon": f"This time is too far ahead: {service.name} is booked at most {ahead} ahead.",
        "outside_hours": "We are not open for this at that time.",
        "exception": "We have other hours that day.",
        "start_time": "No appointment begins at that time.",
        "daily_cap": "That day is full.",
    }
    return words.get(str(error.members.get("rule")), "This time can't be booked.")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
