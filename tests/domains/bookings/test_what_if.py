"""Another schedule tried on days that are counted by hand, and on bookings that were really made."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine

from frontdesk.domains.bookings.errors import NotBookableError, SlotTakenError
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.bookings.what_if import PastBooking, Placed, TriedSchedule, try_schedule
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, NOW, TEN, bookings_of, document, salon

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TESS, BEA, BASIN = "person:tess", "person:bea", "room:basin"
TESS_ALONE = [{"key": "tess", "name": "Tess", "skills": ["hair"]}]
BEA_ALONE = [{"key": "bea", "name": "Bea", "skills": ["hair"]}]


def booked(booking_id: str, starts_at: datetime, *, staff: str | None = None, **changes: Any) -> PastBooking:
    """A cut that was made here a day ahead; its id is also the order in which it was booked."""
    known: dict[str, Any] = {
        "source": "frontdesk",
        "service_key": "cut",
        "service_name": "Cut",
        "booked_at": starts_at - DAY,
        "ends_at": starts_at + HOUR,
        "is_moved": False,
    }
    return PastBooking(booking_id=booking_id, starts_at=starts_at, staff_name=staff, **(known | changes))


#: A Tuesday: 10 to 11 both cut, 11 to 12 Tess does, 13 to 14:30 Bea colours at the basin.
TUESDAY = [
    booked("1-ten", TEN, staff="Tess", booked_at=NOW),
    booked("2-ten", TEN, staff="Bea", booked_at=NOW),
    booked("3-eleven", TEN + HOUR, staff="Tess", booked_at=NOW),
    booked(
        "4-colour",
        TEN + 3 * HOUR,
        staff="Bea",
        booked_at=NOW,
        service_key="colour",
        ends_at=TEN + 3 * HOUR + 90 * MINUTE,
    ),
]


def changes_of(tried: TriedSchedule) -> dict[str, tuple[str | None, str | None]]:
    """Return of each changed booking what changes, and why it would not fit."""
    return {each.booking.booking_id: (each.change, each.after.refusal) for each in tried.changed}


def usage_of(tried: TriedSchedule) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (each.resource, each.weekday): (each.before_booked, each.before_open, each.after_booked, each.after_open)
        for each in tried.usage
    }


def test_the_same_file_changes_nothing_and_tells_how_full_a_day_was() -> None:
    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon())

    assert not tried.has_changes
    assert [each.before.resources for each in tried.bookings] == [(TESS,), (BEA,), (TESS,), (BEA, BASIN)]
    assert usage_of(tried) == {
        (TESS, "tuesday"): (120, 480, 120, 480),
        (BEA, "tuesday"): (150, 480, 150, 480),
        (BASIN, "tuesday"): (90, 480, 90, 480),
    }


def test_without_one_of_two_people_the_other_takes_what_she_can() -> None:
    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon(people=BEA_ALONE))

    assert changes_of(tried) == {
        "1-ten": ("reassigned", None),
        "2-ten": ("lost", "taken"),
        "3-eleven": ("reassigned", None),
    }
    assert usage_of(tried) == {
        (TESS, "tuesday"): (120, 480, 0, 0),
        (BEA, "tuesday"): (150, 480, 210, 480),
        (BASIN, "tuesday"): (90, 480, 90, 480),
    }


def test_what_begins_before_a_later_opening_would_not_fit() -> None:
    hours = document()["hours"] | {"tuesday": [{"opens": "11:00", "closes": "17:00"}]}

    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon(hours=hours))

    assert changes_of(tried) == {"1-ten": ("lost", "outside_hours"), "2-ten": ("lost", "outside_hours")}
    assert usage_of(tried)[TESS, "tuesday"] == (120, 480, 60, 360)
    assert usage_of(tried)[BEA, "tuesday"] == (150, 480, 90, 360)


def test_a_day_off_of_one_person_is_no_time_of_hers() -> None:
    people = [TESS_ALONE[0] | {"exceptions": [{"day": "2027-03-02"}]}, *BEA_ALONE]

    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon(people=people))

    assert changes_of(tried)["2-ten"] == ("lost", "taken")
    assert usage_of(tried)[TESS, "tuesday"] == (120, 480, 0, 0)


def test_a_longer_service_runs_into_the_next() -> None:
    services = document()["services"]
    services[0]["duration_minutes"] = 90

    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon(services=services))

    assert changes_of(tried) == {"3-eleven": ("lost", "taken")}
    assert usage_of(tried)[TESS, "tuesday"] == (120, 480, 90, 480)
    assert usage_of(tried)[BEA, "tuesday"] == (150, 480, 180, 480)


def test_a_booking_keeps_a_length_of_its_own_unless_the_file_changes_that() -> None:
    long = [booked("long", TEN, staff="Tess", ends_at=TEN + 2 * HOUR)]

    tried = try_schedule(long, in_force=salon(), tried=salon(terms={"buffer_after": "10m"}))

    assert usage_of(tried)[TESS, "tuesday"] == (120, 480, 120, 480)


def test_a_buffer_takes_the_next_start_away_and_is_in_no_use() -> None:
    tried = try_schedule(TUESDAY[:3], in_force=salon(), tried=salon(terms={"buffer_after": "15m"}))

    assert changes_of(tried) == {"3-eleven": ("lost", "taken")}
    assert usage_of(tried)[TESS, "tuesday"] == (120, 480, 60, 480)


def test_a_cap_of_the_day_leaves_out_who_booked_last() -> None:
    tried = try_schedule(reversed(TUESDAY), in_force=salon(), tried=salon(terms={"daily_cap": 2}))

    assert changes_of(tried) == {"3-eleven": ("lost", "daily_cap")}


def test_one_more_person_takes_what_lay_over_another() -> None:
    asked = [booked(f"{number}", TEN, source="wix", booked_at=NOW) for number in (1, 2, 3)]
    people = [*TESS_ALONE, *BEA_ALONE, {"key": "cleo", "name": "Cleo", "skills": ["hair"]}]

    tried = try_schedule(asked, in_force=salon(), tried=salon(people=people))

    assert changes_of(tried) == {"3": ("gained", None)}
    assert tried.bookings[2].before == Placed(refusal="taken")
    assert usage_of(tried)["person:cleo", "tuesday"] == (0, 0, 60, 480)


def test_a_saturday_that_is_opened_takes_what_came_elsewhere() -> None:
    saturday = booked("sat", TEN + 4 * DAY, source="wix")
    hours = document()["hours"] | {"saturday": [{"opens": "10:00", "closes": "12:00"}]}

    tried = try_schedule([saturday], in_force=salon(), tried=salon(hours=hours))

    assert changes_of(tried) == {"sat": ("gained", None)}
    assert usage_of(tried)[TESS, "saturday"] == (0, 0, 60, 120)


def test_what_fits_by_neither_file_is_told_and_in_no_use() -> None:
    sunday = booked("sun", TEN + 5 * DAY, source="wix")

    tried = try_schedule([sunday], in_force=salon(), tried=salon(people=BEA_ALONE, services=_cut_only()))

    assert [each.booking.booking_id for each in tried.fit_neither] == ["sun"]
    assert (tried.has_changes, list(tried.usage)) == (False, [])


def test_what_is_not_booked_here_takes_the_time_of_whom_it_names() -> None:
    wig = booked("0-wig", TEN, staff="tess", source="wix", service_key="wig", booked_at=NOW + MINUTE)
    cuts = [booked("1", TEN, staff="Tess", booked_at=NOW), booked("2", TEN, booked_at=NOW)]

    tried = try_schedule([*cuts, wig], in_force=salon(), tried=salon(people=TESS_ALONE, services=_cut_only()))

    assert [each.booking_id for each in tried.kept] == ["0-wig"]
    # Bea does one of the two that ask for ten; Tess has the wig.
    assert [each.before for each in tried.bookings] == [Placed(resources=(BEA,)), Placed(refusal="taken")]
    assert changes_of(tried) == {"1": ("lost", "taken")}
    assert usage_of(tried)[TESS, "tuesday"] == (60, 480, 60, 480)


def _cut_only() -> list[dict[str, Any]]:
    return [each for each in document()["services"] if each["key"] != "colour"]


def test_a_service_that_is_taken_away_loses_its_bookings() -> None:
    tried = try_schedule(TUESDAY, in_force=salon(), tried=salon(services=_cut_only()))

    assert changes_of(tried) == {"4-colour": ("lost", "service")}


def test_notice_and_offered_starts_hold_for_what_was_booked_here_and_never_moved() -> None:
    asked = [
        booked("here", TEN, booked_at=TEN - 3 * HOUR),
        booked("elsewhere", TEN + HOUR, source="wix", booked_at=TEN),
        booked("moved", TEN + 2 * HOUR, booked_at=TEN, is_moved=True),
        booked("half-past", TEN + 3 * HOUR + 30 * MINUTE, booked_at=NOW),
    ]

    tried = try_schedule(asked, in_force=salon(), tried=salon(terms={"notice": "4h", "every": "1h"}))

    assert changes_of(tried) == {"here": ("lost", "minimum_notice"), "half-past": ("lost", "start_time")}


def test_a_night_on_which_clocks_go_back_is_an_hour_longer() -> None:
    hours = {"sunday": [{"opens": "00:00", "closes": "24:00"}]}
    sunday = booked("night", datetime.fromisoformat("2027-11-07T10:00:00-06:00"), source="wix")

    tried = try_schedule([sunday], in_force=salon(hours=hours), tried=salon(hours=hours))

    assert usage_of(tried)[TESS, "sunday"] == (60, 25 * 60, 60, 25 * 60)


def test_no_booking_tries_nothing() -> None:
    tried = try_schedule([], in_force=salon(), tried=salon(people=BEA_ALONE))

    assert (tried.has_changes, tried.days, list(tried.usage)) == (False, None, [])


def test_what_was_really_booked_fits_the_same_file_with_the_same_people(engine: Engine) -> None:
    clock, random = SetClock(NOW), Random(9)
    business = salon(terms={"buffer_after": "10m", "daily_cap": 9})
    bookings = bookings_of(engine, clock)
    made: list[Known] = []
    for _ in range(150):
        clock.advance(minutes=1)
        wish = Wish(service_key=random.choice(["cut", "cut", "colour"]))
        starts_at = TEN.replace(hour=15) + random.randrange(4) * DAY + random.randrange(16) * 30 * MINUTE
        try:
            made.append(bookings.create(business, wish, starts_at=starts_at, contact=ANA, request=BY))
        except (NotBookableError, SlotTakenError):
            continue
    assert len(made) > 30

    tried = try_schedule([_past(known) for known in made], in_force=business, tried=business)

    assert not tried.has_changes
    assert {each.booking.booking_id: each.before.resources for each in tried.bookings} == {
        known.booking.booking_id: tuple(place.resource for place in known.booking.places) for known in made
    }


def _past(known: Known) -> PastBooking:
    booking = known.booking
    return booked(
        booking.booking_id,
        booking.starts_at,
        staff=booking.staff,
        service_key=booking.service_key,
        booked_at=known.changed_at,
        ends_at=booking.ends_at,
    )
