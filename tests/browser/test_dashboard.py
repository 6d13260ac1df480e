"""The dashboard in a real browser: every page in every look, search, links, and refreshing by itself."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, WebSocketRoute, expect

from dashboard.parts.formatting import WORD_JOINER
from tests.browser.conftest import LOOKS, TIMEOUT_MILLISECONDS, Look, open_page, sign_in
from tests.browser.line import Line
from tests.browser.servers import site_running
from tests.dashboard.published_file import (
    ANNA,
    HOSTILE,
    HOSTILE_NAME,
    MASSAGE,
    nothing_published,
    two_businesses_published,
)

pytestmark = pytest.mark.browser

expect.set_options(timeout=TIMEOUT_MILLISECONDS)

PAGES = {
    "": ["Welcome call", "Order blades", "Urgent"],
    f"pipeline?tenant={MASSAGE}": ["New lead", "Call or text back", "Anna L."],
    f"attribution?tenant={MASSAGE}": ["to the cent", "All models side by side", "Payback by month"],
    "systems": ["Harbour Massage", "Silent for 9 h", "3 refused", "Events a day by source"],
    f"contacts?tenant={MASSAGE}": ["Anna Lind", "José Álvarez", "paid A$250.00"],
    f"contacts?tenant={MASSAGE}&contact={ANNA}": ["Anna Lind", "Lead from Instagram", "share the e-mail"],
    "activity": ["Booking confirmed", "Booking made", "Task opened", "Northside Barbers"],
}


@pytest.mark.parametrize("address", PAGES)
def test_every_page_renders_in_every_look(dashboard_url: str, page_in_look: Page, look: Look, address: str) -> None:
    page_in_look.goto(f"{dashboard_url}/{address}")
    for text in PAGES[address]:
        expect(page_in_look.get_by_text(text).first).to_be_visible()
    expect(page_in_look.get_by_text("Up to date")).to_be_visible()
    expect(page_in_look.get_by_role("link", name="Contacts")).to_be_visible()
    expect(page_in_look.get_by_test_id("stException")).to_have_count(0)
    width_of_content = page_in_look.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width_of_content <= look.width, "the page scrolls sideways"
    assert is_dark(page_in_look) == (look.scheme == "dark")


def test_no_page_breaks_the_policy_it_is_sent_with(dashboard_url: str, page: Page) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "Security Policy" in message.text else None)
    for address, texts in PAGES.items():
        answer = page.goto(f"{dashboard_url}/{address}")
        assert answer is not None
        assert "frame-ancestors" in answer.headers["content-security-policy"]
        for text in texts:
            expect(page.get_by_text(text).first).to_be_visible()
    assert told == []


def test_another_sites_page_cannot_frame_it(dashboard_url: str, page: Page) -> None:
    page.set_content(f'<iframe src="{dashboard_url}" onload="document.title = \'tried\'"></iframe>')
    expect(page).to_have_title("tried")
    assert page.frames[1].url == "chrome-error://chromewebdata/"


def test_a_browser_in_the_dark_gets_a_dark_page(browser: Browser, dashboard_url: str) -> None:
    with open_page(browser, next(look for look in LOOKS if look.scheme == "dark")) as page:
        page.goto(dashboard_url)
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        assert is_dark(page)


def is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) < 3 * 128


def test_search_finds_a_contact_and_shows_the_timeline(dashboard_url: str, page: Page) -> None:
    page.goto(f"{dashboard_url}/contacts?tenant={MASSAGE}")
    expect(page.get_by_role("button", name="José Álvarez")).to_be_visible()
    page.get_by_placeholder("Name, phone or e-mail").fill("0412 345 678")
    expect(page.get_by_role("button", name="José Álvarez")).to_have_count(0)
    page.get_by_role("button", name="Anna Lind").click()
    expect(page.get_by_role("heading", name="Anna Lind")).to_be_visible()
    expect(page.get_by_text("Lead from Instagram")).to_be_visible()
    page.get_by_role("tab", name="Identity").click()
    expect(page.get_by_role("cell", name="+61412345678")).to_be_visible()
    # The address names what is on the screen, so that it can be sent to a colleague.
    expect(page).to_have_url(re.compile(f"contact={ANNA}"))
    assert parse_qs(urlsplit(page.url).query)["tenant"] == [MASSAGE]
    page.reload()
    expect(page.get_by_role("heading", name="Anna Lind")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Anna Lind")).to_be_visible()
    expect(page.get_by_role("heading", name="Anna Lind")).to_have_count(0)


def test_the_business_goes_along_from_page_to_page(dashboard_url: str, page: Page) -> None:
    page.goto(f"{dashboard_url}/systems?tenant={MASSAGE}")
    expect(page.get_by_text("Nothing received yet")).to_be_visible()
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("Booking confirmed")).to_be_visible()
    expect(page.get_by_text("Booking made")).to_have_count(0)
    page.get_by_role("link", name="Anna Lind").first.click()
    expect(page.get_by_role("heading", name="Anna Lind")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query) == {"tenant": [MASSAGE], "contact": [ANNA]}


def test_what_customers_write_stays_text_and_nothing_leaves_the_machine(dashboard_url: str, page: Page) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((dashboard_url, "data:", "blob:")):
            asked.append(request.url)

    page.on("request", note)
    page.goto(f"{dashboard_url}/contacts?tenant={MASSAGE}&contact={HOSTILE}")
    heading = page.get_by_role("heading", name=re.compile("pixel"))
    expect(heading).to_be_visible()
    assert heading.inner_text().replace(WORD_JOINER, "") == HOSTILE_NAME
    expect(page.get_by_text("Text received")).to_be_visible()
    assert page.locator("a[href^='javascript:'], a[href*='127.0.0.1:9/']").count() == 0
    assert page.get_by_test_id("stMain").locator("img").count() == 0
    for address, shown in (("activity", "Booking made"), ("", "Order blades")):
        page.goto(f"{dashboard_url}/{address}")
        expect(page.get_by_text(shown).first).to_be_visible()
        assert page.locator("a[href^='javascript:'], a[href*='127.0.0.1:9/']").count() == 0, address
    assert asked == []


def test_a_contact_opened_from_activity_stays_open_on_a_slow_line(dashboard_url: str, page: Page) -> None:
    page.clock.install()
    line = Line(page)
    page.goto(f"{dashboard_url}/activity?tenant={MASSAGE}")
    expect(page.get_by_text("Booking confirmed").first).to_be_visible()
    wait_for = partial(line.wait_for, timeout_seconds=TIMEOUT_MILLISECONDS / 1000)
    anna = page.get_by_test_id("stMain").get_by_text("Anna Lind").first
    expect(anna).to_be_visible()  # before the line is held: what is not drawn by then can't be clicked
    with line.held():
        with wait_for(b"First seen"):
            anna.click()
        # The page that is left asks again by itself, if it still may.
        page.clock.fast_forward(3_000)
    heading = page.get_by_role("heading", name="Anna Lind")
    expect(heading).to_be_visible()
    for _ in range(2):
        with wait_for(b"First seen"):
            page.clock.fast_forward(6_000)
    expect(heading).to_be_visible()
    expect(page.get_by_text("Text received")).to_be_visible()


def test_an_open_page_asks_for_nothing_while_nothing_is_published(dashboard_url: str, page: Page) -> None:
    sent: list[object] = []

    def note(frame: object) -> None:
        sent.append(frame)

    page.on("websocket", lambda line: line.on("framesent", note))
    page.goto(dashboard_url)
    expect(page.get_by_text("Welcome call")).to_be_visible()
    looked = partial(page.expect_response, "**/published-version")
    with looked():
        assert sent, "the page itself was asked for"
    sent.clear()
    for _ in range(4):
        with looked() as answer:
            assert answer.value.ok
    assert sent == []


def test_systems_refreshes_by_itself_when_the_file_is_replaced(strangers_page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    now = datetime.now(UTC)
    page = strangers_page
    with site_running(home=home, folder=tmp_path) as site:
        sign_in(page, site)
        page.goto(f"{site[1]}/systems")
        expect(page.get_by_text("No published data")).to_be_visible()
        nothing_published(now=now).publish(home / "analytics.duckdb")
        expect(page.get_by_text("No source yet").first).to_be_visible()
        two_businesses_published(now=now).publish(home / "analytics.duckdb")
        expect(page.get_by_text("Silent for 9 h")).to_be_visible()
        rows = two_businesses_published(now=now)
        for source in rows.rows["reports.rpt_source_health"]:
            source["is_silent"] = False
        rows.publish(home / "analytics.duckdb")
        expect(page.get_by_text("Silent for 9 h")).to_have_count(0)
        expect(page.get_by_text("0 of 6")).to_be_visible()


def test_what_is_published_is_drawn_though_the_first_question_for_it_is_lost(
    strangers_page: Page, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    now = datetime.now(UTC)
    rows = two_businesses_published(now=now)
    rows.publish(home / "analytics.duckdb")
    lost: list[str | bytes] = []
    loses = threading.Event()

    def lose_some(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if loses.is_set() and len(lost) < 2:  # that of each fragment of the page
                lost.append(message)
            else:
                server.send(message)

        line.on_message(pass_on)

    page = strangers_page
    page.route_web_socket("**/_stcore/stream", lose_some)
    with site_running(home=home, folder=tmp_path) as site:
        sign_in(page, site)
        page.goto(f"{site[1]}/activity?tenant={MASSAGE}")
        expect(page.get_by_text("Booking confirmed")).to_be_visible()
        loses.set()
        rows.rows["marts.fct_timeline"].clear()
        rows.publish(home / "analytics.duckdb")
        expect(page.get_by_text("Booking confirmed")).to_have_count(0, timeout=15_000)
    assert len(lost) == 2


def test_activity_shows_a_new_event_by_itself(strangers_page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    now = datetime.now(UTC)
    rows = two_businesses_published(now=now)
    rows.publish(home / "analytics.duckdb")
    page = strangers_page
    with site_running(home=home, folder=tmp_path) as site:
        url = site[1]
        sign_in(page, site)
        page.goto(f"{url}/activity?tenant={MASSAGE}")
        expect(page.get_by_text("Booking confirmed")).to_be_visible()
        rows.add(
            "marts.fct_timeline",
            tenant_id=MASSAGE,
            timeline_key="new",
            contact_id=ANNA,
            occurred_at=now + timedelta(seconds=1),
            source="wix",
            type="booking.rescheduled",
            title="Booking moved",
        )
        rows.publish(home / "analytics.duckdb")
        expect(page.get_by_text("Booking moved")).to_be_visible()
