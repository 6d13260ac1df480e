"""A browser, and the dashboard in light, in dark, and at a phone's width."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.browser.servers import BROWSER_FLAGS, find_browser, site_running
from tests.browser.signing_in import sign_in_at
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.receivers import EMAIL, PASSWORD, Beside, fill_outbox

#: Generous: the two cores may be busy with other tests; a page is there in well under a second otherwise.
TIMEOUT_MILLISECONDS = 30_000


@dataclass(frozen=True)
class Look:
    """How the page is looked at."""

    name: str
    width: int
    height: int
    scheme: str


LOOKS = (Look("light", 1280, 900, "light"), Look("dark", 1280, 900, "dark"), Look("phone", 390, 844, "light"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell what was on the page when its test failed: on another machine it can't be looked at."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and call.when == "call" and isinstance(page, Page):
        report.sections.append(("on the page", f"{page.url}\n{page.locator('body').aria_snapshot()}"))
    return report


# Of the module, not of the session: Playwright keeps an event loop running while it is open, and every later
# test that starts one of its own would be refused.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; skips where there is none, unless FRONTDESK_REQUIRE_BROWSER=1."""
    executable = find_browser()
    if executable is None:
        reason = "no Chromium on the PATH: install it to run the browser tests"
        if os.environ.get("FRONTDESK_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason} (FRONTDESK_REQUIRE_BROWSER=1 forbids skipping them)")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the published facts of two businesses; nobody changes it."""
    home = tmp_path_factory.mktemp("home")
    conversations_published(now=datetime.now(UTC)).publish(home / "analytics.duckdb")
    return home


@pytest.fixture(scope="session")
def sample_site(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Beside, str]]:
    """A receiver and a dashboard over the sample home."""
    with site_running(home=sample_home, folder=tmp_path_factory.mktemp("dashboard")) as site:
        yield site


@pytest.fixture(scope="session")
def dashboard_url(sample_site: tuple[Beside, str]) -> str:
    """Address of a dashboard over the sample home."""
    return sample_site[1]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, sample_site: tuple[Beside, str]) -> StorageState:
    """What a browser keeps once Mia has signed in; a module with a site of its own has its own."""
    return sign_in_once(browser, sample_site)


def sign_in_once(browser: Browser, site: tuple[Beside, str]) -> StorageState:
    """Sign in through the page in a browser of its own; return what it keeps."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    sign_in(context.new_page(), site)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, site: tuple[Beside, str]) -> None:
    """Sign Mia in."""
    sign_in_at(site[1], page, email=EMAIL, password=PASSWORD, name="Mia")


@pytest.fixture(
    scope="module",
    params=[look if look.name != "dark" else pytest.param(look, marks=pytest.mark.slow) for look in LOOKS],
    ids=lambda look: look.name,
)
def look(request: pytest.FixtureRequest) -> Look:
    """Each look in turn."""
    assert isinstance(request.param, Look)
    return request.param


@pytest.fixture
def page(browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    """A page of who is signed in, at a desk, in light."""
    with open_page(browser, LOOKS[0], signed_in=signed_in) as page:
        yield page


@pytest.fixture
def strangers_page(browser: Browser) -> Iterator[Page]:
    """A page of a new visitor, at a desk, in light."""
    with open_page(browser, LOOKS[0]) as page:
        yield page


# Of the module: a new context fetches and compiles Streamlit's scripts anew, which takes longer than the page.
@pytest.fixture(scope="module")
def context_in_look(browser: Browser, look: Look, signed_in: StorageState) -> Iterator[BrowserContext]:
    """A browser of who is signed in, in each look."""
    with open_context(browser, look, signed_in=signed_in) as context:
        yield context


@pytest.fixture
def page_in_look(context_in_look: BrowserContext) -> Iterator[Page]:
    """A page of who is signed in, in each look."""
    page = context_in_look.new_page()
    yield page
    page.close()


@contextmanager
def open_page(browser: Browser, look: Look, *, signed_in: StorageState | None = None) -> Iterator[Page]:
    """Give a page in this look and a browser of its own, and close it afterwards."""
    with open_context(browser, look, signed_in=signed_in) as context:
        yield context.new_page()


@contextmanager
def open_context(browser: Browser, look: Look, *, signed_in: StorageState | None = None) -> Iterator[BrowserContext]:
    """Give a browser in this look that knows nothing of the others, and close it afterwards."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.scheme == "dark" else "light",
        storage_state=signed_in,
    )
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    try:
        yield context
    finally:
        context.close()


@pytest.fixture(scope="module")
def beside_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Beside, str]]:
    """A receiver and a dashboard over one home."""
    home = tmp_path_factory.mktemp("home")
    now = datetime.now(UTC)
    conversations_published(now=now).publish(home / "analytics.duckdb")
    with site_running(home=home, folder=tmp_path_factory.mktemp("dashboard")) as site:
        fill_outbox(site[0].outbox, now=now)
        yield site
