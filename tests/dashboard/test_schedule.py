"""Schedule: staff look at a day and a week, and make, move and end bookings through a real receiver."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from frontdesk.core.clock import SystemClock
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import MASSAGE
from tests.dashboard.receivers import TENANTS, Beside
from tests.dashboard.typing import act, find_box

PERTH = ZoneInfo("Australia/Perth")
ANA = {"name": "Ana Lee", "phone": "0491 570 156"}


def next_monday() -> date:
    """The next day on which the business is open, and far enough ahead that all of it can be booked."""
    today = SystemClock().now().astimezone(PERTH).date()
    return today + timedelta(days=7 - today.weekday())


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(next_monday(), datetime.min.time(), tzinfo=PERTH).replace(hour=hour, minute=minute)


def schedule() -> AppTest:
    app = open_page("schedule", tenant=MASSAGE)
    app.date_input(key="schedule_day").set_value(next_monday())
    return app.run()


def form(app: AppTest) -> AppTest:
    return app.button(key="schedule_new").click().run()


def choose(app: AppTest, when: datetime) -> None:
    form(app)
    app.date_input(key="new_booking_day").set_value(next_monday()).run()
    app.selectbox(key="new_booking_time").set_value(when).run()


def book(app: AppTest, when: datetime, *, id_: str = "draft-1", **who: str) -> AppTest:
    choose(app, when)
    return act(app, "new_booking", action="book", id_=id_, **(who or ANA))


def entries(app: AppTest) -> list[str]:
    return [str(button.label) for button in app.button if str(button.key).startswith("open_")]


def types_of(beside: Beside) -> list[str]:
    return [event.type for event in beside.log.read_after(0, limit=100)]


def toasts(app: AppTest) -> str:
    return " ".join(toast.value for toast in app.toast).replace("\\", "")


@pytest.mark.usefixtures("beside")
def test_a_day_has_a_column_for_each_person() -> None:
    app = schedule()

    assert not app.exception
    assert "Kim Park" in text_of(app)
    assert "Lou Reyes" in text_of(app)
    assert f"{next_monday():%A}" in text_of(app)


def test_a_booking_is_made_moved_and_ended(beside: Beside) -> None:
    app = book(schedule(), at(10))
    assert "Booked: Deep tissue massage 90 min" in toasts(app)
    assert "A$125.00" in toasts(app)
    assert entries(app) == ["10:00 Ana Lee"]
    [booking] = [orjson.loads(event.payload) for event in beside.log.read_after(0, limit=1)]
    assert (booking["by"], booking["contact"]["phone"]) == ("mia@example.com", "0491 570 156")

    move = f"move_{booking['booking_id']}"
    app.date_input(key=f"{move}_day").set_value(next_monday()).run()
    app.selectbox(key=f"{move}_time").set_value(at(14, 30)).run()
    app = app.button(key=f"{move}_do").click().run()
    assert entries(app) == ["14:30 Ana Lee"]

    cancel = f"booking_cancel_{booking['booking_id']}"
    app = act(app, cancel, action="cancel", reason="Ill")
    assert entries(app) == []
    assert "Cancelled." in toasts(app)
    app = app.button(key="booking_reopen").click().run()
    assert entries(app) == ["14:30 Ana Lee"]
    app = app.button(key="booking_complete").click().run()
    assert types_of(beside) == [
        f"booking.{verb}" for verb in ("created", "confirmed", "rescheduled", "cancelled", "reopened", "completed")
    ]
    assert orjson.loads(beside.log.read_after(3, limit=1)[0].payload)["reason"] == "Ill"


def test_a_time_that_is_taken_meanwhile_offers_others(beside: Beside) -> None:
    app, others = schedule(), schedule()
    choose(app, at(10))
    for number in (1, 2):  # both people are taken then
        others = book(others, at(10), id_=f"other-{number}", name="Bo Lind", phone=f"0491 570 15{number}")
    app = act(app, "new_booking", action="book", **ANA)

    offered = [button for button in app.button if str(button.key).startswith("new_booking_other_")]
    assert len(offered) >= 3
    assert "taken" in toasts(app).lower() or "free" in toasts(app).lower()
    app = offered[0].click().run()
    app = act(app, "new_booking", action="book", **ANA)
    assert len(entries(app)) == 3
    assert types_of(beside).count("booking.created") == 3


def test_the_same_form_sent_twice_books_once(beside: Beside) -> None:
    app = schedule()
    for _ in range(2):
        app = book(app, at(9), id_="one-draft")

    assert types_of(beside).count("booking.created") == 1


def test_who_cannot_be_reached_is_not_booked(beside: Beside) -> None:
    app = book(schedule(), at(9), name="Ana Lee")

    assert "Give a phone number or an e-mail address." in toasts(app)
    assert types_of(beside) == []


@pytest.mark.usefixtures("beside")
def test_a_week_has_its_days_and_one_person_can_be_looked_at() -> None:
    app = book(schedule(), at(11))
    app.segmented_control(key="schedule_span").set_value("Week").run()

    assert entries(app) == ["11:00 Ana Lee"]
    assert f"{next_monday().day} {next_monday():%B}" in text_of(app)


@pytest.mark.usefixtures("filled_home")
def test_without_a_receiver_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS))
    app = open_page("schedule", tenant=MASSAGE)

    assert not app.exception
    assert "Frontdesk does not answer right now" in text_of(app)


def test_an_address_of_no_booking_says_so(beside: Beside) -> None:
    app = open_page("schedule", tenant=MASSAGE, booking="nothing")

    assert "There is no booking of this address here" in text_of(app)
    assert find_box(app, "booking_cancel_nothing") is None
    assert types_of(beside) == []
