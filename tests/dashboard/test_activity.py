"""Activity: the feed, its filter, and the way from an event to its contact."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import ANNA, BARBERS, HOSTILE, HOSTILE_NAME, MASSAGE, two_businesses_published

pytestmark = pytest.mark.usefixtures("filled_home")


def test_feed_is_newest_first_across_businesses() -> None:
    text = text_of(open_page("activity"))
    titles = ["Booking confirmed", "Booking made", "Task opened", "Payment received", "Did not come"]
    assert sorted(titles, key=text.index) == titles
    assert "Harbour Massage · Wix" in text
    assert "3 min ago" in text


def test_feed_of_one_business_does_not_repeat_its_name() -> None:
    text = text_of(open_page("activity", tenant=BARBERS))
    assert "**Booking made** $45.00 :small[Fade]" in text
    assert "Northside Barbers" not in text
    assert "Booking confirmed" not in text


def test_what_a_touch_cost_is_no_income(filled_home: Path, now: datetime) -> None:
    rows = two_businesses_published(now=now)
    for campaign, cost in (("Spring", 160), ("Walk by", 0)):
        rows.add(
            "marts.fct_timeline",
            tenant_id=MASSAGE,
            timeline_key=campaign,
            contact_id=ANNA,
            occurred_at=now,
            source="frontdesk",
            type="touch.recorded",
            title="Touch recorded",
            detail=campaign,
            amount_minor=cost,
            currency="USD",
        )
    rows.publish(filled_home / "analytics.duckdb")
    text = text_of(open_page("activity"))
    assert "**Touch recorded** cost $1.60 :small[Spring]" in text
    assert "**Touch recorded** :small[Walk by]" in text


def test_feed_is_filtered_by_type() -> None:
    app = open_page("activity")
    app.multiselect(key="activity_types").select("payment.succeeded").run()
    text = text_of(app)
    assert "Payment received" in text
    assert "Booking confirmed" not in text
    assert "Payment succeeded" in app.multiselect(key="activity_types").options


def test_what_customers_write_is_shown_as_it_is() -> None:
    app = open_page("activity", tenant=MASSAGE)
    assert HOSTILE_NAME in text_of(app)
    raw = "\n".join(element.value for element in app.markdown)
    assert "![x](" not in raw
    assert "<img" not in raw.replace("\\<img", "")


def test_an_event_leads_to_its_contact() -> None:
    app = open_page("activity")
    ways = [(link.proto.page, link.proto.label, parse_qs(link.proto.query_string)) for link in app.get("page_link")]
    assert ("contacts", "Anna Lind", {"tenant": [MASSAGE], "contact": [ANNA]}) in ways
    of_contacts = [query for page, _, query in ways if page == "contacts" and "contact" in query]
    assert len(of_contacts) < len([text for text in app.markdown if "  \n:gray[" in text.value]), "some are of nobody"


def test_older_events_come_on_demand(filled_home: Path, now: datetime) -> None:
    rows = two_businesses_published(now=now)
    for number in range(80):
        rows.add(
            "marts.fct_timeline",
            tenant_id=MASSAGE,
            timeline_key=f"old{number:02d}",
            contact_id=HOSTILE,
            occurred_at=now - timedelta(days=300 + number),
            source="wix",
            type="note.added",
            title=f"Note {number:02d}",
        )
    rows.publish(filled_home / "analytics.duckdb")
    app = open_page("activity", tenant=MASSAGE)
    assert "Note 43" in text_of(app)
    assert "Note 44" not in text_of(app)
    app.button(key="activity_older").click().run()
    assert "Note 79" in text_of(app)
    assert not [button for button in app.button if button.key == "activity_older"]


def test_nothing_happened_yet(empty_home: Path) -> None:
    assert empty_home.exists()
    assert "No activity yet" in text_of(open_page("activity"))
