"""The shipped businesses can be booked: each service with terms, in a week without holidays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from frontdesk.core.wall_clock import in_words
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.catalogue.open_times import instant
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.clocks import SetClock
from tests.core.backends import SqliteBackend
from tests.domains.bookings.salon import availability_of
from tests.pipelines.kept import REPOSITORY

TENANTS = load_tenants(REPOSITORY / "tenants")
#: A Sunday evening in Perth, and noon or morning elsewhere.
NOW = datetime(2027, 3, 14, 12, tzinfo=UTC)
BOOKABLE = [(slug, service.key) for slug, tenant in TENANTS.items() for service in tenant.services if service.booking]


@pytest.fixture
def engine(sqlite_backend: SqliteBackend) -> Engine:
    return sqlite_backend.open()


@pytest.mark.parametrize(("slug", "service_key"), BOOKABLE)
def test_each_service_with_terms_can_be_booked(engine: Engine, slug: str, service_key: str) -> None:
    tenant = TENANTS[slug]

    free = (
        availability_of(engine, SetClock(NOW))
        .list_free(tenant, Wish(service_key=service_key), begins=NOW, ends=NOW + timedelta(days=7))
        .free
    )

    assert len(free) > 20
    zone = ZoneInfo(tenant.zone)
    opened = {instant(each.starts).astimezone(zone).strftime("%A").lower() for each in free}
    assert opened <= set(tenant.hours)


def test_around_the_clock_has_no_seam_at_midnight(engine: Engine) -> None:
    """On the night when clocks go forward in Chicago, too."""
    hmnp, day = TENANTS["hmnp"], datetime(2027, 3, 14, 5, tzinfo=UTC)

    free = (
        availability_of(engine, SetClock(day - timedelta(days=1)))
        .list_free(hmnp, Wish(service_key="ron_oath"), begins=day, ends=day + timedelta(hours=4))
        .free
    )

    assert [in_words(instant(each.starts), ZoneInfo(hmnp.zone)) for each in free[::4]] == [
        "2027-03-13 23:00 CST",
        "2027-03-14 00:00 CST",
        "2027-03-14 01:00 CST",
        "2027-03-14 03:00 CDT",
    ]
    assert len(free) == 16


def test_what_is_ordered_is_not_booked() -> None:
    assert {slug for slug, _ in BOOKABLE} == set(TENANTS) - {"technifold"}
