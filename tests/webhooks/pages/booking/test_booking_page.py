"""A customer books on the page over real HTTP: what is shown, told, refused and kept."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.errors import BookingsUnavailableError
from tests.clocks import SetClock
from tests.domains.bookings.salon import NOW, TEN
from tests.webhooks.booking_desk import Desk, desk
from tests.webhooks.pages.booking.guest import DETAILS, PAGE, Guest, Seen, page_tenant

_DAY = timedelta(days=1)


def bookings_of(salon: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = salon.get("bookings", begins=NOW, ends=NOW + 30 * _DAY).json()["bookings"]
    return found


def test_a_customer_books_from_the_first_page_on(salon: Desk, guest: Guest) -> None:
    services = guest.look("/b/salon")
    assert "Cut" in services.text
    assert "40.00 USD" in services.text
    assert "Wig" not in services.text
    times = guest.look(next(link for link in services.links if "service=cut" in link))
    assert "Tuesday 2 March 2027" in times.text
    details = guest.submit(times, start="2027-03-02T16:00Z")
    assert "Tuesday 2 March 2027, 10:00 am Chicago time (CST)" in details.text
    review = guest.submit(details, **DETAILS, extra="wash", promo_code="welcome10")
    assert "Promo code WELCOME10 -4.80 USD" in review.text
    assert "Total 43.20 USD" in review.text
    booked = guest.submit(review)

    assert booked.status == 303
    assert "You are booked" in guest.look(booked.location).text
    [booking] = bookings_of(salon)
    assert (booking["status"], booking["price_minor"], booking["starts_at"]) == (
        "confirmed",
        4320,
        "2027-03-02T16:00:00Z",
    )
    assert (booking["contact"]["name"], booking["contact"]["phone"]) == ("Ana Ruiz", "+13125550123")


def test_the_booking_keeps_the_words_that_were_agreed_to(guest: Guest, engine: Engine, clock: SetClock) -> None:
    guest.book()
    log = EventLog(engine, ids=UuidV7Factory(clock))
    [created] = [event for event in log.read_after(0, limit=50) if event.type == "booking.created"]
    assert b'"agreed_to":"I agree that my details are kept' in created.payload
    assert b'"by":"customer"' in created.payload


def test_a_form_that_is_sent_twice_books_once(salon: Desk, guest: Guest) -> None:
    review = guest.price()
    with ThreadPoolExecutor(4) as pool:
        booked = list(pool.map(guest.submit, [review] * 4))

    assert {each.status for each in booked} == {303}
    assert all("You are booked" in guest.look(each.location).text for each in booked)
    assert len(bookings_of(salon)) == 1


def test_a_form_that_booked_does_not_book_something_else(salon: Desk, guest: Guest) -> None:
    review = guest.price()
    guest.submit(review)
    other = guest.price(start="2027-03-02T18:00Z", key=review.form.values["key"])
    answer = guest.submit(other)

    assert answer.status == 409
    assert "This form has booked already" in answer.text
    assert len(bookings_of(salon)) == 1


def test_to_look_changes_nothing(guest: Guest, engine: Engine, clock: SetClock) -> None:
    log = EventLog(engine, ids=UuidV7Factory(clock))
    before = log.last_sequence()
    for path in ("/b/salon", "/b/salon/embed", "/b/salon/times?service=cut"):
        assert guest.look(path).status == 200
    assert guest.details().status == 200
    assert log.last_sequence() == before
    for path in ("/b/salon/price", "/b/salon/book"):
        assert guest.look(path).status == 405


def test_who_is_later_gets_other_times_and_types_nothing_again(salon: Desk, guest: Guest) -> None:
    review = guest.price(email="ana@example.org")
    for _ in range(2):  # both stylists
        assert salon.book(TEN).status_code == 201
    refused = guest.submit(review)

    assert refused.status == 409
    assert "Somebody else has just taken this time. Nothing is booked." in refused.text
    assert "Tuesday 2 March 2027, 11:00 am" in refused.text
    again = guest.submit(refused, start="2027-03-02T17:00Z")
    assert "Ana Ruiz" in again.text
    assert "ana@example.org" in again.text
    assert guest.submit(again).status == 303


def test_a_time_that_was_taken_is_told_before_anything_is_typed(salon: Desk, guest: Guest) -> None:
    for _ in range(2):
        salon.book(TEN)
    refused = guest.details()
    assert refused.status == 409
    assert guest.submit(refused, start="2027-03-02T17:00Z").status == 200


def test_a_person_can_be_asked_for(salon: Desk, guest: Guest) -> None:
    review = guest.submit(guest.details(**{"with": "bea"}), **DETAILS)
    assert "With Bea" in review.text
    guest.submit(review)
    assert bookings_of(salon)[0]["staff"] == "Bea"


def test_what_is_not_confirmed_at_once_is_asked_for(salon: Desk, guest: Guest) -> None:
    review = guest.price(service="colour")
    assert "Ask for this appointment" in review.text
    assert "We have your request" in guest.look(guest.submit(review).location).text
    assert bookings_of(salon)[0]["status"] == "pending"


def test_times_are_shown_in_the_zone_that_is_chosen(guest: Guest) -> None:
    times = guest.look("/b/salon/times", service="cut", zone="Asia/Tokyo")
    assert "times of Tokyo time (JST)" in times.text
    details = guest.details(zone="Asia/Tokyo")
    assert "Wednesday 3 March 2027, 1:00 am Tokyo time (JST)" in details.text
    assert "With us: Tuesday 2 March 2027, 10:00 am, Chicago time (CST)" in details.text


def test_two_times_that_the_clock_shows_alike_have_their_abbreviation(
    engine: Engine, clock: SetClock, tmp_path: Path
) -> None:
    hours = {"sunday": [{"opens": "00:00", "closes": "05:00"}]}
    business = page_tenant(hours=hours, terms={"horizon": "365d", "needs": [], "every": "30m"})
    with desk(engine, home=tmp_path, clock=clock, business=business) as salon:
        times = Guest(salon.client).look("/b/salon/times", service="cut", **{"from": "2027-11-07"})
    assert "1:30 am CDT" in times.text
    assert "1:30 am CST" in times.text


def test_where_a_week_has_no_time_the_next_free_one_is_shown(guest: Guest) -> None:
    times = guest.look("/b/salon/times", service="cut", **{"from": "2027-03-06"})  # a Saturday
    assert "Monday 8 March 2027" in times.text
    later = guest.look(next(link for link in times.links if "from=2027-03-1" in link))
    assert later.status == 200
    assert "Earlier times" in later.text


def test_the_price_that_was_told_is_paid_though_the_list_changes(
    engine: Engine, clock: SetClock, tmp_path: Path
) -> None:
    with desk(engine, home=tmp_path, clock=clock, business=page_tenant()) as salon:
        review = Guest(salon.client).price()
    dearer = page_tenant()
    services = [dearer.services[0].model_copy(update={"price": Decimal(50)}), *dearer.services[1:]]
    with desk(
        engine, home=tmp_path, clock=clock, business=dearer.model_copy(update={"services": tuple(services)})
    ) as salon:
        guest = Guest(salon.client)
        clock.advance(minutes=31)
        changed = guest.submit(review)
        assert changed.status == 409
        assert "The price that you were shown does not hold any more" in changed.text
        assert "Total 50.00 USD" in changed.text
        assert bookings_of(salon) == []
        assert guest.submit(changed).status == 303
        assert bookings_of(salon)[0]["price_minor"] == 5000


@pytest.mark.parametrize("quote_id", ["", "made-up", "\x00"])
def test_a_made_up_price_is_told_anew(salon: Desk, guest: Guest, quote_id: str) -> None:
    review = guest.price()
    refused = guest.submit(review, quote_id=quote_id)
    assert refused.status == 409
    assert bookings_of(salon) == []
    assert guest.submit(refused).status == 303


def test_a_price_of_less_is_not_agreed_to(salon: Desk, guest: Guest) -> None:
    cheap = guest.price()
    dear = guest.price(extra="wash")
    refused = guest.submit(dear, quote_id=cheap.form.values["quote_id"])
    assert refused.status == 409
    assert "Total 48.00 USD" in refused.text
    assert bookings_of(salon) == []


def test_a_quote_of_the_form_is_told_once(guest: Guest, engine: Engine, clock: SetClock) -> None:
    review = guest.price()
    again = guest.send("/b/salon/price", {key: review.form.values[key] for key in review.form.values})
    assert again.form.values["quote_id"] == review.form.values["quote_id"]
    log = EventLog(engine, ids=UuidV7Factory(clock))
    assert [event.type for event in log.read_after(0, limit=50)].count("price.quoted") == 1


def test_the_page_is_known_again_by_its_etag(salon: Desk, guest: Guest) -> None:
    for path in ("/b/salon", "/b/salon/times?service=cut"):
        etag = guest.look(path).answer.headers["etag"]
        same = salon.client.get(path, headers={"if-none-match": f'"other", {etag}'})
        assert (same.status_code, same.content) == (304, b"")
    salon.book(TEN)
    salon.book(TEN)
    assert salon.client.get("/b/salon/times?service=cut", headers={"if-none-match": etag}).status_code == 200


def test_a_page_loads_nothing_and_runs_nothing(guest: Guest) -> None:
    pages = [guest.look("/b/salon"), guest.look("/b/salon/times", service="cut"), guest.details(), guest.price()]
    pages.append(guest.look(guest.submit(pages[-1]).location))
    for page in pages:
        html = page.answer.text
        assert "<script" not in html
        assert "http:" not in html.replace("http-equiv", "")
        assert "https:" not in html
        style = html.split("<style>")[1].split("</style>")[0]
        digest = b64encode(sha256(style.encode()).digest()).decode()
        policy = page.answer.headers["content-security-policy"]
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        assert page.answer.headers["referrer-policy"] == "no-referrer"
        assert len(page.answer.content) < 60_000


def test_a_page_with_everything_is_small(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    every_hour = {"opens": "00:00", "closes": "24:00"}
    hours = {day: [every_hour] for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")}
    business = page_tenant(hours=hours, terms={"every": "5m"})
    with desk(engine, home=tmp_path, clock=clock, business=business) as salon:
        times = Guest(salon.client).look("/b/salon/times", service="cut", **{"from": "2027-03-03"})
    assert times.text.count(" am") > 100
    assert len(times.answer.content) < 60_000


def test_it_is_framed_by_those_whom_the_file_names_alone(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    with desk(engine, home=tmp_path, clock=clock, business=page_tenant()) as salon:
        guest = Guest(salon.client)
        framed = guest.look("/b/salon/embed")
        assert _frames(framed) == "https://www.salon.example"
        times = guest.look(next(link for link in framed.links if "service=cut" in link))
        review = guest.submit(guest.submit(times, start="2027-03-02T16:00Z"), **DETAILS)
        booked = guest.look(guest.submit(review).location)
        assert {_frames(times), _frames(review), _frames(booked)} == {"https://www.salon.example"}
        assert _frames(guest.look("/b/salon")) == "'none'"
    business = page_tenant(booking_page=PAGE | {"framed_by": []})
    with desk(engine, home=tmp_path, clock=clock, business=business) as salon:
        assert _frames(Guest(salon.client).look("/b/salon/embed")) == "'none'"


def _frames(page: Seen) -> str:
    return str(page.answer.headers["content-security-policy"]).partition("frame-ancestors ")[2]


def test_a_page_can_have_a_host_of_its_own(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    business = page_tenant(booking_page=PAGE | {"host": "book.salon.example"})
    with desk(engine, home=tmp_path, clock=clock, business=business) as salon:
        own = {"host": "book.salon.example"}
        page = Seen(salon.client.get("/", headers=own))
        assert page.status == 200
        assert "Book an appointment" in page.text
        assert salon.client.get("/b/bakery", headers=own).status_code == 404
        assert salon.client.get("/").status_code == 404
        guest = Guest(salon.client)
        details = guest.details()
        origin = {"origin": "https://book.salon.example"}
        sent = guest.send(details.form.action, details.form.values | DETAILS, headers=own | origin)
        assert "Check and book" in sent.text


def test_forms_of_other_sites_are_refused(guest: Guest) -> None:
    values = guest.details().form.values | DETAILS
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null", "sec-fetch-site": "cross-site"}):
        refused = guest.send("/b/salon/price", values, headers=headers)
        assert refused.status == 403, headers
    assert guest.send("/b/salon/price", values, headers={"sec-fetch-site": "same-origin"}).status == 200


@pytest.mark.parametrize(
    "path", ["/b/nobody", "/b/SALON", "/b/salon/other", "/b/%00", "/b/salon/times?service=wig", "/b/salon/details"]
)
def test_what_is_not_there_is_told_in_plain_words(guest: Guest, path: str) -> None:
    answer = guest.look(path)
    assert answer.status == 404
    assert "{" not in answer.text or path == "/b/salon/other"


def test_a_business_without_a_section_has_no_page(engine: Engine, clock: SetClock, tmp_path: Path) -> None:
    with desk(engine, home=tmp_path, clock=clock) as salon:
        answer = Guest(salon.client).look("/b/salon")
    assert answer.status == 404
    assert "There is no booking page at this address" in answer.text


def test_one_address_sends_as_many_forms_as_some_people_do(guest: Guest, clock: SetClock) -> None:
    statuses = [guest.send("/b/salon/price", {"service": "cut"}).status for _ in range(61)]
    assert statuses[-1] == 429
    assert 429 not in statuses[:-1]
    refused = guest.send("/b/salon/price", {"service": "cut"})
    assert "try again in 1 seconds" in refused.text
    assert refused.answer.headers["retry-after"] == "1"
    assert guest.look("/b/salon").status == 200
    clock.advance(seconds=2)
    assert guest.send("/b/salon/price", {"service": "cut"}).status == 404


def test_a_database_that_is_away_is_told_in_plain_words(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BookingsUnavailableError("bookings can't be read now: /var/lib/frontdesk.db")

    monkeypatch.setattr(Availability, "list_free", fail)
    answer = guest.look("/b/salon/times", service="cut")
    assert answer.status == 503
    assert "This can't be done just now" in answer.text
    assert "/var/lib" not in answer.text


def test_the_page_and_v1_offer_the_same_times(salon: Desk, guest: Guest) -> None:
    listed = salon.get("availability", service_key="cut", begins=NOW, ends=NOW + _DAY).json()["slots"]
    html = guest.look("/b/salon/times", service="cut").answer.text
    assert listed
    assert all(f'value="{each["starts_at"][:16]}Z"' in html for each in listed)
