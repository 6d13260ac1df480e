"""A receptionist's morning in a real browser, through the real receiver: what was clicked is in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, sign_in_once
from tests.browser.servers import site_running
from tests.dashboard.published_file import ANNA, ANNA_TOO, MASSAGE
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.published_tasks import WELCOME_CALL
from tests.dashboard.receivers import EMAIL, Beside

pytestmark = pytest.mark.browser

expect.set_options(timeout=TIMEOUT_MILLISECONDS)


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


def told(beside: Beside) -> list[tuple[str, Any]]:
    return [(event.type, orjson.loads(event.payload)) for event in beside.log.read_after(0, limit=100)]


def test_a_receptionists_morning(beside_and_url: tuple[Beside, str], page: Page) -> None:
    beside, url = beside_and_url
    page.goto(f"{url}/?tenant={MASSAGE}")

    # Today: an overdue welcome call, with why it is there; done in one click and gone.
    row = page.locator(f".st-key-task_key-{WELCOME_CALL}")
    expect(row.get_by_text("5 h overdue")).to_be_visible()
    expect(row.get_by_text("warm;")).to_be_visible()
    row.get_by_role("button", name="Done").click()
    expect(row).to_have_count(0)
    assert [(kind, payload["by"]) for kind, payload in told(beside)] == [("task.completed", EMAIL)]

    # The contact is opened from the next task, then Anna's own page by search; the reply is sent from there.
    page.get_by_role("link", name="José Álvarez").click()
    expect(page.get_by_role("heading", name="José Álvarez")).to_be_visible()
    page.get_by_placeholder("Name, phone or e-mail").fill("anna lind")
    page.get_by_role("button", name="Anna Lind").click()
    expect(page).to_have_url(re.compile(f"contact={ANNA}"))
    page.get_by_role("tab", name="Messages").click()
    box = page.get_by_placeholder("Write to Anna Lind")
    box.fill("Yes, behind the house")
    box.press("Control+Enter")
    bubble = page.locator("[class*=st-key-bubble_out]").filter(has_text="Yes, behind the house")
    expect(bubble).to_have_count(1)
    kind, message = told(beside)[-1]
    assert (kind, message["text"], message["requested_by"]) == (
        "message.requested",
        "Yes, behind the house",
        EMAIL,
    )

    # The board: Anna L. wants to book; her card leaves the column at once.
    page.get_by_role("link", name="Pipeline").click()
    card = page.locator(f".st-key-card_{ANNA_TOO}")
    card.get_by_role("button", name="Move to").click()
    page.get_by_text("Visit: Booked").click()
    expect(card).to_have_count(0)
    kind, change = told(beside)[-1]
    assert (kind, change["stage"], change["by"]) == ("stage.changed", "booked", EMAIL)
    page.get_by_text("Visit", exact=True).click()
    expect(card).to_be_visible()
