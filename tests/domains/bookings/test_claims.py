"""The database itself refuses what overlaps, and what is taken comes out of the log again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from frontdesk.core.log.database import writing
from frontdesk.domains.bookings.projection import BookingTables, resource_number
from frontdesk.domains.bookings.schema import booking_states, claims
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, bookings_of, salon

MINUTE = timedelta(minutes=1)


def row(booking_id: str, begins: int, ends: int, *, lane: int = 0, resource: str = "person:tess") -> dict[str, Any]:
    return {
        "tenant_id": "salon",
        "booking_id": booking_id,
        "resource_no": resource_number("salon", resource),
        "lane": lane,
        "resource": resource,
        "starts_at": TEN + begins * MINUTE,
        "ends_at": TEN + ends * MINUTE,
        "kind": "confirmed",
        "expires_at": None,
        "cause_event_id": "e",
    }


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execute(insert(claims), [row("a", 0, 60), row("b", 120, 180)])
        yield connection


@pytest.mark.parametrize(("begins", "ends"), [(0, 60), (59, 61), (-60, 1), (10, 20), (-60, 240), (179, 300)])
def test_an_overlap_is_refused_by_the_database(connection: Connection, begins: int, ends: int) -> None:
    with pytest.raises(IntegrityError, match="claims_do_not_overlap"):
        connection.execute(insert(claims), [row("c", begins, ends)])


def test_what_only_touches_is_none(connection: Connection) -> None:
    connection.execute(insert(claims), [row("c", 60, 120), row("d", -60, 0), row("e", 180, 181)])
    connection.execute(insert(claims), [row("f", 0, 60, lane=1), row("g", 0, 60, resource="person:bea")])


def test_a_claim_ends_after_it_starts(connection: Connection) -> None:
    with pytest.raises(IntegrityError, match="claims_end_after_they_start"):
        connection.execute(insert(claims), [row("c", 70, 70)])


def test_a_claim_is_not_moved_over_another(connection: Connection) -> None:
    with pytest.raises(DBAPIError):
        connection.execute(update(claims).where(claims.c.booking_id == "a").values(ends_at=TEN + 130 * MINUTE))


def test_two_businesses_take_no_place_from_one_another() -> None:
    assert resource_number("salon", "person:tess") != resource_number("bakery", "person:tess")
    assert 0 <= resource_number("salon", "person:tess") < 2**62


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=25))
def test_the_database_refuses_exactly_what_overlaps(engine: Engine, times: list[tuple[int, int]]) -> None:
    kept: list[tuple[int, int]] = []
    for number, (begins, length) in enumerate(times):
        ends = begins + length
        overlaps = any(begins < other_ends and other < ends for other, other_ends in kept)
        try:
            with writing(engine) as connection:
                connection.execute(insert(claims), [row(str(number), begins, ends)])
        except IntegrityError:
            assert overlaps, (kept, begins, ends)
        else:
            assert not overlaps, (kept, begins, ends)
            kept.append((begins, ends))
    with writing(engine) as connection:
        connection.execute(delete(claims))


def test_what_is_taken_is_rebuilt_from_the_log(engine: Engine) -> None:
    bookings = bookings_of(engine, SetClock(NOW))
    first = bookings.create(salon(), CUT, starts_at=TEN, contact=ANA, request=BY)
    bookings.create(salon(), CUT, starts_at=TEN, contact=ANA, request=BY)
    bookings.cancel(salon(), first.booking.booking_id, request=BY)
    with writing(engine) as connection:
        before = _rows(connection)
        connection.execute(delete(claims))
        connection.execute(update(booking_states).values(status="pending"))

    tables = BookingTables(engine)
    differences = tables.compare()
    assert tables.rebuild() == 2
    assert tables.compare() == []
    with engine.connect() as connection:
        assert _rows(connection) == before

    assert {each.table: len(each.only_rebuilt) for each in differences} == {"claims": 1, "booking_states": 2}
    assert "claims: 1 rows differ; in the log, not stored" in str(differences[0])


def _rows(connection: Connection) -> list[Any]:
    return [
        sorted(map(tuple, connection.execute(select(table)).all()), key=str) for table in (claims, booking_states)
    ]
