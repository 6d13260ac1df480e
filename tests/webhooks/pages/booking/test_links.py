"""By a link a customer sees, moves and cancels a booking; a calendar program follows a person's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar, Event
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from tests.clocks import SetClock
from tests.domains.bookings.salon import NOW, TEN
from tests.webhooks.booking_desk import Desk, desk
from tests.webhooks.pages.booking.guest import Guest, Seen, page_tenant
from tests.webhooks.pages.booking.test_booking_page import bookings_of

NEXT_DAY = "2027-03-03T16:00Z"


def move(guest: Guest, link: str, *, start: str = NEXT_DAY) -> Seen:
    """Move a booking, from its page on."""
    times = guest.look(f"{link}/times")
    return guest.submit(guest.submit(times, start=start))


def entry(guest: Guest, link: str) -> Event:
    """The booking of a link, as an independent reader of calendars reads it."""
    answer = guest.look(f"{link.partition('?')[0]}/calendar.ics").answer
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def stamp(event: Event) -> datetime:
    stamped = event.decoded("DTSTAMP")
    assert isinstance(stamped, datetime)
    return stamped


def test_a_booking_is_moved_and_its_link_is_another_then(salon: Desk, guest: Guest) -> None:
    link = guest.book()
    moved = move(guest, link)

    assert moved.status == 303
    assert "Wednesday 3 March 2027, 10:00 am" in guest.look(moved.location).text
    assert bookings_of(salon)[0]["starts_at"] == "2027-03-03T16:00:00Z"
    assert guest.look(link).status == 404
    assert "a newer one has replaced it" in guest.look(link).text


def test_moving_twice_by_one_form_moves_once_and_leads_to_the_booking(salon: Desk, guest: Guest) -> None:
    link = guest.book()
    asked = guest.submit(guest.look(f"{link}/times"), start=NEXT_DAY)
    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(guest.submit, [asked] * 4))

    assert {each.status for each in moved} == {303}
    assert all(guest.look(each.location).status == 200 for each in moved)
    assert bookings_of(salon)[0]["starts_at"] == "2027-03-03T16:00:00Z"
    other = guest.send(asked.form.action, asked.form.values | {"key": "another-key-of-theirs"})
    assert other.status == 404


def test_where_the_new_time_is_taken_the_old_one_stays(salon: Desk, guest: Guest) -> None:
    link = guest.book()
    asked = guest.submit(guest.look(f"{link}/times"), start=NEXT_DAY)
    for _ in range(2):
        salon.book(datetime.fromisoformat(NEXT_DAY))
    refused = guest.submit(asked)

    assert refused.status == 409
    assert "The booking was not moved" in refused.text
    assert "Your booking stays as it is: Tuesday 2 March 2027, 10:00 am" in refused.text
    nearest = next(each for each in refused.links if "/move?" in each)
    assert guest.submit(guest.look(nearest)).status == 303


def test_a_booking_is_cancelled_once_and_can_still_be_looked_at(salon: Desk, guest: Guest) -> None:
    link = guest.book()
    page = guest.look(link)
    cancelled = [guest.submit(page, reason="ill \x00\n today") for _ in range(2)]

    assert {each.status for each in cancelled} == {303}
    assert "This booking is cancelled" in guest.look(cancelled[0].location).text
    assert salon.get("bookings", begins=NOW, ends=NOW + timedelta(days=9)).json()["bookings"] == []
    assert guest.submit(page, key="another-key-of-theirs").status == 409
    assert guest.look(f"{link}/times").text.startswith("This booking is cancelled")


def test_looking_at_a_link_changes_nothing(guest: Guest, engine: Engine, clock: SetClock) -> None:
    link = guest.book()
    log = EventLog(engine, ids=UuidV7Factory(clock))
    before = log.last_sequence()
    for path in ("", "/times", f"/move?start={NEXT_DAY}", "/calendar.ics", "/cancel"):
        assert guest.look(link + path).status in (200, 405)
    assert guest.look(f"{link}/cancel").status == 405
    assert log.last_sequence() == before


def test_too_close_to_the_appointment_it_is_told_whom_to_call(guest: Guest, clock: SetClock, salon: Desk) -> None:
    link = guest.book()
    page, asked = guest.look(link), guest.submit(guest.look(f"{link}/times"), start=NEXT_DAY)
    clock.instant = TEN - timedelta(hours=2) + timedelta(seconds=1)

    assert "it is too close to the appointment to change it here" in guest.look(link).text
    assert "desk@salon.example" in guest.look(link).text
    assert guest.submit(page).status == 409
    assert guest.submit(asked).status == 409
    assert bookings_of(salon)[0]["starts_at"] == "2027-03-02T16:00:00Z"
    clock.instant = TEN + timedelta(hours=1)
    assert guest.look(link).status == 404


def test_terms_can_ask_for_more_notice_of_a_change(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    business = page_tenant(terms={"change_notice": "2d"})
    with desk(engine, home=tmp_path, clock=clock, business=business) as salon:
        guest = Guest(salon.client)
        link = guest.book()
        assert "too close" in guest.look(link).text
        later = guest.book(start="2027-03-08T16:00Z")
        assert "until 2 days before the appointment" in guest.look(later).text


@pytest.mark.parametrize("token", ["x", "A" * 43, "%2e%2e", "A" * 500, "%00", "\u202e" * 43])
def test_a_made_up_link_leads_nowhere(guest: Guest, token: str) -> None:
    guest.book()
    for path in ("", "/calendar.ics", "/times", f"/move?start={NEXT_DAY}"):
        assert guest.look(f"/b/salon/m/{token}{path}").status == 404
    for path in ("/move", "/cancel"):
        answer = guest.send(f"/b/salon/m/{token}{path}", {"start": NEXT_DAY, "key": "a" * 20}, headers={})
        assert answer.status == 404


def test_the_log_does_not_hold_what_opens_a_link(guest: Guest, engine: Engine, clock: SetClock) -> None:
    link = guest.book()
    log = EventLog(engine, ids=UuidV7Factory(clock))
    [made] = [event for event in log.read_after(0, limit=50) if event.type == "booking_link.made"]
    token = link.rpartition("/")[2]
    assert token.encode() not in made.payload
    assert token not in made.source_event_id
    assert token.encode() not in made.body


def test_the_calendar_s_entry_follows_the_booking(guest: Guest, clock: SetClock) -> None:
    link = guest.book()
    first = entry(guest, link)
    assert (str(first["SUMMARY"]), first.start, str(first["STATUS"])) == ("Cut, Salon", TEN, "CONFIRMED")
    clock.advance(minutes=5)
    assert stamp(entry(guest, link)) == NOW, "when it was booked, not when it is looked at"
    moved = move(guest, link).location
    second = entry(guest, moved)
    clock.advance(minutes=5)
    guest.submit(guest.look(moved))
    third = entry(guest, moved)

    assert {str(each["UID"]) for each in (first, second, third)} == {str(first["UID"])}
    assert int(str(first["SEQUENCE"])) < int(str(second["SEQUENCE"])) < int(str(third["SEQUENCE"]))
    assert stamp(first) < stamp(second) < stamp(third)
    assert str(third["STATUS"]) == "CANCELLED"


def test_staff_make_links_and_take_them_back(salon: Desk, guest: Guest) -> None:
    mine = guest.book()
    [booking] = bookings_of(salon)
    path = f"bookings/{booking['booking_id']}:links"
    made = salon.post(path)
    assert made.status_code == 201
    assert made.json()["expires_at"] == "2027-03-02T17:00:00Z"
    theirs = urlsplit(made.json()["url"]).path
    assert guest.look(theirs).status == guest.look(mine).status == 200
    newest = urlsplit(salon.post(path, {"revoke_older": True}).json()["url"]).path
    assert [guest.look(link).status for link in (mine, theirs, newest)] == [404, 404, 200]
    assert salon.post("bookings/nothing:links").status_code == 404


def test_without_a_page_there_is_no_link(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    with desk(engine, home=tmp_path, clock=clock) as salon:
        booking_id = salon.book(TEN).json()["booking_id"]
        answer = salon.post(f"bookings/{booking_id}:links")
    assert answer.status_code == 409
    assert "booking_page" in answer.json()["detail"]


def feed_of(salon: Desk, person: str = "tess") -> str:
    answer = salon.post(f"people/{person}:calendar-link")
    assert answer.status_code == 201
    return str(urlsplit(answer.json()["url"]).path)


def entries(guest: Guest, feed: str) -> dict[datetime, str]:
    events = Calendar.from_ical(guest.look(feed).answer.content).walk("VEVENT")
    return {event.decoded("DTSTART"): str(event["STATUS"]) for event in events}


def test_a_person_s_calendar_has_their_own_bookings(salon: Desk, guest: Guest) -> None:
    feed = feed_of(salon)
    assert entries(guest, feed) == {}
    guest.book()  # with Tess, who is the first that is free
    salon.book(TEN, person="bea")
    assert entries(guest, feed) == {TEN: "CONFIRMED"}
    assert "Ana Ruiz" in guest.look(feed).answer.text


def test_what_is_cancelled_stays_for_thirty_days(salon: Desk, guest: Guest, clock: SetClock) -> None:
    feed = feed_of(salon)
    later = NOW + timedelta(days=50, hours=2)
    link = guest.book(start=f"{later:%Y-%m-%dT%H:%MZ}")
    guest.submit(guest.look(link))
    assert entries(guest, feed) == {later: "CANCELLED"}
    clock.advance(days=29)
    assert entries(guest, feed) == {later: "CANCELLED"}
    clock.advance(days=2)
    assert entries(guest, feed) == {}


def test_what_is_over_stays_for_thirty_days(salon: Desk, guest: Guest, clock: SetClock) -> None:
    feed = feed_of(salon)
    guest.book()
    clock.instant = TEN + timedelta(days=29)
    assert entries(guest, feed) == {TEN: "CONFIRMED"}
    clock.advance(days=2)
    assert entries(guest, feed) == {}


def test_a_calendar_that_did_not_change_is_not_sent_again(salon: Desk, guest: Guest, clock: SetClock) -> None:
    feed = feed_of(salon)
    guest.book()
    etag = guest.look(feed).answer.headers["etag"]
    clock.advance(hours=1)
    same = salon.client.get(feed, headers={"if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")
    guest.book(start=NEXT_DAY)
    assert salon.client.get(feed, headers={"if-none-match": etag}).status_code == 200


def test_a_new_link_takes_the_place_of_the_one_before(salon: Desk, guest: Guest) -> None:
    old, of_bea = feed_of(salon), feed_of(salon, "bea")
    new = feed_of(salon)
    assert [guest.look(feed).status for feed in (old, of_bea, new)] == [404, 200, 200]
    assert salon.post("people/nobody:calendar-link").status_code == 404


@pytest.mark.parametrize("token", ["x", "salon.tess.", "salon.tess." + "A" * 43, "none.tess." + "A" * 43, "%00"])
def test_a_made_up_calendar_is_none(salon: Desk, guest: Guest, token: str) -> None:
    feed_of(salon)
    assert guest.look(f"/calendars/{token}.ics").status == 404


def test_what_somebody_imports_is_no_link(salon: Desk, guest: Guest, engine: Engine, clock: SetClock) -> None:
    guest.book()
    [booking] = bookings_of(salon)
    token = "A" * 43
    log = EventLog(engine, ids=UuidV7Factory(clock))
    [made] = [event for event in log.read_after(0, limit=50) if event.type == "booking_link.made"]
    forged = NewEvent(
        tenant_id=made.tenant_id,
        source=made.source,
        source_event_id=f"booking_link.made:{sha256(token.encode()).hexdigest()}",
        type=made.type,
        occurred_at=made.occurred_at,
        received_at=made.received_at,
        body=made.body,
        payload=made.payload,
        subject_id=booking["booking_id"],
        origin=Origin.IMPORT,
    )
    log.append([forged])
    assert guest.look(f"/b/salon/m/{token}").status == 404
    log.append([replace(forged, source_event_id=f"{forged.source_event_id[:-1]}x", origin=Origin.COMMAND)])
    assert guest.look(f"/b/salon/m/{token}").status == 404
