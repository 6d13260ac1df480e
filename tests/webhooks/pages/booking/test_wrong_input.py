"""What can't be taken is told beside its field, and what was typed stays."""

from __future__ import annotations

import pytest

from tests.webhooks.booking_desk import Desk
from tests.webhooks.pages.booking.guest import DETAILS, Guest
from tests.webhooks.pages.booking.test_booking_page import bookings_of

WRONG = [
    ({"name": ""}, "Enter your name."),
    ({"name": "   "}, "Enter your name."),
    ({"name": "\u200b\u202e"}, "Enter your name."),
    ({"name": "Ana\x00Ruiz"}, "Name: this has characters that can't be kept."),
    ({"name": "Ana\x1b[31mRuiz"}, "Name: this has characters that can't be kept."),
    ({"name": "A" * 200}, "Name: write 120 characters at most."),
    ({"phone": ""}, "Enter a phone number or an e-mail address"),
    ({"phone": "12"}, "This is no phone number that we can call."),
    ({"phone": "000 000 0000"}, "This is no phone number that we can call."),
    ({"email": "ana@"}, "This is no e-mail address that we can write to."),
    ({"email": "noemail@none.com"}, "This is no e-mail address that we can write to."),
    ({"agreed": ""}, "Tick this to book"),
    ({"promo_code": "NOTHING"}, "We know no promo code of this name."),
    ({"promo_code": "<b>"}, "A promo code has letters, digits and hyphens."),
    ({"key": ""}, "The form was not complete."),
    ({"key": "<script>alert(1)</script>"}, "The form was not complete."),
    ({"website": "https://spam.example"}, "Leave the field “Website” empty"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG)
@pytest.mark.parametrize("step", ["price", "book"])
def test_each_mistake_is_told_and_the_rest_stays(
    salon: Desk, guest: Guest, typed: dict[str, str], sentence: str, step: str
) -> None:
    values = guest.details().form.values | {"quote_id": "x", "email": "ana@example.org"} | DETAILS | typed
    if "phone" in typed and not typed["phone"]:
        values["email"] = ""
    if step == "book" and "promo_code" in typed and typed["promo_code"] == "NOTHING":
        values["quote_id"] = ""
    answer = guest.send(f"/b/salon/{step}", values)

    assert answer.status == 422
    assert sentence in answer.text
    assert answer.answer.text.count('role="alert"') == 1
    [field] = typed
    if f'id="{field}-error"' in answer.answer.text:
        assert f'aria-describedby="{field}-error"' in answer.answer.text
        assert f'href="#{field}"' in answer.answer.text
    kept = answer.form.values
    assert {kept[name] for name in ("phone", "email", "name")} >= {
        values[name] for name in ("phone", "email", "name") if name not in typed and values[name]
    }
    assert bookings_of(salon) == []


def test_what_was_typed_is_never_markup(guest: Guest) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    answer = guest.price(name=hostile, phone="12")
    assert "<img" not in answer.answer.text
    assert answer.form.values["name"] == hostile
    assert guest.submit(answer, phone="312 555 0123").form.values["name"] == hostile


def test_marks_that_turn_the_direction_are_left_out_of_a_name(salon: Desk, guest: Guest) -> None:
    guest.book(name="Ana \u202eziuR\u202c \u05d3\u05d5\u05d3")
    assert bookings_of(salon)[0]["contact"]["name"] == "Ana ziuR \u05d3\u05d5\u05d3"


def test_a_longer_form_than_a_page_has_is_not_read(guest: Guest) -> None:
    assert guest.send("/b/salon/price", {"service": "cut", "name": "A" * 20_000}).status == 413
    many = {f"field{number}": "1" for number in range(300)}
    assert guest.send("/b/salon/price", many).status == 400


@pytest.mark.parametrize(
    "start", ["", "tomorrow", "2027-03-02T16:00", "0001-01-01T00:00Z", "9999-12-31T23:59Z", "\x00"]
)
def test_no_time_at_all_leads_back(guest: Guest, start: str) -> None:
    answer = guest.details(start=start)
    assert answer.status == 404
    assert "No time was chosen" in answer.text
    assert guest.send("/b/salon/book", {"service": "cut", "start": start}).status == 404


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ("2027-02-01T16:00Z", "too soon or over: Cut is booked at least 2 hours ahead"),
        ("2029-02-01T16:00Z", "too far ahead: Cut is booked at most 60 days ahead"),
        ("2027-03-02T06:00Z", "We are not open for this at that time."),
        ("2027-03-02T16:07Z", "No appointment begins at that time."),
        ("2027-03-02T16:00:00.5Z", "No appointment begins at that time."),
    ],
)
def test_a_time_that_can_t_be_had_is_told_with_the_first_that_can(
    salon: Desk, guest: Guest, start: str, sentence: str
) -> None:
    answer = guest.details(start=start)
    assert answer.status == 422
    assert sentence in answer.text
    assert "Nothing is booked" in answer.text
    forged = guest.send("/b/salon/book", guest.details().form.values | DETAILS | {"start": start, "quote_id": "x"})
    assert forged.status in (409, 422)
    assert bookings_of(salon) == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"zone": "Mars/Olympus"}, "There is no such time zone."),
        ({"zone": "../../etc/passwd"}, "There is no such time zone."),
        ({"zone": "\x00"}, "There is no such time zone."),
        ({"from": "31.12.2027"}, "This is no day."),
        ({"from": "9999-99-99"}, "This is no day."),
        ({"with": "nobody"}, "Nobody of this name does this."),
    ],
)
def test_a_wrong_choice_is_told_and_times_are_shown_all_the_same(
    guest: Guest, query: dict[str, str], sentence: str
) -> None:
    answer = guest.look("/b/salon/times", service="cut", **query)
    assert answer.status == 422
    assert sentence in answer.text
    assert "Tuesday 2 March 2027" in answer.text


def test_a_day_that_is_over_is_today(guest: Guest) -> None:
    answer = guest.look("/b/salon/times", service="cut", **{"from": "2020-01-01"})
    assert answer.status == 200
    assert "Monday 1 March 2027" in answer.text


def test_a_day_beyond_all_that_can_be_booked_is_told(guest: Guest) -> None:
    answer = guest.look("/b/salon/times", service="cut", **{"from": "2090-01-01"})
    assert answer.status == 200
    assert "No time is free" in answer.text
