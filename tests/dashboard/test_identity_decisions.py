"""Who is one person, decided on the contact's page through a real receiver."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import orjson
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from frontdesk.domains.staff.roles import Role
from tests.dashboard.conftest import open_page, owner_of, sign_in_as, text_of
from tests.dashboard.published_file import ANNA, MASSAGE
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.receivers import EMAIL, Beside

pytestmark = pytest.mark.usefixtures("filled_home")

CONFLICTS = "marts.fct_identity_conflicts"


def open_anna() -> AppTest:
    return open_page("contacts", tenant=MASSAGE, contact=ANNA)


def deciding(app: AppTest) -> dict[str, Button]:
    """Return the buttons that decide, by their labels."""
    return {button.label: button for button in app.button if button.label in ("Same person", "Different people")}


def publish(home: Path, *, now: datetime, **decided: object) -> None:
    """Publish Anna's conflict as decided."""
    rows = conversations_published(now=now)
    rows.rows[CONFLICTS][0].update(decided)
    rows.publish(home / "analytics.duckdb")


@pytest.mark.parametrize(
    ("label", "decision"), [("Same person", "same_person"), ("Different people", "different_people")]
)
def test_a_click_is_a_decision_in_the_name_of_who_is_signed_in(beside: Beside, label: str, decision: str) -> None:
    app = open_anna()
    assert "Possible same person" in text_of(app)
    deciding(app)[label].click().run()
    [event] = [event for event in beside.log.read_after(0, limit=9) if event.type == "identity.decided"]
    assert orjson.loads(event.payload) == {
        "decision": decision,
        "identifiers": [{"kind": "phone", "value": "+61412345678"}, {"kind": "phone", "value": "+61498765432"}],
        "by": EMAIL,
    }
    assert "Saved: they are" in text_of(app)
    assert deciding(app) == {}


def test_what_is_decided_is_shown_and_can_be_undone(beside: Beside, filled_home: Path, now: datetime) -> None:
    assert beside.url
    app = open_anna()
    deciding(app)["Different people"].click().run()
    publish(
        filled_home, now=now, status="different_people", decided_by="kim", decided_at=now, decision_event_id="event"
    )
    app.run()
    assert "share the e-mail **anna.lind@example.com**, and are two people." in text_of(app)
    assert "Decided by kim" in text_of(app)
    assert "Noted" not in text_of(app)
    assert list(deciding(app)) == ["Same person"]


def test_one_person_is_told_without_another_to_open(beside: Beside, filled_home: Path, now: datetime) -> None:
    assert beside.url
    publish(filled_home, now=now, status="same_person", contact_id_b=ANNA)
    app = open_anna()
    assert "+61412345678 and +61498765432 share the e-mail **anna.lind@example.com**: they are one" in text_of(app)
    assert list(deciding(app)) == ["Different people"]


def test_decisions_that_contradict_one_another_are_asked_about(
    beside: Beside, filled_home: Path, now: datetime
) -> None:
    assert beside.url
    publish(filled_home, now=now, decided_by="kim", decided_at=now, decision_event_id="event")
    app = open_anna()
    assert "It contradicts other decisions" in text_of(app)
    assert list(deciding(app)) == ["Same person", "Different people"]


def test_a_tech_sees_the_conflict_and_leaves_it_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_as(monkeypatch, owner_of(MASSAGE, role=Role.TECH))
    app = open_anna()
    assert "Only an admin or the owner can decide this" in text_of(app)
    assert deciding(app) == {}


def test_without_a_receiver_nothing_is_decided_and_the_buttons_stay() -> None:
    app = open_anna()
    deciding(app)["Same person"].click().run()
    assert "no receiver answers" in app.toast[0].value
    assert list(deciding(app)) == ["Same person", "Different people"]
