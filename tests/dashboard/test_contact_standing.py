"""A contact's standing: warmness with its components, stages, what is next, open tasks, journey, and past moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.pages.contacts import queries as contact_queries
from dashboard.parts.queries import rows_of
from dashboard.parts.wording import describe_warmness
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import ANNA, ANNA_TOO, HOSTILE, JOSE, MASSAGE
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.published_tasks import WELCOME_CALL

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("filled_home")


def open_tab(tab: str, contact_id: str = ANNA) -> AppTest:
    app = open_page("contacts", tenant=MASSAGE, contact=contact_id)
    app.session_state["contact_tab"] = tab
    return app.run()


def tables_of(app: AppTest) -> list[pd.DataFrame]:
    return [table.value for table in app.table]


def test_warmness_is_shown_with_its_components_and_the_weights_version() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    assert "**Warmness 74.0 of 100** :gray[:small[weights version 1]]" in text_of(app)
    components = tables_of(app)[0]
    assert list(components["Fact"]) == ["Booking confirmed", "Message received", "Booking no\\-show"]
    assert list(components["Points"]) == ["+42.5", "+36.0", "-4.5"]


def test_who_has_no_points_is_cold() -> None:
    assert ":gray-badge[Cold 0]" in text_of(open_page("contacts", tenant=MASSAGE, contact=HOSTILE))


def test_stages_are_a_history_with_who_or_what_moved() -> None:
    history = tables_of(open_page("contacts", tenant=MASSAGE, contact=ANNA))[1]
    assert [cell.split(" :gray")[0] for cell in history["Stage"]] == ["Booked", "Contacted", "New lead"]
    assert list(history["Stayed"]) == ["3 days so far", "16 days", "2 h 24 min"]
    assert list(history["By"])[-1] == "Lead created"


def test_the_next_action_and_open_tasks_say_why() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA)
    assert "Next: Welcome call" in text_of(app)
    assert "Overdue by 5 hours; warm" in text_of(app)
    assert app.button(key=f"done_key-{WELCOME_CALL}")


def test_a_journey_has_the_share_of_each_touch_by_each_model() -> None:
    app = open_tab("Journey")
    journey = tables_of(app)[-1]
    assert "**Booking created** A$125.01" in text_of(app)
    assert list(journey["Channel"]) == ["Google", "Instagram :gray[:small[autumn\\_offer]]"]
    assert list(journey["Last touch"]) == ["100\N{NO-BREAK SPACE}%", "\N{EN DASH}"]
    assert set(journey["Linear"]) == {"50\N{NO-BREAK SPACE}%"}


def test_without_touches_the_journey_says_what_would_be_there() -> None:
    assert "No touch known" in text_of(open_tab("Journey", HOSTILE))


def test_messages_can_be_read_and_answered_on_the_page() -> None:
    app = open_tab("Messages")
    assert "Is there parking?" in text_of(app)


def test_a_past_moment_has_two_answers(filled_home: Path) -> None:
    now = datetime.now(UTC)
    rows = conversations_published(now=now)
    for event in rows.rows["marts.fct_timeline"]:
        is_late = event["type"] == "booking.no_show"
        event["received_at"] = now if is_late else event["occurred_at"]
    rows.publish(filled_home / "analytics.duckdb")
    answers, late = tables_of(open_tab("As of"))[-2:]
    bookings = dict(zip(answers[" "], answers["As we knew it then"], strict=True))["Bookings"]
    assert bookings.startswith("**0 ")
    assert "differs" in bookings
    assert list(late["What"]) == ["Did not come"]


def test_before_anything_happened_that_is_what_is_said() -> None:
    app = open_tab("As of", JOSE)
    assert "This contact had no activity by then." in app.info[0].value


def test_a_past_moment_is_what_had_happened_by_then(analytics_file: AnalyticsFile) -> None:
    at = datetime.now(UTC) - timedelta(days=10)
    who = {"tenant_id": MASSAGE, "contact_id": ANNA}
    [then] = rows_of(contact_queries.find_at(analytics_file, **who, at=at, known_at=None))
    assert (then.last_type, then.count_messages, then.stages) == ("booking.no_show", 0, "Contacted")
    assert rows_of(contact_queries.find_at(analytics_file, **who, at=at - timedelta(days=900), known_at=None)) == []


def test_who_opted_out_is_shown_as_such_and_never_as_hot() -> None:
    app = open_page("contacts", tenant=MASSAGE, contact=ANNA_TOO)
    assert re.match(r"\*\*Replied STOP\*\* (on|at) ", app.error[0].value)
    assert "Warm" not in text_of(app)
    assert "Hot" not in text_of(app)


def test_pages_and_models_call_a_score_the_same() -> None:
    macro = (REPOSITORY / "dbt_project/macros/pipeline/warmness.sql").read_text(encoding="utf-8")
    bands = re.findall(r">= (\d+) then '(\w+)'", macro)
    assert [word for _, word in bands] == ["hot", "warm", "cool"]
    for least, word in bands:
        assert f"[{word.capitalize()} {least}]" in describe_warmness(float(least))
        assert f"[{word.capitalize()} " not in describe_warmness(float(least) - 1)
    assert "[Cold 0]" in describe_warmness(0.0)
