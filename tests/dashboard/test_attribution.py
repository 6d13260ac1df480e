"""Attribution: all models and lookbacks side by side, ranks, spend, payback, and whether everything adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.pages.attribution import queries as attribution_queries
from dashboard.pages.attribution import tables as attribution_tables
from dashboard.parts.formatting import MISSING
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import MASSAGE, NEWCOMER
from tests.dashboard.published_messages import conversations_published

pytestmark = pytest.mark.usefixtures("filled_home")


def tables_of(app: AppTest) -> list[pd.DataFrame]:
    return [table.value for table in app.table]


def row_of(table: pd.DataFrame, channel: str) -> dict[str, str]:
    return dict(table[table["Channel"] == channel].iloc[0])


def test_it_needs_a_business_in_which_something_converted() -> None:
    assert "Choose a business" in text_of(open_page("attribution"))
    assert "No conversions yet" in text_of(open_page("attribution", tenant=NEWCOMER))


def test_all_models_are_side_by_side_and_add_up() -> None:
    app = open_page("attribution", tenant=MASSAGE)
    assert "Every model shares out the same **40 conversions** worth **A$5,000.01**, to the cent." in text_of(app)
    assert "computed by the nightly build: these know events up to number 4,000" in text_of(app)
    models = tables_of(app)[0]
    assert list(models.columns[1:4]) == ["First touch", "Last touch", "Last non-direct"]
    assert list(models["Channel"]) == ["Google", "Instagram", "Referral", "No touch known", "**All**"]
    google = row_of(models, "Google")
    assert (google["First touch"], google["Last touch"], google["Shapley"]) == ("11.0", "22.0", "16.5")
    assert set(models.iloc[-1][1:]) == {"**40.0**"}


def test_revenue_is_shared_out_to_the_cent() -> None:
    app = open_page("attribution", tenant=MASSAGE)
    app.segmented_control(key="measure").set_value("revenue").run()
    assert {cell.replace("\\", "") for cell in tables_of(app)[0].iloc[-1][1:]} == {"**A$5,000.01**"}


def test_another_lookback_gives_other_credits() -> None:
    app = open_page("attribution", tenant=MASSAGE)
    app.segmented_control(key="lookback").set_value("7 days").run()
    assert row_of(tables_of(app)[0], "Google")["Last touch"] == "16.0"
    assert row_of(tables_of(app)[0], "No touch known")["Last touch"] == "8.0"


def test_ranks_tell_what_they_gain_against_last_touch() -> None:
    ranks = tables_of(open_page("attribution", tenant=MASSAGE))[1]
    assert row_of(ranks, "Instagram")["First touch"] == "1 :green[▲1]"
    assert row_of(ranks, "Google")["First touch"] == "2 :red[▼1]"
    assert row_of(ranks, "Google")["Last touch"] == "1"


def test_lookbacks_are_compared_by_one_model() -> None:
    app = open_page("attribution", tenant=MASSAGE)
    lookbacks = tables_of(app)[2]
    assert list(lookbacks.columns) == ["Channel", "7 days", "30 days", "All time"]
    assert list(row_of(lookbacks, "Google").values()) == ["Google", "16.0", "20.0", "22.0"]
    app.selectbox(key="lookback_model").select("first").run()
    assert row_of(tables_of(app)[2], "Google")["All time"] == "11.0"


def test_costs_of_leads_and_bookings() -> None:
    costs = tables_of(open_page("attribution", tenant=MASSAGE))[3]
    google = {name: cell.replace("\\", "") for name, cell in row_of(costs, "Google").items()}
    assert google == {
        "Channel": "Google",
        "Spend": "A$1,200.00",
        "Leads": "120",
        "Cost per lead": "A$10.00",
        "Bookings": "48",
        "Cost per booking": "A$25.00",
        "Return on spend": "2.3 to 1",
    }
    assert row_of(costs, "No touch known")["Return on spend"] == MISSING


def test_every_model_says_one_sentence_with_the_businesss_own_settings(analytics_file: AnalyticsFile) -> None:
    [settings] = attribution_queries.fetch_settings(analytics_file, tenant_id=MASSAGE).itertuples(index=False)
    sentences = {model: attribution_tables.describe_model(model, settings) for model in attribution_tables.MODELS}
    assert sentences["position"] == "40 % goes to the first touch, 40 % to the last, the rest to those between."
    assert "7 days earlier counts half" in sentences["time_decay"]
    assert len(set(sentences.values())) == 9


def test_what_does_not_add_up_is_said_with_its_reason(filled_home: Path) -> None:
    rows = conversations_published(now=datetime.now(UTC))
    for credit in rows.rows["reports.rpt_channel_attribution"]:
        if credit["model"] == "markov" and credit["channel"] == "google":
            credit["revenue_minor"] -= 1
    rows.publish(filled_home / "analytics.duckdb")
    app = open_page("attribution", tenant=MASSAGE)
    assert "Markov add up to something else" in app.warning[0].value
    assert "know events up to number 4,000" in app.warning[0].value


def test_a_heat_map_shows_when_months_paid_back(analytics_file: AnalyticsFile) -> None:
    payback = attribution_queries.fetch_payback(analytics_file, tenant_id=MASSAGE, count_cohorts=3)
    assert payback["acquisition_month"].nunique() == 3
    chart = attribution_tables.build_payback_chart(payback).to_dict()
    [data] = chart["datasets"].values()
    assert [round(cell["share"], 2) for cell in data if cell["months"] == 2] == [1.24]
