"""People, rooms and terms of booking in a business's file: each mistake is told by key and remedy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.tenant.fields import END_OF_DAY
from frontdesk.core.tenant.files import read_as
from frontdesk.domains.catalogue.public_holidays import check_holidays, holidays_of
from frontdesk.domains.catalogue.settings import BookableBusiness


def business(**changes: Any) -> BookableBusiness:
    return read_as(BookableBusiness, document(**changes), name="salon")


def document(**changes: Any) -> dict[str, Any]:
    return {
        "slug": "salon",
        "name": "Salon",
        "industry": "hair",
        "zone": "America/Chicago",
        "currency": "USD",
        "country": "US",
        "email": "desk@salon.example",
        "hours": {"monday": [{"opens": "09:00", "closes": "24:00"}]},
        "services": [
            {
                "key": "cut",
                "name": "Cut",
                "price": 40,
                "duration_minutes": 30,
                "booking": {"needs": [{"skill": "hair"}]},
            }
        ],
        "people": [{"key": "ana", "name": "Ana", "skills": ["hair"]}],
        "rooms": [{"key": "chair", "name": "Chair", "capacity": 2}],
    } | changes


def test_a_day_ends_at_24() -> None:
    assert business().hours["monday"][0].closes == END_OF_DAY


def test_what_is_left_out_of_the_terms() -> None:
    terms = business().services[0].booking

    assert terms is not None
    assert (terms.every, terms.notice, terms.horizon) == (timedelta(minutes=15), timedelta(0), timedelta(days=60))
    assert terms.confirmed
    assert terms.own_capacity is None  # as many as the people allow


def test_a_service_that_needs_nobody_runs_once_at_a_time() -> None:
    [service] = business(services=[document()["services"][0] | {"booking": {}}]).services

    assert service.booking is not None
    assert service.booking.own_capacity == 1


def _terms(**terms: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["services"][0].update(booking=terms)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(_terms(needs=[{}]), "say one of people, skill and rooms", id="an empty need"),
        pytest.param(_terms(needs=[{"skill": "x", "rooms": ["chair"]}]), "say one of people", id="two needs in one"),
        pytest.param(
            _terms(needs=[{"people": ["bob"]}]), "bob: no key of people; add it there", id="an unknown person"
        ),
        pytest.param(_terms(needs=[{"rooms": ["r2"]}]), "r2: no key of rooms; add it there", id="an unknown room"),
        pytest.param(_terms(needs=[{"skill": "law"}]), "nobody of people has the skill 'law'", id="nobody can do it"),
        pytest.param(_terms(notice="61d"), "notice must be shorter than horizon", id="never bookable"),
        pytest.param(_terms(every="25h"), "at most 24h", id="a step of more than a day"),
        pytest.param(_terms(capacity=0), "booking.capacity: is 0; write 1 or more", id="no capacity"),
        pytest.param(_terms(notice="soon"), "write a whole number and m, h or d", id="a duration in words"),
        pytest.param(_terms(notcie="1h"), "notcie: is not a known key", id="a slip of the pen"),
        pytest.param(
            lambda c: c["people"].append(dict(c["people"][0])), "people: given twice: ana", id="a person twice"
        ),
        pytest.param(
            lambda c: c.update(exceptions=[{"day": "2026-12-26", "until": "2026-12-24"}]),
            "until must be the day or later",
            id="an exception backwards",
        ),
        pytest.param(
            lambda c: c.update(exceptions=[{"day": "26.12.2026"}]), "write it like 2026-12-31", id="a day in German"
        ),
        pytest.param(
            lambda c: c["hours"].update(monday=[{"opens": "24:00", "closes": "24:00"}]),
            "opens: is '24:00'; write it like \"17:00\"",
            id="nothing opens at 24:00",
        ),
        pytest.param(
            lambda c: c["hours"].update(monday=[{"opens": "09:00", "closes": "24:30"}]),
            "closes: is '24:30'; write it like \"17:00\"",
            id="no day has 24:30",
        ),
    ],
)
def test_mistakes_are_told_plainly(change: Callable[[dict[str, Any]], None], message: str) -> None:
    content = document()
    change(content)

    with pytest.raises(ConfigurationError) as raised:
        read_as(BookableBusiness, content, name="salon")

    assert message in raised.value.detail


def test_public_holidays_of_a_part_of_a_country() -> None:
    perth = business(country="AU", public_holidays={"subdivision": "WA", "open_on": ["2026-12-28"]})

    days = holidays_of(perth, year=2026)

    assert date(2026, 6, 1) in days  # Western Australia Day
    assert date(2026, 12, 25) in days
    assert date(2026, 12, 28) not in days
    assert holidays_of(business(), year=2026) == frozenset()


def test_a_part_that_no_country_has_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no holidays are known of US with the subdivision ZZ"):
        check_holidays(business(public_holidays={"subdivision": "ZZ"}))


def test_a_business_is_read_again_as_it_is_written_out() -> None:
    again = read_as(BookableBusiness, business().model_dump(mode="json"), name="salon")

    assert again == business()
