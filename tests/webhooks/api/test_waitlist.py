"""The waitlist over real HTTP on both databases: who waits, what they are offered, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from frontdesk.domains.bookings.waitlist.commands import Waitlist
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.bookings.salon import NOW, TEN, waitlist_of
from tests.webhooks.booking_desk import Desk, desk, tenant
from tests.webhooks.signing import TENANT

HOUR = timedelta(hours=1)
BUSINESS = tenant(terms={"needs": [{"people": ["tess"]}], "waitlist": {}})


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def salon(engine: Engine, clock: SetClock, tmp_path: Path) -> Iterator[Desk]:
    with desk(engine, home=tmp_path, clock=clock, business=BUSINESS) as asking:
        yield asking


@pytest.fixture
def waitlist(engine: Engine, clock: SetClock) -> Waitlist:
    return waitlist_of(engine, clock)


def join(salon: Desk, name: str = "ana", *, key: str | None = None, **changes: Any) -> httpx.Response:
    body = {
        "service_key": "cut",
        "starts_from": TEN.isoformat(),
        "starts_until": (TEN + HOUR / 2).isoformat(),
        "contact": {"email": f"{name}@example.com", "name": name},
    }
    return salon.post("waitlist", body | changes, key=key)


def answer(salon: Desk, entry_id: str, verb: str, at: datetime = TEN, **more: Any) -> httpx.Response:
    return salon.post(f"waitlist/{entry_id}:{verb}", {"starts_at": at.isoformat()} | more)


def test_who_waits_is_offered_a_time_and_books_it(salon: Desk, waitlist: Waitlist, clock: SetClock) -> None:
    joined = join(salon, key="k1")
    assert joined.status_code == 201
    assert join(salon, key="k1").json() == joined.json()
    entry_id = joined.json()["entry_id"]
    clock.advance(seconds=1)
    second = join(salon, "ben").json()["entry_id"]
    assert [each["entry_id"] for each in salon.get("waitlist").json()["entries"]] == [entry_id, second]

    waitlist.make_offers(BUSINESS)

    entry = salon.get(f"waitlist/{entry_id}").json()
    assert (entry["status"], entry["offer"]["starts_at_local"]) == ("offered", "2027-03-02T10:00")
    quote_id = "no-such-price"
    assert answer(salon, entry_id, "accept", quote_id=quote_id).status_code in (404, 422)
    booked = answer(salon, entry_id, "accept", guest_name="Bo").json()
    assert (booked["booking_id"], booked["status"]) == (entry["offer"]["booking_id"], "confirmed")
    assert (booked["price_minor"], booked["guest_name"]) == (4000, "Bo")
    assert salon.get(f"bookings/{booked['booking_id']}").json() == booked
    assert salon.get("waitlist", status="accepted").json()["entries"][0]["entry_id"] == entry_id


def test_who_declines_or_leaves_makes_room_for_the_next(salon: Desk, waitlist: Waitlist, clock: SetClock) -> None:
    first = join(salon).json()["entry_id"]
    clock.advance(seconds=1)
    second = join(salon, "ben").json()["entry_id"]
    waitlist.make_offers(BUSINESS)

    declined = answer(salon, first, "decline").json()
    assert (declined["status"], declined["turned_down"]) == ("waiting", ["2027-03-02T16:00:00Z"])
    waitlist.make_offers(BUSINESS)
    assert salon.get(f"waitlist/{second}").json()["status"] == "offered"

    left = salon.post(f"waitlist/{second}:leave", {"by": "kim", "reason": "found another"}).json()
    assert left["status"] == "left"
    assert [each["entry_id"] for each in salon.get("waitlist").json()["entries"]] == [first]


def test_refusals_say_what_to_do(salon: Desk, waitlist: Waitlist, clock: SetClock) -> None:
    def problem(answered: httpx.Response) -> tuple[int, str | None, str]:
        assert answered.headers["content-type"] == "application/problem+json"
        content = answered.json()
        return answered.status_code, content.get("reason"), content["detail"]

    reversed_ = {"starts_from": TEN.isoformat(), "starts_until": (TEN - HOUR).isoformat()}
    assert problem(join(salon, **reversed_))[:2] == (422, "window")
    past = {"starts_from": (NOW - 2 * HOUR).isoformat(), "starts_until": (NOW - HOUR).isoformat()}
    assert problem(join(salon, **past)) == (
        422,
        "window",
        "starts_until: this time is over; wait for one that is to come",
    )
    assert problem(join(salon, service_key="beard"))[:2] == (422, "not-bookable")
    assert problem(join(salon, service_key="colour"))[2].startswith("service_key: colour has no waitlist")
    assert problem(answer(salon, "no-such", "accept"))[0] == 404
    assert problem(salon.post("waitlist/no-such:leave"))[0] == 404
    entry_id = join(salon).json()["entry_id"]
    assert problem(answer(salon, entry_id, "accept"))[:2] == (409, "wrong-state")
    waitlist.make_offers(BUSINESS)
    clock.advance(hours=2)
    refused = answer(salon, entry_id, "accept")
    assert problem(refused)[:2] == (410, "offer-expired")
    assert datetime.fromisoformat(refused.json()["expired_at"]) == clock.now()
    for _ in range(2):
        join(salon)
    assert problem(join(salon))[:2] == (429, "too-many-entries")
    assert BUSINESS.slug == TENANT
