"""Staff make, move and end a booking with the keyboard, in a real browser, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from frontdesk.core.clock import SystemClock
from tests.browser.conftest import TIMEOUT_MILLISECONDS, sign_in_once
from tests.browser.servers import site_running
from tests.dashboard.published_file import MASSAGE
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.receivers import Beside

pytestmark = pytest.mark.browser

expect.set_options(timeout=TIMEOUT_MILLISECONDS)
_TRIES = 10


@pytest.fixture(scope="module")
def beside_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Beside, str]]:
    """A receiver and a dashboard over one home."""
    home = tmp_path_factory.mktemp("home")
    conversations_published(now=datetime.now(UTC)).publish(home / "analytics.duckdb")
    with site_running(home=home, folder=tmp_path_factory.mktemp("dashboard")) as site:
        yield site


@pytest.fixture(scope="module")
def signed_in(browser: Browser, beside_and_url: tuple[Beside, str]) -> StorageState:
    return sign_in_once(browser, beside_and_url)


def open_next_monday(page: Page, url: str) -> None:
    """Go to the next day on which the business is open."""
    today = SystemClock().now().astimezone(ZoneInfo("Australia/Perth")).date()
    monday = today + timedelta(days=7 - today.weekday())
    page.goto(f"{url}/schedule?tenant={MASSAGE}")
    for number in range((monday - today).days):
        shown = today + timedelta(days=number + 1)
        page.locator(".st-key-schedule_next").get_by_role("button").press("Enter")
        expect(page.get_by_role("heading", name=f"{shown:%A} {shown.day} {shown:%B}")).to_be_visible()


def unfold(page: Page, name: str) -> None:
    """Open a part of the page with the keyboard."""
    part = page.locator("summary").filter(has_text=name).first
    part.focus()
    part.press("Enter")


def pick(box: Locator, value: str) -> None:
    """Choose from a list with the keyboard. A list that opens while the page is drawn anew closes again."""
    field, choices = box.get_by_role("combobox"), box.page.get_by_role("listbox")
    for _ in range(_TRIES):
        field.click()
        try:
            choices.wait_for(timeout=TIMEOUT_MILLISECONDS / _TRIES)
        except PlaywrightTimeoutError:
            field.press("Escape")
        else:
            break
    field.press("Control+a")
    field.press_sequentially(value)
    field.press("Enter")
    expect(choices).to_have_count(0)
    expect(field).to_have_value(value)


def types_of(beside: Beside) -> list[str]:
    return [event.type for event in beside.log.read_after(0, limit=100)]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_booking_is_made_moved_and_cancelled(beside_and_url: tuple[Beside, str], page: Page, width: int) -> None:
    beside, url = beside_and_url
    before = len(types_of(beside))
    page.set_viewport_size({"width": width, "height": 900})
    open_next_monday(page, url)

    page.get_by_role("button", name="New booking").press("Enter")
    pick(page.locator(".st-key-new_booking_time"), "10:00")
    page.get_by_label("Name").fill("Ana Lee")
    page.get_by_label("Phone").fill("0491 570 156")
    page.get_by_label("Phone").press("Enter")
    expect(page.get_by_role("button", name="10:00 Ana Lee")).to_be_visible()
    panel = page.locator(".st-key-booking_panel")
    expect(panel.get_by_text("Ana Lee", exact=False).first).to_be_visible()

    unfold(page, "Move")
    pick(panel.locator("[class*=_time]").first, "14:30")
    panel.get_by_role("button", name="Move to").press("Enter")
    expect(page.get_by_role("button", name="14:30 Ana Lee")).to_be_visible()

    unfold(page, "Cancel booking")
    panel.get_by_label("Why").fill("Ill")
    panel.get_by_label("Why").press("Enter")
    expect(page.get_by_role("button", name="14:30 Ana Lee")).to_have_count(0)

    made = [f"booking.{verb}" for verb in ("created", "confirmed", "rescheduled", "cancelled")]
    assert types_of(beside)[before:] == made
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
