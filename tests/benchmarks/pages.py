"""Pages: how soon each shows its first content and answers a click, in Chromium, with a long history behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.page_visits import AUTOMATIONS, EMPTY_PAGE_SEEN, INBOX, START_SEEN, Seen, Visit, visits_of
from tests.benchmarks.pages_home import EMAIL, NAME, PASSWORD, PagesHome, prepare_pages_home
from tests.benchmarks.receiver import free_port, prepare_site, running_receiver
from tests.browser.servers import BROWSER_FLAGS, dashboard_running, find_browser
from tests.browser.signing_in import sign_in_at

_TIMEOUT_MS = 60_000
_EMPTY_PAGE = Path(__file__).with_name("empty_page.py")
_VIEWPORT = ViewportSize(width=1280, height=900)
#: The browser's own clock, from the moment at which a person acts: no call of this process is part of a figure.
_NOTE_ACTS = """
for (const kind of ["pointerdown", "input"])
    addEventListener(kind, () => { window.actedAt = performance.now(); }, { capture: true });
"""
#: Looked at in every frame that is drawn. What Streamlit calls stale is of the run before: not there yet, nor gone.
_SEEN_AT = """
({ wanted, since }) => {
    const isShown = element =>
        element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && element.getClientRects().length > 0;
    const finds = ({ selector, text, is_gone }) => [...document.querySelectorAll(selector)].some(element =>
        isShown(element) && (is_gone || !element.closest("[data-stale=true]"))
        && (!text || new RegExp(text).test(element.innerText)));
    if (!wanted.every(each => finds(each) !== each.is_gone)) return null;
    return performance.now() - (since === "navigation" ? 0 : window.actedAt);
}
"""


@dataclass(frozen=True, slots=True)
class PagesPlan:
    """How often to look."""

    samples: int = 5


def measure_pages(home: BenchHome, report: Report, *, plan: PagesPlan) -> Figures:
    """Return the pages' figures, in milliseconds. Raises RuntimeError where there is no browser."""
    pages_home = prepare_pages_home(home, prepare_site(home.folder), report)
    taken: dict[str, list[float]] = {}
    with _signed_in(pages_home, report) as (url, context):
        for visit in visits_of(pages_home.contact):
            report.step(f"pages, {home.count:,} events behind them: {visit.name}")
            for _ in range(plan.samples):
                for what, milliseconds in (_visit(context, url, visit) | _open_by_link(context, url, visit)).items():
                    taken.setdefault(f"pages_{visit.name}_{what}", []).append(milliseconds)
    report.step("pages: one of Streamlit with a line on it")
    taken["pages_empty_first_content"] = _visit_empty_page(pages_home, plan=plan)
    return _figures(taken) | {"pages_samples": plan.samples, "pages_history": home.count}


def _figures(taken: dict[str, list[float]]) -> Figures:
    figures: Figures = {}
    for name, values in taken.items():
        figures[f"{name}_ms"] = round(percentile(sorted(values), 50))
        figures[f"{name}_max_ms"] = round(max(values))
    return figures


def _visit(context: BrowserContext, url: str, visit: Visit) -> Figures:
    """Look at a page in a new tab, and do there what people do."""
    page = context.new_page()
    try:
        page.goto(f"{url}/{visit.address}", wait_until="commit")
        first_ms = _milliseconds_until(page, visit.first, since="navigation")
        act, changed = visit.prepare(page)
        act()
        return {"first_content": first_ms, "updated": _milliseconds_until(page, changed, since="act")}
    finally:
        page.close()


def _open_by_link(context: BrowserContext, url: str, visit: Visit) -> Figures:
    """Come to a page from another one of the same tab, as staff do all day."""
    if not visit.link:
        return {}
    start = INBOX if visit.address.startswith(AUTOMATIONS) else AUTOMATIONS
    page = context.new_page()
    try:
        page.goto(f"{url}/{start}?{urlsplit(visit.address).query}", wait_until="commit")
        _milliseconds_until(page, (START_SEEN[start],), since="navigation")
        page.get_by_role("link", name=visit.link).click()
        return {"opened": _milliseconds_until(page, visit.first, since="act")}
    finally:
        page.close()


def _visit_empty_page(pages_home: PagesHome, *, plan: PagesPlan) -> list[float]:
    """Return what a new tab takes of which next to nothing is ours, in milliseconds."""
    home = pages_home.site.home
    with dashboard_running(home=home, folder=home / "logs", app=_EMPTY_PAGE) as url, open_browser() as browser:
        context = open_context(browser)
        milliseconds = []
        for _ in range(plan.samples + 1):
            page = context.new_page()
            page.goto(url, wait_until="commit")
            milliseconds.append(_milliseconds_until(page, (EMPTY_PAGE_SEEN,), since="navigation"))
            page.close()
    # The first tab of a browser fetches and compiles; the others here are opened by a browser that has signed in.
    return milliseconds[1:]


def _milliseconds_until(page: Page, wanted: tuple[Seen, ...], *, since: str) -> float:
    argument = {"wanted": [each._asdict() for each in wanted], "since": since}
    return float(page.wait_for_function(_SEEN_AT, arg=argument).json_value())


@contextlib.contextmanager
def _signed_in(pages_home: PagesHome, report: Report) -> Iterator[tuple[str, BrowserContext]]:
    """Run receiver, dashboard and Chromium; give the dashboard's address, and a browser signed in to everything."""
    port = free_port()
    site = replace(pages_home.site, environ={**pages_home.site.environ, "FRONTDESK_DASHBOARD_PORT": str(port)})
    report.step("pages: starting receiver, dashboard and browser")
    with (
        running_receiver(site),
        dashboard_running(home=site.home, folder=site.home / "logs", environment=site.environ, port=port) as url,
        open_browser() as browser,
    ):
        context = open_context(browser)
        page = context.new_page()
        sign_in_at(url, page, email=EMAIL, password=PASSWORD, name=NAME)
        page.close()
        context.add_init_script(_NOTE_ACTS)
        yield url, context


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """Run Chromium for a block. Raises RuntimeError where there is none."""
    executable = find_browser()
    if executable is None:
        raise RuntimeError("no Chromium on the PATH: install it to measure pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()


def open_context(browser: Browser) -> BrowserContext:
    """Return a session of a browser, as somebody who was never there."""
    context = browser.new_context(viewport=_VIEWPORT)
    context.set_default_timeout(_TIMEOUT_MS)
    return context
