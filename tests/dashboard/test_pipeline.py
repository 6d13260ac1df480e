"""Pipeline: the board, moving cards through a real receiver, and the funnel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.pages.pipeline import queries as pipeline_queries
from dashboard.pages.pipeline.pending_moves import Move
from dashboard.parts.queries import rows_of
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import ANNA, ANNA_TOO, HOSTILE, JOSE, MASSAGE, NEWCOMER
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.receivers import Beside

pytestmark = pytest.mark.usefixtures("filled_home")


def cards_of(app: AppTest) -> list[str]:
    return [str(each.key).removeprefix("move_") for each in app.menu_button if str(each.key).startswith("move_")]


def funnel_of(file: AnalyticsFile, *, days: int) -> dict[str, tuple[int, int, int, int]]:
    frame = pipeline_queries.fetch_funnel(
        file, tenant_id=MASSAGE, subject="contact", pipeline="lead", since=datetime.now(UTC) - timedelta(days=days)
    )
    return {
        row.stage: (row.count_entered, row.count_went_on, row.count_won, row.count_lost) for row in rows_of(frame)
    }


def test_a_board_needs_a_business_with_stages() -> None:
    assert "Choose a business" in text_of(open_page("pipeline"))
    assert "No pipeline yet" in text_of(open_page("pipeline", tenant=NEWCOMER))


def test_a_board_has_a_column_for_each_stage_and_a_card_for_each_contact() -> None:
    app = open_page("pipeline", tenant=MASSAGE)
    assert cards_of(app) == [HOSTILE, ANNA_TOO]
    text = text_of(app)
    assert "**New lead** :gray-badge[1]  \n:gray[:small[Call or text back]]" in text
    assert "**Dormant** :gray-badge[0]  \n:gray[:small[empty]]" in text
    assert "In this stage 11 days" in text
    app.segmented_control(key="pipeline").set_value("visit").run()
    assert cards_of(app) == [ANNA, JOSE]
    assert "In this stage 3 days · A$125.00" in text_of(app)
    assert ":orange-badge[Warm 74]" in text_of(app)
    assert ":blue-badge[Cool 18]" in text_of(app)


def test_a_card_moves_at_once_and_the_event_is_in_the_log(beside: Beside, filled_home: Path) -> None:
    app = open_page("pipeline", tenant=MASSAGE)
    [move] = [each for each in app.menu_button if each.key == f"move_{ANNA_TOO}"]
    move.click("Visit: Booked").run()

    assert cards_of(app) == [HOSTILE]
    [event] = beside.log.read_after(0, limit=10)
    payload = orjson.loads(event.payload)
    assert event.type == "stage.changed"
    assert (payload["pipeline"], payload["stage"], payload["by"]) == ("visit", "booked", "mia@example.com")
    assert payload["contact"] == {"phone": "+61498765432"}

    # What is published counts as soon as it knows of something newer.
    rows = conversations_published(now=datetime.now(UTC))
    for place in rows.rows["marts.dim_contact_stages"]:
        place["entered_at"] = datetime.now(UTC) + timedelta(seconds=1)
    rows.publish(filled_home / "analytics.duckdb")
    app.run()
    assert set(cards_of(app)) == {HOSTILE, ANNA_TOO}


def test_a_stage_that_the_file_has_no_more_is_shown_after_the_others(filled_home: Path) -> None:
    rows = conversations_published(now=datetime.now(UTC))
    for place in rows.rows["marts.dim_contact_stages"]:
        if place["contact_id"] == HOSTILE:
            place["stage"] = "old_stage"
    rows.publish(filled_home / "analytics.duckdb")
    app = open_page("pipeline", tenant=MASSAGE)
    assert "Old stage (no longer in the file)" in text_of(app)
    assert HOSTILE in cards_of(app)


def test_large_stages_show_the_newest_and_the_count(analytics_file: AnalyticsFile) -> None:
    now = datetime.now(UTC)
    board = pipeline_queries.fetch_board(
        analytics_file,
        tenant_id=MASSAGE,
        subject="contact",
        pipeline="lead",
        moved=[Move(JOSE, "lead", "contacted", now), Move(ANNA, "lead", "contacted", now - timedelta(minutes=1))],
        limit=2,
    )
    contacted = board[board["stage"] == "contacted"]
    assert list(contacted["contact_id"]) == [JOSE, ANNA]
    assert set(contacted["count_in_stage"]) == {3}


def test_a_funnel_counts_who_went_on_since_then(analytics_file: AnalyticsFile) -> None:
    assert funnel_of(analytics_file, days=90) == {
        "new_lead": (4, 3, 1, 0),
        "contacted": (2, 1, 0, 0),
        "dormant": (0, 0, 0, 0),
        "booked": (2, 1, 1, 0),
        "completed": (1, 0, 1, 0),
    }
    assert funnel_of(analytics_file, days=14)["new_lead"] == (2, 1, 0, 0)


def test_the_funnel_is_a_chart_and_a_table_with_the_speed_to_lead() -> None:
    app = open_page("pipeline", tenant=MASSAGE)
    app.session_state["pipeline_tab"] = "Funnel"
    app.run()
    figures = {figure.label: figure.value for figure in app.metric}
    assert (figures["Leads"], figures["Answered"]) == ("3", "67\N{NO-BREAK SPACE}%")
    assert (figures["Speed to lead"], figures["Slow answers"]) == ("12 h 20 min", "21 h 40 min")
    assert figures["By a person"] == "24 h"
    [table] = [each.value for each in app.table]
    assert list(table["Conversion"])[:2] == ["67\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%"]
    assert list(table["Entered"]) == ["3", "2", "0", "1", "1"]
