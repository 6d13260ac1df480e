"""Whatever is typed is kept and whatever is clicked next happens, in every box of every page, by real keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, StorageState, expect

from dashboard.parts.drafts import find_sms_rates
from dashboard.parts.typed_text import box
from frontdesk.domains.sending.sms_segments import measure_sms
from tests.browser.conftest import TIMEOUT_MILLISECONDS, Look, open_page, sign_in_once
from tests.dashboard.published_file import ANNA, JOSE, MASSAGE
from tests.dashboard.published_messages import UNCERTAIN_KEY
from tests.dashboard.published_tasks import WELCOME_CALL
from tests.dashboard.receivers import Beside

pytestmark = pytest.mark.browser

expect.set_options(timeout=TIMEOUT_MILLISECONDS)

LOOKS = (Look("desk", 1440, 900, "light"), Look("phone", 390, 844, "light"))
LINKS = (
    "Today",
    "Inbox",
    "Contacts",
    "Pipeline",
    "Attribution",
    "Reports",
    "Activity",
    "Systems",
    "Outbox",
    "Automations",
)
_WORDS = "Crikey, coming"


@dataclass(frozen=True)
class Box:
    """A box to type in: how to come to it, how to find it, and what is typed."""

    address: str
    find: Callable[[Page], Locator]
    reach: Callable[[Page], None] = lambda _: None
    keys: str = _WORDS
    value: str = _WORDS


def _open_tab(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("tab", name=name).click()


def _reach_snooze(page: Page) -> None:
    row = page.locator(f".st-key-task_key-{WELCOME_CALL}")
    row.get_by_test_id("stMenuButtonButton").filter(has_text="Snooze").click()
    page.get_by_text("Until …").click()


def _reach_e_mail(page: Page) -> None:
    page.get_by_text("E-mail", exact=True).click()


_MOMENT = {"keys": "100520250915AM", "value": "2025-10-05T09:15"}
BOXES = {
    "reply": Box(f"inbox?tenant={MASSAGE}&contact={ANNA}", lambda page: page.get_by_label("Message", exact=True)),
    "subject": Box(
        f"inbox?tenant={MASSAGE}&contact={ANNA}", lambda page: page.get_by_label("Subject"), reach=_reach_e_mail
    ),
    "reply of a profile": Box(
        f"contacts?tenant={MASSAGE}&contact={ANNA}",
        lambda page: page.get_by_label("Message", exact=True),
        reach=_open_tab("Messages"),
    ),
    "inbox search": Box(f"inbox?tenant={MASSAGE}", lambda page: page.get_by_label("Search conversations")),
    "contact search": Box(f"contacts?tenant={MASSAGE}", lambda page: page.get_by_label("Search contacts")),
    "moment of a profile": Box(
        f"contacts?tenant={MASSAGE}&contact={ANNA}",
        lambda page: page.get_by_label("History at (Australia/Perth)"),
        reach=_open_tab("As of"),
        **_MOMENT,
    ),
    "snooze": Box(
        f"?tenant={MASSAGE}",
        lambda page: page.get_by_label("Snooze until (Australia/Perth)"),
        reach=_reach_snooze,
        **_MOMENT,
    ),
    "provider's id": Box(
        f"outbox?tenant={MASSAGE}&command={UNCERTAIN_KEY}", lambda page: page.get_by_label("The provider's id of it")
    ),
    "tenant's file": Box(
        f"automations?tenant={MASSAGE}",
        lambda page: page.get_by_label("The business's file"),
        reach=_open_tab("Test a change"),
    ),
    "since": Box(
        f"automations?tenant={MASSAGE}",
        lambda page: page.get_by_label("Compare since"),
        reach=_open_tab("Test a change"),
        keys="10052025",
        value="2025-10-05",
    ),
}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, beside_and_url: tuple[Beside, str]) -> StorageState:
    return sign_in_once(browser, beside_and_url)


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: look.name)
def page(request: pytest.FixtureRequest, browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    """One page for all: what a browser has fetched and compiled once, it has."""
    with open_page(browser, request.param, signed_in=signed_in) as page:
        yield page


@contextmanager
def no_complaints(page: Page) -> Iterator[None]:
    """Fail where Streamlit's front end says that it lost its page."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if re.search("delta path|disconnected|Minified React", message.text):
            complaints.append(message.text)

    def note_error(error: Exception) -> None:
        complaints.append(str(error))

    page.on("console", note)
    page.on("pageerror", note_error)
    yield
    page.remove_listener("console", note)
    page.remove_listener("pageerror", note_error)
    assert complaints == []


def type_into(page: Page, box: Box) -> Locator:
    """Come to the box and type by real keys, after whatever is in it."""
    box.reach(page)
    found = box.find(page)
    if found.evaluate("element => element.type.startsWith('date')"):
        found.focus()  # a click would begin with the part under the pointer
    else:
        found.click()
        found.press("Control+Home")
    page.keyboard.type(box.keys, delay=15)
    return found


def follow_link(page: Page, name: str) -> None:
    """Click a link once; it is obeyed, and the page it leads to is there."""
    main = page.get_by_test_id("stMain")
    main.get_by_role("link", name=name, exact=False).first.click()
    path = "/" if name == "Today" else f"/{name.lower()}"
    page.wait_for_url(lambda address: urlsplit(address).path == path)
    expect(main.get_by_role("link", name="Contacts").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def kept_after(page: Page, box: Box, link: str, address: str) -> None:
    page.goto(address)
    typed = type_into(page, box)
    expect(typed).to_have_value(re.compile(re.escape(box.value)))
    follow_link(page, link)
    if urlsplit(page.url).path == urlsplit(address).path:
        page.goto(address)
    else:
        page.go_back()
    box.reach(page)
    expect(box.find(page)).to_have_value(re.compile(re.escape(box.value)))
    page.evaluate("localStorage.clear(); sessionStorage.clear()")


_ROTATED = list(zip(BOXES, islice(cycle(LINKS), len(BOXES)), strict=True))


@pytest.mark.parametrize(("name", "link"), _ROTATED)
def test_what_is_typed_is_kept_and_the_click_is_obeyed(
    beside_and_url: tuple[Beside, str], page: Page, name: str, link: str
) -> None:
    with no_complaints(page):
        kept_after(page, BOXES[name], link, f"{beside_and_url[1]}/{BOXES[name].address}")


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", BOXES)
def test_every_box_and_every_link(beside_and_url: tuple[Beside, str], page: Page, name: str, link: str) -> None:
    with no_complaints(page):
        kept_after(page, BOXES[name], link, f"{beside_and_url[1]}/{BOXES[name].address}")


def test_a_reply_survives_everything_but_sending(beside_and_url: tuple[Beside, str], page: Page) -> None:
    beside, url = beside_and_url
    reply, jose = BOXES["reply"], f"inbox?tenant={MASSAGE}&contact={JOSE}"
    with no_complaints(page):
        page.goto(f"{url}/{reply.address}")
        typed = type_into(page, reply)
        expect(page.get_by_text("1 segment · 14 of 160 characters · costs AUD 0.0515")).to_be_visible()
        page.get_by_role("link", name="Profile").click()
        expect(page.get_by_role("heading", name="Anna Lind")).to_be_visible()
        page.get_by_role("tab", name="Messages").click()
        expect(typed).to_have_value(_WORDS)
        page.goto(f"{url}/{jose}")
        expect(typed).to_have_value("")
        typed.press_sequentially("For José")
        page.goto(f"{url}/{reply.address}")
        page.reload()
        expect(typed).to_have_value(_WORDS)

        typed.press("Control+Enter")

        expect(typed).to_have_value("")
        bubble = page.locator("[class*=st-key-bubble_out]").filter(has_text=_WORDS)
        expect(bubble.last).to_be_visible()
        page.reload()
        expect(typed).to_have_value("")
        page.goto(f"{url}/{jose}")
        expect(typed).to_have_value("For José")
        page.evaluate("localStorage.clear()")
    asked = [event for event in beside.log.read_after(0, limit=100) if event.type == "message.requested"]
    assert len(asked) == len({event.source_event_id for event in asked})


_LENGTHS = (1, 67, 70, 71, 76, 77, 80, 81, 153, 154, 160, 161, 306, 307)
_MEASURE = """async ({code, texts, rates}) => {
    const module = await import(URL.createObjectURL(new Blob([code], {type: "text/javascript"})))
    return texts.map((text) => module.measure(text, rates))
}"""


def test_the_browser_counts_segments_as_the_server_does(page: Page) -> None:
    alphabet = "aZ0 \n€[]^~|äßé😀ж中ñÇ\\"
    texts = [alphabet[shift:] * times for shift in range(len(alphabet)) for times in (1, 7, 8, 30)]
    texts += [
        letter * length
        for letter in "a€😀ж"
        for length in (1, 67, 70, 71, 76, 77, 80, 81, 153, 154, 160, 161, 306, 307)
    ]
    rates = asdict(find_sms_rates(None, recipient="+61400000000"))
    code = (Path(box.__file__).parent / "typed_text.js").read_text(encoding="utf-8")
    measured = page.evaluate(_MEASURE, {"code": code, "texts": texts, "rates": rates})
    sizes = [measure_sms(text) for text in texts]
    assert measured == [
        {"encoding": size.encoding, "units": size.count_units, "segments": size.count_segments} for size in sizes
    ]
