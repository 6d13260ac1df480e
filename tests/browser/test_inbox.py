"""Staff answer from the Inbox in a real browser, through the real receiver."""

from __future__ import annotations

import re

import orjson
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, Look, sign_in_once
from tests.dashboard.published_file import ANNA, MASSAGE
from tests.dashboard.published_messages import REMINDER_KEY, UNCERTAIN_KEY
from tests.dashboard.receivers import Beside

pytestmark = pytest.mark.browser

expect.set_options(timeout=TIMEOUT_MILLISECONDS)

#: What staff sent must be in the thread by then: it is read again every second.
APPEARS_WITHIN_MILLISECONDS = 5_000


@pytest.fixture(scope="module")
def signed_in(browser: Browser, beside_and_url: tuple[Beside, str]) -> StorageState:
    return sign_in_once(browser, beside_and_url)


PAGES = {
    f"inbox?tenant={MASSAGE}": ["José Álvarez", "Thank you. Is there parking?"],
    f"inbox?tenant={MASSAGE}&contact={ANNA}": ["I come by car", "Delivered", "Goes out in"],
    f"outbox?tenant={MASSAGE}": ["Due in the next 24 hours", "21211: the number is not a mobile one"],
    f"outbox?tenant={MASSAGE}&command={UNCERTAIN_KEY}": ["It may have been sent, or not", "No answer"],
    f"automations?tenant={MASSAGE}": ["1 day before the booking starts", "20 % held out"],
}


@pytest.mark.parametrize("address", PAGES)
def test_every_page_renders_in_every_look(
    beside_and_url: tuple[Beside, str], page_in_look: Page, look: Look, address: str
) -> None:
    page_in_look.goto(f"{beside_and_url[1]}/{address}")
    for text in PAGES[address]:
        expect(page_in_look.get_by_text(text).locator("visible=true").first).to_be_visible()
    expect(page_in_look.get_by_test_id("stException")).to_have_count(0)
    width_of_content = page_in_look.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width_of_content <= look.width, "the page scrolls sideways"


def test_a_text_is_sent_once_and_appears_in_the_thread(beside_and_url: tuple[Beside, str], page: Page) -> None:
    beside, url = beside_and_url
    page.goto(f"{url}/inbox?tenant={MASSAGE}")
    page.get_by_role("button", name="Anna Lind").click()
    expect(page).to_have_url(re.compile(f"contact={ANNA}"))
    box = page.get_by_placeholder("Write to Anna Lind")
    box.press_sequentially("Yes, behind the house")
    # The page is read again meanwhile; what is being written stays.
    expect(page.get_by_text("Goes out in")).to_be_visible()
    beside.outbox.withdraw([REMINDER_KEY], reason="the booking moved")
    expect(page.get_by_text("Goes out in")).to_have_count(0)
    expect(box).to_have_value("Yes, behind the house")
    expect(page.get_by_text("1 segment · 21 of 160 characters · costs AUD 0.0515")).to_be_visible()

    page.get_by_role("button", name="Send").dblclick()

    expect(page.get_by_text("Queued")).to_be_visible(timeout=APPEARS_WITHIN_MILLISECONDS)
    bubble = page.locator("[class*=st-key-bubble_out]").filter(has_text="Yes, behind the house")
    expect(bubble).to_have_count(1)
    expect(box).to_have_value("")
    asked = [event for event in beside.log.read_after(0, limit=100) if event.type == "message.requested"]
    assert [orjson.loads(event.payload)["text"] for event in asked] == ["Yes, behind the house"]


def test_texts_are_held_and_released_from_the_outbox(beside_and_url: tuple[Beside, str], page: Page) -> None:
    beside, url = beside_and_url
    page.goto(f"{url}/outbox?tenant={MASSAGE}")
    page.get_by_text("Pause sending").click()
    page.get_by_role("button", name="Pause texts").click()
    expect(page.get_by_text(re.compile("Texts paused"))).to_be_visible()
    assert [hold.scope.channel for hold in beside.outbox.holds()] == ["sms"]
    page.get_by_role("button", name="Resume texts").click()
    expect(page.get_by_role("button", name="Pause texts")).to_be_visible()
    assert beside.outbox.holds() == []
