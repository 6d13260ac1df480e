"""Systems: each source's state, the models' freshness, the events a day."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from dashboard.frame.readiness import fetch_parts, rows_of_parts
from dashboard.pages.systems.odd_money import problem_words
from dashboard.pages.systems.unread_times import WHAT_TO_DO
from dashboard.pages.systems.unread_times import problem_words as time_problem_words
from dashboard.parts.formatting import MISSING
from frontdesk.domains.operations.heartbeats import RunKind, RunOutcome
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import MASSAGE, NEWCOMER, two_businesses_published
from tests.dashboard.receivers import Beside

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("filled_home")


def figures(app: AppTest) -> dict[str, str]:
    return {figure.label: figure.value for figure in app.metric}


def test_figures_are_of_all_businesses_or_of_the_one_chosen() -> None:
    of_all = figures(open_page("systems"))
    assert of_all == {
        "Events today": "139",
        "Events in 7 days": "2,375",
        "Silent sources": ":red[1 of 6]",
        "Refused in 7 days": ":orange[3]",
        "Behind the log": "0",
        "Models published": of_all["Models published"],
    }
    assert of_all["Models published"].endswith(" ago")
    of_massage = figures(open_page("systems", tenant=MASSAGE))
    assert of_massage["Events today"] == "51"
    assert of_massage["Refused in 7 days"] == "0"


def test_silence_is_highlighted_and_comes_first() -> None:
    text = text_of(open_page("systems", tenant=MASSAGE))
    assert "**Twilio** :red-badge[:material/notifications_off: Silent for 9 h]" in text
    assert text.index("**Twilio**") < text.index("**ManyChat**") < text.index("**Stripe**")


def test_last_event_is_told_relative_and_in_the_tenants_zone(now: datetime) -> None:
    text = text_of(open_page("systems"))
    assert "Last event **9 h ago**" in text
    assert now.year > 2000
    assert "AWST" in text
    assert any(zone in text for zone in ("CST", "CDT"))


def test_refusals_are_told_with_their_last_reason() -> None:
    text = text_of(open_page("systems"))
    assert ":orange-badge[:material/gpp_maybe: 3 refused]" in text
    assert "3 refused in 7 days], last 2 h ago :gray[:small[the signature is not of this body" in text


def test_unknown_types_are_counted() -> None:
    text = text_of(open_page("systems", tenant=MASSAGE))
    assert "`stripe.payout.reconciliation_completed` 5 times" in text


def test_events_set_aside_are_told_with_the_last_ones_error() -> None:
    text = text_of(open_page("systems"))
    assert ":red[2 events set aside by the models], last 1 h ago" in text
    assert "booking.created: Conversion Error: sequence 4100" in text


def test_what_is_set_aside_is_told_until_it_is_let_in() -> None:
    text = text_of(open_page("systems"))
    assert "**2 things set aside** so that the rest goes on." in text
    assert "rule reminder" in text
    assert "table fct" in text
    assert "out of range" in text
    assert "massage/thanks" not in text


def test_a_reason_that_is_no_businesss_is_told_to_none() -> None:
    text = text_of(open_page("systems"))
    assert "a value of anybody" not in text
    assert "Whoever runs Frontdesk is told why" in text


def test_a_source_that_never_delivered_waits() -> None:
    assert "**ManyChat** :gray-badge[:material/hourglass_empty: Nothing received yet]" in text_of(
        open_page("systems")
    )


def test_a_business_without_sources_says_what_to_do() -> None:
    app = open_page("systems", tenant=NEWCOMER)
    assert "No source yet: name the business's sources" in text_of(app)
    assert "Events a day by source" not in text_of(app)


def test_events_a_day_are_drawn() -> None:
    app = open_page("systems")
    assert len(app.get("vega_lite_chart")) == 1


def test_lag_shows_until_the_models_catch_up(filled_home: Path, now: datetime) -> None:
    rows = two_businesses_published(now=now)
    rows.rows["reports.rpt_freshness"][0].update(log_sequence=4132, published_at=datetime.now(now.tzinfo))
    rows.publish(filled_home / "analytics.duckdb")
    app = open_page("systems")
    assert figures(app)["Behind the log"] == "12"
    assert "Updating…" in text_of(app)
    assert "12 events behind the log" in text_of(app)


def test_the_nightly_runs_and_the_other_parts_are_told(beside: Beside) -> None:
    with beside.heartbeats.recorded(RunKind.BUILD):
        pass
    with beside.heartbeats.recorded(RunKind.VERIFICATION) as result:
        result.outcome = RunOutcome.DIFFERENT
        result.detail = "marts.fct_bookings: 2 rows differ"
    text = text_of(open_page("systems"))
    assert "**Receiver** :green-badge[:material/check_circle: Ready]" in text
    assert "**Nightly build** :green-badge[:material/check_circle: OK]" in text
    assert re.search(r"succeeded in \d+ s · ended \d+ s ago", text)
    assert "**Nightly verification** :red-badge[:material/error: Failing]" in text
    assert "**Monitor** :gray-badge[:material/hourglass_empty: Not seen yet]" in text


def test_a_receiver_that_does_not_answer_is_told() -> None:
    assert [(row.name, row.judgement.label) for row in rows_of_parts(fetch_parts("http://127.0.0.1:9"))] == [
        ("Receiver", "Can't take deliveries")
    ]


def test_money_to_look_at_is_listed_in_people_s_words() -> None:
    app = open_page("systems", tenant=MASSAGE)
    assert [each.label for each in app.expander] == ["Times to correct: 2 cases", "Amounts to check: 2 cases"]
    _, table = [each.value for each in app.dataframe]
    assert list(table["What is odd"]) == ["The amount can't be read", "More tax than payment"]
    assert list(table["Amount"]) == [MISSING, "A$40.00"]
    assert list(table["As it came"]) == ["1.20O,00", MISSING]


def test_times_that_place_nothing_are_listed_with_what_to_do() -> None:
    app = open_page("systems", tenant=MASSAGE)
    table, _ = [each.value for each in app.dataframe]
    assert list(table["What is wrong"]) == ["The start can't be read", "The end is not after the start"]
    assert list(table["As it came"]) == ["20/12/2026 10:00", "2026-12-20 10:00 to 2026-12-20 09:00"]
    assert list(table["Id"]) == ["booking-0", "booking-1"]
    assert WHAT_TO_DO in text_of(app)


def test_every_problem_of_a_time_has_words() -> None:
    models = yaml.safe_load(
        (REPOSITORY / "dbt_project/models/reports/_reports__models.yml").read_text(encoding="utf-8")
    )["models"]
    [model] = [each for each in models if each["name"] == "rpt_unread_times"]
    [column] = [each for each in model["columns"] if each["name"] == "problem"]
    [values] = [each["accepted_values"]["arguments"]["values"] for each in column["data_tests"][1:]]
    assert [problem for problem in values if time_problem_words(problem) == problem.replace("_", " ")] == []


def test_every_problem_of_the_model_has_words() -> None:
    sql = (REPOSITORY / "dbt_project/models/reports/rpt_odd_money.sql").read_text(encoding="utf-8")
    problems = set(re.findall(r"then '(\w+)'", sql)) | {"amount_not_read", "given_back_in_another_currency"}
    assert len(problems) > 8
    assert {problem for problem in problems if problem_words(problem) == problem.replace("_", " ")} == set()
