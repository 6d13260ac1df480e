"""A customer books, moves and cancels by keyboard in a real browser, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has none
from playwright.sync_api import Browser, Locator, Page, expect

from frontdesk.core.log.database import create_tables, open_engine
from tests.browser.conftest import TIMEOUT_MILLISECONDS
from tests.clocks import SetClock
from tests.domains.bookings.salon import NOW, TEN
from tests.webhooks.booking_desk import Desk, desk
from tests.webhooks.pages.booking.guest import page_tenant

pytestmark = pytest.mark.browser
_MOST_TABS = 120
_WIDTHS = (1440, 390)


@dataclass(frozen=True)
class Shown:
    """A page of a browser, and the salon behind it."""

    page: Page
    salon: Desk

    def open(self, path: str) -> None:
        self.page.goto(f"{self.salon.client.base_url}{path}")

    def tab_to(self, wanted: Locator) -> None:
        """Go to a control as who has no mouse does."""
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"no Tab leads to {wanted}")

    def press(self, wanted: Locator) -> None:
        self.tab_to(wanted)
        self.page.keyboard.press("Enter")

    def type(self, label: str, text: str) -> None:
        self.tab_to(self.page.get_by_label(label, exact=True))
        self.page.keyboard.type(text)

    def expect_head(self, words: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words)


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home: Path = tmp_path_factory.mktemp("home")
    engine = open_engine(f"sqlite:///{home}/frontdesk.db")
    create_tables(engine)
    with desk(engine, home=home, clock=SetClock(NOW), business=page_tenant()) as asking:
        yield asking
    engine.dispose()


@pytest.fixture(params=[(width, scripts) for width in _WIDTHS for scripts in (True, False)], ids=str)
def shown(request: pytest.FixtureRequest, browser: Browser, salon: Desk) -> Iterator[Shown]:
    width, scripts = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    yield Shown(context.new_page(), salon)
    context.close()


def test_a_customer_books_moves_and_cancels_by_keyboard(shown: Shown) -> None:
    page = shown.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown.open("/b/salon")
    shown.press(page.get_by_role("link", name="Choose a time for Cut"))
    shown.expect_head("Choose a time for Cut")
    shown.press(page.get_by_role("group", name="Tuesday 2 March 2027").get_by_role("button", name="11:30 am"))
    shown.press(page.get_by_role("button", name="See the price"))
    expect(page.get_by_role("alert")).to_be_focused()
    shown.press(page.get_by_role("alert").get_by_role("link", name="Enter your name."))
    page.keyboard.type("Ana Ruiz")
    shown.type("Phone", "312 555 0123")
    shown.tab_to(page.get_by_label("I agree"))
    page.keyboard.press("Space")
    shown.press(page.get_by_role("button", name="See the price"))
    shown.expect_head("Check and book")
    shown.press(page.get_by_role("button", name=re.compile("^Book for")))
    shown.expect_head("You are booked")

    shown.press(page.get_by_role("link", name="Move to another time"))
    shown.press(page.get_by_role("group", name="Wednesday 3 March 2027").get_by_role("button", name="9:30 am"))
    shown.expect_head("Move the booking?")
    shown.press(page.get_by_role("button", name="Move it"))
    expect(page.get_by_text("Wednesday 3 March 2027, 9:30 am")).to_be_visible()

    shown.press(page.locator("summary"))
    shown.press(page.get_by_role("button", name="Cancel this booking now"))
    shown.expect_head("This booking is cancelled")
    origin = str(shown.salon.client.base_url)
    assert all(url.startswith(origin) and not url.endswith((".js", ".css", ".png")) for url in asked)


@pytest.mark.parametrize("width", _WIDTHS)
def test_nothing_keeps_anybody_from_using_a_page(browser: Browser, salon: Desk, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    shown = Shown(context.new_page(), salon)
    page, found = shown.page, {}
    axe = Axe()

    def look(name: str) -> None:
        found[name] = [
            f"{violation['id']}: {node['html']}"
            for violation in axe.run(page).response["violations"]
            for node in violation["nodes"]
        ]
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[f"width of {name}"] = [f"{wider} px wider than the window"] if wider > 0 else []

    for name, path in {
        "services": "/b/salon",
        "times": "/b/salon/times?service=cut",
        "wrong times": "/b/salon/times?service=cut&zone=Mars&from=x&with=y",
        "no such page": "/b/nobody",
        "no such service": "/b/salon/times?service=wig",
        "too soon": "/b/salon/details?service=cut&start=2027-02-02T16:00Z",
        "details": "/b/salon/details?service=cut&start=2027-03-05T16:00Z",
    }.items():
        shown.open(path)
        look(name)
    page.get_by_role("button", name="See the price").click()
    look("wrong details")
    page.get_by_label("Name", exact=True).fill("Ana Ruiz")
    page.get_by_label("E-mail", exact=True).fill("ana@example.org")
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="See the price").click()
    look("price")
    page.get_by_role("button", name=re.compile("^Book for")).click()
    page.locator("summary").click()
    look("booking")
    page.get_by_role("link", name="Move to another time").click()
    look("times to move to")
    page.get_by_role("button", name="1:00 pm").first.click()
    look("move")
    page.get_by_role("link", name="Choose another time").click()
    context.close()

    assert {name: problems for name, problems in found.items() if problems} == {}


def test_who_is_later_is_offered_other_times(browser: Browser, salon: Desk) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    shown = Shown(context.new_page(), salon)
    page = shown.page
    shown.open(f"/b/salon/details?service=cut&start={TEN:%Y-%m-%dT%H:%MZ}")
    page.get_by_label("Name", exact=True).fill("Ana Ruiz")
    page.get_by_label("Phone", exact=True).fill("312 555 0123")
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="See the price").click()
    for _ in range(2):
        assert salon.book(TEN).status_code == 201
    page.get_by_role("button", name=re.compile("^Book for")).click()
    expect(page.get_by_text("Somebody else has just taken this time.")).to_be_visible()
    page.get_by_role("button", name="Tuesday 2 March 2027, 9:00 am").click()
    expect(page.get_by_text("Ana Ruiz")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Book for")).click()
    shown.expect_head("You are booked")
    context.close()
