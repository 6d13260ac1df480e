"""Bookings over real HTTP on both databases: services, free times, bookings, and what they become."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from frontdesk.domains.bookings import deciding, projection
from frontdesk.domains.bookings.booking import local_text
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, bookings_of
from tests.domains.staff.conftest import PASSWORD, quick_passwords
from tests.webhooks.booking_desk import Desk, desk, tenant
from tests.webhooks.server import wait_for
from tests.webhooks.signing import TENANT

HOUR = timedelta(hours=1)


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def salon(engine: Engine, clock: SetClock, tmp_path: Path) -> Iterator[Desk]:
    with desk(engine, home=tmp_path, clock=clock) as asking:
        yield asking


def test_what_can_be_booked_is_listed(salon: Desk) -> None:
    answer = salon.get("services").json()

    cut, colour, wig = answer["services"]
    assert cut == {
        "service_key": "cut",
        "name": "Cut",
        "description": None,
        "price_minor": 4000,
        "currency": "USD",
        "duration_minutes": 60,
        "is_bookable": True,
        "people": ["tess", "bea"],
        "notice_minutes": 120,
        "horizon_days": 60,
        "is_confirmed_at_once": True,
    }
    assert (colour["people"], colour["is_confirmed_at_once"]) == (["bea"], False)
    assert wig["is_bookable"] is False
    assert answer["zone"] == "America/Chicago"


def test_whom_a_booking_is_for_can_change(salon: Desk) -> None:
    booking_id = salon.book(TEN).json()["booking_id"]

    changed = salon.patch(f"bookings/{booking_id}", {"contact": {"name": "Bo Lind"}, "by": "kim"}).json()

    assert changed["contact"] == {"phone": "+13125550123", "name": "Bo Lind"} | dict.fromkeys(
        name for name, value in changed["contact"].items() if value is None
    )
    assert changed["starts_at"] == salon.get(f"bookings/{booking_id}").json()["starts_at"]
    refused = salon.patch(f"bookings/{booking_id}", {"contact": {"name": None}})
    assert refused.status_code == 422
    assert "say what is another now" in refused.text


def test_what_is_listed_books_until_nothing_is_listed(salon: Desk) -> None:
    for _ in range(40):
        listed = salon.get("availability", service_key="cut", begins=TEN - HOUR, ends=TEN + 8 * HOUR).json()
        if not listed["slots"]:
            break
        slot = listed["slots"][0]
        assert salon.book(datetime.fromisoformat(slot["starts_at"])).status_code == 201
    else:
        pytest.fail("it is never full")

    assert salon.book(TEN).json()["reason"] == "slot-taken"


def test_a_slot_says_when_it_is_by_the_business_s_clock(salon: Desk) -> None:
    answer = salon.get("availability", service_key="cut", begins=TEN, ends=TEN + HOUR / 2).json()

    assert answer == {
        "service_key": "cut",
        "zone": "America/Chicago",
        "slots": [
            {
                "starts_at": "2027-03-02T16:00:00Z",
                "ends_at": "2027-03-02T17:00:00Z",
                "starts_at_local": "2027-03-02 10:00 CST",
                "people": ["tess"],
            }
        ],
        "log_position": 0,
    }


def test_the_life_of_a_booking(salon: Desk, clock: SetClock) -> None:
    made = salon.book(TEN, service="colour", location="Main St")
    assert made.status_code == 201
    booking = made.json()
    path = f"bookings/{booking['booking_id']}"
    assert (booking["status"], booking["price_minor"], booking["staff"]) == ("pending", 12050, "Bea")

    assert salon.post(f"{path}:confirm").json()["status"] == "confirmed"
    moved = salon.post(f"{path}:reschedule", {"starts_at": (TEN + HOUR).isoformat(), "reason": "asked"}).json()
    assert (moved["starts_at"], moved["status"]) == ("2027-03-02T17:00:00Z", "confirmed")
    early = salon.post(f"{path}:no-show")
    assert (early.status_code, early.json()["reason"]) == (409, "wrong-state")
    clock.instant = TEN + 2 * HOUR
    assert salon.post(f"{path}:no-show").json()["status"] == "no_show"
    assert salon.post(f"{path}:reopen").json()["status"] == "confirmed"
    assert salon.post(f"{path}:complete").json()["status"] == "completed"

    assert salon.get(path).json()["status"] == "completed"
    listed = salon.get("bookings", begins=TEN, ends=TEN + 2 * HOUR).json()["bookings"]
    assert [each["booking_id"] for each in listed] == [booking["booking_id"]]


def test_a_taken_time_is_refused_with_others(salon: Desk) -> None:
    salon.book(TEN, service="colour")

    refused = salon.book(TEN, service="colour")

    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["title"], problem["reason"], problem["log_position"]) == ("Slot taken", "slot-taken", 1)
    assert len(problem["alternatives"]) >= 3
    assert (
        salon.book(datetime.fromisoformat(problem["alternatives"][0]["starts_at"]), service="colour").status_code
        == 201
    )


def test_what_can_t_be_booked_names_the_rule(salon: Desk) -> None:
    refused = salon.book(NOW + HOUR)

    assert refused.status_code == 422
    assert refused.json()["rule"] == "minimum_notice"
    assert refused.json()["first_bookable_at"] == "2027-03-01T16:00:00Z"
    assert salon.book(TEN, service="wig").json()["rule"] == "service"
    wide = salon.get("availability", service_key="cut", begins=TEN, ends=TEN + timedelta(days=63))
    assert "62 days at most" in wide.json()["detail"]


def test_a_hold_runs_out(salon: Desk, clock: SetClock) -> None:
    body = {"service_key": "colour", "starts_at": TEN.isoformat(), "browser_token": "b1"}
    held = salon.post("bookings:hold", body)
    assert (held.status_code, held.json()["status"]) == (201, "held")
    again = salon.post("bookings:hold", body | {"starts_at": (TEN + 3 * HOUR).isoformat()})
    assert (again.status_code, again.json()["reason"]) == (429, "too-many-holds")
    hold_id = held.json()["booking_id"]
    assert salon.post(f"bookings/{hold_id}:extend").status_code == 200
    clock.advance(minutes=10)

    late = salon.book(TEN, service="colour", hold_id=hold_id)

    assert (late.status_code, late.json()["reason"]) == (410, "hold-expired")
    assert salon.book(TEN, service="colour").status_code == 201


def test_the_same_key_books_once(salon: Desk, engine: Engine, clock: SetClock) -> None:
    first, second = (salon.book(TEN, key="k1") for _ in range(2))
    other = salon.book(TEN + HOUR, key="k1")

    assert first.json() == second.json()
    assert (other.status_code, other.json()["title"]) == (422, "Key used before")
    assert EventLog(engine, ids=UuidV7Factory(clock)).last_sequence() == 2  # created, confirmed


def test_strangers_and_other_people_s_bookings(salon: Desk, engine: Engine, clock: SetClock) -> None:
    booking = salon.book(TEN, service="colour").json()
    staff = StaffDirectory.open(
        engine, settings=Settings(), clock=clock, ids=UuidV7Factory(clock), passwords=quick_passwords()
    )
    tokens = {name: _token(salon, staff, name) for name in ("Tess", "Bea")}
    path = f"bookings/{booking['booking_id']}"

    assert salon.get(path, token="nobody").status_code == 401
    assert salon.get(path, token=tokens["Tess"]).status_code == 403
    assert salon.post(f"{path}:confirm", token=tokens["Tess"]).status_code == 403
    assert salon.post(f"{path}:confirm", token=tokens["Bea"]).status_code == 200
    own = {name: salon.get("bookings", token=token, begins=TEN).json() for name, token in tokens.items()}
    assert [len(own[name]["bookings"]) for name in ("Tess", "Bea")] == [0, 1]
    assert salon.get("bookings/none").json()["title"] == "No such booking"
    event = EventLog(engine, ids=UuidV7Factory(clock)).read_after(1, limit=1)[0]
    assert b'"by":"bea@example.com"' in event.payload


def _token(salon: Desk, staff: StaffDirectory, name: str) -> str:
    email = f"{name.lower()}@example.com"
    staff.accounts.add(tenant_id=TENANT, email=email, name=name, role=Role.TECH, password=PASSWORD, by="test")
    body = {"tenant": TENANT, "email": email, "password": PASSWORD}
    return str(salon.client.post("/v1/sessions", json=body).json()["token"])


def test_a_start_tells_of_bookings_of_another_clock(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deciding, "local_text", lambda at, _: local_text(at, "America/Denver"))
        bookings_of(engine, clock).create(tenant(), CUT, starts_at=TEN, contact=ANA, request=BY)

    with desk(engine, home=tmp_path, clock=clock) as asking:
        log = EventLog(engine, ids=UuidV7Factory(clock))
        wait_for(lambda: [event.type for event in log.read_after(2, limit=9)] == ["task.created"])
        assert asking.get("services").status_code == 200


#: Starts of one Tuesday for one place: twenty, one after the other.
CLIENTS, SLOTS = 60, 8


def test_many_at_once_get_each_time_once(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    _rush(engine, clock, tmp_path, clients=CLIENTS, slots=SLOTS)


@pytest.mark.slow
def test_two_hundred_for_twenty_times(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    _rush(engine, clock, tmp_path, clients=200, slots=20)


def _rush(engine: Engine, clock: SetClock, home: Path, *, clients: int, slots: int) -> None:
    minutes = 15 if slots > 8 else 60
    services: list[dict[str, Any]] = [
        {
            "key": "cut",
            "name": "Cut",
            "price": 40,
            "duration_minutes": minutes,
            "booking": {"needs": [{"people": ["bea"]}], "every": f"{minutes}m"},
        }
    ]
    opens = datetime(2027, 3, 2, 15, tzinfo=UTC)
    starts = [opens + number % slots * timedelta(minutes=minutes) for number in range(clients)]
    with desk(engine, home=home, clock=clock, business=tenant(services=services)) as asking:
        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(asking.book, starts))
        listed = asking.get("availability", service_key="cut", begins=opens, ends=starts[-1] + HOUR / 60)

    booked = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code != 201]
    assert sorted(each["starts_at"] for each in booked) == [f"{start:%Y-%m-%dT%H:%M:%SZ}" for start in starts[:slots]]
    assert {each["reason"] for each in refused} == {"slot-taken"}
    assert listed.json()["slots"] == []
    log = EventLog(engine, ids=UuidV7Factory(clock))
    events = [event for event in log.read_after(0, limit=1_000) if event.type == "booking.created"]
    assert {event.subject_id for event in events} == {each["booking_id"] for each in booked}
    with engine.connect() as connection:
        assert projection.compare(connection) == []
