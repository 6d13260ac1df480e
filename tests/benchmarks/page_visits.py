"""What people do on each page: where they go, what they look for first, what they click, and what that changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Locator, Page

from tests.benchmarks.pages_home import ANYBODYS_TASK, OWN_TASK, PIPELINE_TENANT, TENANT, KnownContact

_TABLE = "[data-testid=stTable]"
_METRIC = "[data-testid=stMetric]"
_TEXT = "[data-testid=stMarkdown], [data-testid=stCaptionContainer]"
_BUBBLE = "[class*=st-key-bubble_]"


class Seen(NamedTuple):
    """An element that is to be visible, or gone."""

    selector: str
    text: str = ""  #: a regular expression that its text has to match
    is_gone: bool = False


#: Two pages that others are opened from: address, and what is seen there.
INBOX, AUTOMATIONS = "inbox", "automations"
START_SEEN = {
    INBOX: Seen("[class*=st-key-conversation_]"),
    AUTOMATIONS: Seen(_TEXT, r"Whose automations|\d+ rules"),
}
EMPTY_PAGE_SEEN = Seen(_TEXT, "Nothing else")
#: What a person does, and what is seen once the page has followed.
Act = tuple[Callable[[], None], tuple[Seen, ...]]


class Visit(NamedTuple):
    """A page, and the click that is made there most."""

    name: str
    address: str
    first: tuple[Seen, ...]
    prepare: Callable[[Page], Act]  #: does what comes before the click; nothing of it is measured
    link: str = ""  #: by which it is opened from another page; one contact's has none


def visits_of(contact: KnownContact) -> list[Visit]:
    """Return a visit of every page; those of one contact are of this one."""
    of_tenant = f"tenant={TENANT}"
    board = f"pipeline?tenant={PIPELINE_TENANT}"
    profile = f"contacts?{of_tenant}&contact={contact.contact_id}"
    on_profile = (Seen("h2", re.escape(contact.name)), Seen(_METRIC), Seen(_TEXT, "Stripe|Wix|ClickSend"))
    on_board = (Seen("[class*=st-key-card_]"),)
    tasks = (Seen(_METRIC, "Due"), Seen("[class*=st-key-task_]"))
    return [
        Visit("today", "", tasks, _choose_own_tasks, "Today"),
        Visit("today_done", f"?{of_tenant}", tasks, _complete_task, "Today"),
        Visit("inbox", f"inbox?{of_tenant}", (Seen("[class*=st-key-conversation_]"),), _open_conversation, "Inbox"),
        Visit(
            "contacts", f"contacts?{of_tenant}", (Seen("[class*=st-key-contact_]"),), _search_for(contact), "Contacts"
        ),
        Visit("contact", profile, on_profile, _open_tab("Messages", (Seen(_BUBBLE),))),
        Visit("contact_journey", profile, on_profile, _open_tab("Journey", (Seen(_TEXT, "credit channels"),))),
        Visit("contact_as_of", profile, on_profile, _open_tab("As of", (Seen(_TABLE, "Last event"),))),
        Visit("pipeline", board, on_board, _open_tab("Funnel", (Seen(_TABLE, "Median time in stage"),)), "Pipeline"),
        Visit("attribution", f"attribution?{of_tenant}", (Seen(_TABLE, "Markov"),), _compare_revenue, "Attribution"),
        Visit(
            "reports", f"reports?{of_tenant}", (Seen("[data-testid=stDataFrame] canvas"),), _choose_report, "Reports"
        ),
        Visit("activity", f"activity?{of_tenant}", (Seen("[class*=st-key-activity_] a"),), _choose_type, "Activity"),
        Visit(
            "systems", "systems", (Seen(_METRIC, "Silent"), Seen(_TEXT, "Last event")), _choose_business, "Systems"
        ),
        Visit(
            "outbox",
            f"outbox?{of_tenant}",
            (Seen(_METRIC, "Waiting"), Seen("[class*=st-key-why_]")),
            _ask_why,
            "Outbox",
        ),
        Visit(
            "automations",
            f"automations?{of_tenant}",
            (Seen(_TEXT, r"\d+ rules"),),
            _open_tab("What they did", (Seen("h3, h5", "What sending changes|No results yet"),)),
            "Automations",
        ),
    ]


def _open_tab(name: str, shown: tuple[Seen, ...]) -> Callable[[Page], Act]:
    return lambda page: (page.get_by_role("tab", name=name).click, shown)


def _choose_own_tasks(page: Page) -> Act:
    own = page.get_by_test_id("stMain").get_by_text("Mine", exact=True)
    row = "[class*=st-key-task_]"
    return own.click, (Seen(row, OWN_TASK), Seen(row, ANYBODYS_TASK, is_gone=True))


def _complete_task(page: Page) -> Act:
    # By its own name: the list is drawn anew every other second, and another task may be the first by then.
    row = f".{_key_of(page.locator('[class*=st-key-task_]').first, 'task_')}"
    return page.locator(row).get_by_role("button", name="Done").click, (Seen(row, is_gone=True),)


def _open_conversation(page: Page) -> Act:
    button = page.locator("[class*=st-key-conversation_] button").first
    return button.click, (Seen("h3", re.escape(button.inner_text().strip().splitlines()[-1])), Seen(_BUBBLE))


def _search_for(contact: KnownContact) -> Callable[[Page], Act]:
    found = (Seen(_TEXT, "^1 found"), Seen("[class*=st-key-contact_] button", re.escape(contact.name)))
    return lambda page: (lambda: page.get_by_placeholder("Name, phone or e-mail").fill(contact.phone), found)


def _compare_revenue(page: Page) -> Act:
    return page.get_by_text("Revenue", exact=True).click, (Seen(_TABLE, r"Markov[\s\S]*\$"),)


def _choose_report(page: Page) -> Act:
    computed = page.get_by_test_id("stCaptionContainer").filter(has_text="Computed").inner_text()
    choice = _open_choice(page, "Report")
    return choice.nth(1).click, (
        Seen(_TEXT, "^Computed"),
        Seen(_TEXT, re.escape(computed), is_gone=True),
        Seen("[data-testid=stDataFrame] canvas"),
    )


def _choose_type(page: Page) -> Act:
    page.get_by_test_id("stMultiSelect").get_by_role("combobox").click()
    choice = page.get_by_role("option", name="Payment succeeded")
    rows = "[data-testid=stMain] [data-testid=stMarkdown]"
    return choice.click, (Seen(rows, "Payment"), Seen(rows, "Booking", is_gone=True))


def _choose_business(page: Page) -> Act:
    choice = _open_choice(page, "Business")
    return choice.nth(1).click, (Seen(_TEXT, "Last event"), Seen("h3", "HMNP", is_gone=True))


def _ask_why(page: Page) -> Act:
    return page.locator("[class*=st-key-why_] button").first.click, (Seen(_TEXT, "^Key:"),)


def _open_choice(page: Page, label: str) -> Locator:
    """Open a list to choose from; return what is in it."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option").first.wait_for()
    return page.get_by_role("option")


def _key_of(element: Locator, prefix: str) -> str:
    """Return the class that names an element of a page."""
    classes = (element.get_attribute("class") or "").split()
    return next(name for name in classes if name.startswith(f"st-key-{prefix}"))
