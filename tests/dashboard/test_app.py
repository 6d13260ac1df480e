"""The frame: choice of business, freshness, navigation, and each page alone, empty and filled."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import session
from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.frame.session import PageContext
from frontdesk.core.running.run_files import RunFiles
from tests.dashboard.conftest import APP, TIMEOUT_SECONDS, open_page, text_of
from tests.dashboard.published_file import BARBERS, MASSAGE, nothing_published

PAGES = (
    "today",
    "inbox",
    "contacts",
    "pipeline",
    "attribution",
    "activity",
    "systems",
    "outbox",
    "automations",
)

#: Their links to contacts need the frame, which knows the other pages.
LINKING = {"today", "pipeline", "activity"}


def run_page_alone(page: str, home: Path, *, tenant_id: str | None) -> AppTest:
    file = AnalyticsFile(home / "analytics.duckdb")
    businesses = session.load_businesses(file)
    chosen = tuple(business for business in businesses if tenant_id in (None, business.tenant_id))
    app = AppTest.from_file(APP.parents[1] / "pages" / page / f"{page}.py", default_timeout=TIMEOUT_SECONDS)
    app.session_state["context"] = PageContext(file, businesses, chosen)
    return app.run()


@pytest.mark.parametrize("tenant_id", [None, MASSAGE, BARBERS])
@pytest.mark.parametrize("page", [page for page in PAGES if page not in LINKING])
def test_every_page_runs_alone(filled_home: Path, page: str, tenant_id: str | None) -> None:
    app = run_page_alone(page, filled_home, tenant_id=tenant_id)
    assert not app.exception
    assert text_of(app)


@pytest.mark.parametrize("tenant_id", [None, MASSAGE])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_alone_with_nothing_to_show(empty_home: Path, page: str, tenant_id: str | None) -> None:
    app = run_page_alone(page, empty_home, tenant_id=tenant_id)
    assert not app.exception
    assert text_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_in_the_frame_tells_how_fresh_it_is(filled_home: Path, page: str) -> None:
    app = open_page(page)
    assert filled_home.exists()
    assert not app.exception
    assert "Up to date" in text_of(app)
    assert "Published" in text_of(app)


def test_an_old_file_is_called_stale(home: Path, now: datetime) -> None:
    nothing_published(now=now - timedelta(hours=3)).publish(home / "analytics.duckdb")
    app = open_page("systems")
    assert ":orange-badge[:material/schedule: Stale]" in text_of(app)
    assert "Published 3 h ago" in text_of(app)


def test_without_a_published_file_the_frame_says_what_to_do(home: Path) -> None:
    app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()
    assert not app.exception
    assert "No published data" in text_of(app)
    assert "There is nothing to show yet" in text_of(app)
    assert "`" not in text_of(app)
    assert str(home) not in text_of(app)
    assert "frontdesk up" in text_of(app)


def test_during_the_first_build_the_frame_says_what_happens(home: Path) -> None:
    with RunFiles(home).locked():
        app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()
    assert "Getting your front desk ready" in text_of(app)
    assert " s ago" in text_of(app)
    assert "frontdesk up" not in text_of(app)


def test_the_pages_show_as_soon_as_there_is_a_file(home: Path, now: datetime) -> None:
    app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()
    nothing_published(now=now).publish(home / "analytics.duckdb")
    app.run()
    assert list(app.selectbox(key="tenant").options) == [
        "All businesses",
        "Harbour Massage",
        "Northside Barbers",
        "Quiet Notary",
    ]


def test_a_file_without_businesses_says_what_to_do(home: Path, now: datetime) -> None:
    rows = nothing_published(now=now)
    rows.rows["marts.dim_tenants"] = []
    rows.publish(home / "analytics.duckdb")
    app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS).run()
    assert "No businesses yet" in text_of(app)


def test_a_single_business_needs_no_choice(home: Path, now: datetime) -> None:
    rows = nothing_published(now=now)
    rows.rows["marts.dim_tenants"] = rows.rows["marts.dim_tenants"][:1]
    rows.publish(home / "analytics.duckdb")
    app = open_page("contacts")
    assert not app.selectbox
    assert "No contacts yet" in text_of(app)


def test_the_business_of_a_link_is_chosen(filled_home: Path) -> None:
    app = open_page("activity", tenant=BARBERS)
    assert filled_home.exists()
    assert app.selectbox(key="tenant").value == BARBERS
    assert "Booking made" in text_of(app)
    assert "Booking confirmed" not in text_of(app)


def test_a_choice_goes_into_the_address_and_along_to_other_pages(filled_home: Path) -> None:
    app = open_page("systems")
    app.selectbox(key="tenant").select(BARBERS).run()
    assert filled_home.exists()
    assert app.query_params["tenant"] == BARBERS
    app.switch_page("../pages/activity/activity.py").run()
    assert app.selectbox(key="tenant").value == BARBERS
    assert app.query_params["tenant"] == BARBERS
    app.selectbox(key="tenant").select(None).run()
    assert "tenant" not in app.query_params


def test_a_link_to_an_unknown_business_is_told(filled_home: Path) -> None:
    app = open_page("systems", tenant="nobody")
    assert filled_home.exists()
    assert not app.exception
    assert "There is no business nobody here" in text_of(app)
    assert app.selectbox(key="tenant").value is None


def test_a_file_of_another_version_is_told_on_the_page(filled_home: Path, now: datetime) -> None:
    app = open_page("activity")
    rows = nothing_published(now=now)
    rows.publish(filled_home / "analytics.duckdb", without="marts.fct_timeline")
    app.run()
    assert not app.exception
    assert "was published by another version of Frontdesk" in text_of(app)
