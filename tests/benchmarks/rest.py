"""Rest: what `frontdesk up` holds and uses while nothing happens, and how soon after its start a text goes out."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

import httpx
from playwright.sync_api import Page, expect
from rich.table import Table

from sandbox.delivery import Attempt
from sandbox.processes import ProcessError, frontdesk_command, running, tail
from sandbox.providers import sign
from tests.benchmarks.figures import Figures, Report
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.pages import open_browser, open_context
from tests.benchmarks.pages_home import EMAIL, NAME, PASSWORD, prepare_pages_home
from tests.benchmarks.process_table import ProcessUse, read_uses
from tests.benchmarks.receiver import Site, free_port, prepare_site
from tests.benchmarks.running_system import running_stand_ins, with_stand_ins
from tests.benchmarks.texts import TWILIO_TENANT, make_payment
from tests.browser.signing_in import sign_in_at

_TIMEOUT_S = 300.0
_POLL_S = 0.02
_PORTS = ("FRONTDESK_RECEIVER_PORT", "FRONTDESK_DAGSTER_PORT", "FRONTDESK_DASHBOARD_PORT")


@dataclass(frozen=True, slots=True)
class RestPlan:
    """How often to start, and how long to look."""

    starts: int = 3
    looks_s: float = 60.0
    settles_s: float = 30.0  #: after a start, and after a page was opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    receiver_s: float  #: until the receiver took a delivery
    text_s: float  #: until the provider took its text


def measure_rest(home: BenchHome, report: Report, *, plan: RestPlan) -> Figures:
    """Return the figures of rest and start. Raises RuntimeError or ProcessError where something does not come up."""
    site = _with_ports(with_stand_ins(prepare_site(home.folder)))
    prepare_pages_home(home, site, report)
    with running_stand_ins(site) as sandbox_url:
        starts = []
        for number in range(plan.starts):
            report.step(f"rest, {home.count:,} events behind it: start {number + 1} of {plan.starts}")
            with _running_up(site) as up:
                starts.append(_measure_start(up, site, sandbox_url=sandbox_url))
        with _running_up(site) as up:
            _wait_until_up(up, site)
            report.step(f"rest: nothing happens for {plan.looks_s:g} s")
            idle = _look(up, site, plan=plan)
            report.step(f"rest: one tab is open on Today for {plan.looks_s:g} s")
            with _today_open(site):
                opened = _look(up, site, plan=plan)
    report.console.print(_table({"nothing happens": idle, "Today is open": opened}))
    return {
        **_figures_of(idle, "idle", plan=plan),
        **_figures_of(opened, "today", plan=plan),
        "start_receiver_s": round(median(start.receiver_s for start in starts), 2),
        "start_first_text_s": round(median(start.text_s for start in starts), 2),
        "start_first_text_max_s": round(max(start.text_s for start in starts), 2),
        "rest_history": home.count,
    }


def _with_ports(site: Site) -> Site:
    ports = {variable: str(free_port()) for variable in _PORTS}
    port = ports["FRONTDESK_RECEIVER_PORT"]
    environ = {**site.environ, **ports, "FRONTDESK_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    return replace(site, port=int(port), environ=environ)


@contextmanager
def _running_up(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    with running(frontdesk_command("up"), environ=site.environ, log=site.home / "logs" / "up.log") as process:
        yield process


def _measure_start(up: subprocess.Popen[bytes], site: Site, *, sandbox_url: str) -> _Start:
    """Post a payment as soon as anybody takes it, and wait until its text is accepted."""
    began, began_at = time.monotonic(), datetime.now(UTC)
    tenant, delivery, addresses = make_payment(f"start/{time.time_ns()}", began_at)
    attempt = Attempt(site.secrets[tenant], now=began_at, public_url=site.public_url)
    request = sign(delivery, attempt)
    for _ in _tries(up, site, what="the receiver takes a delivery"):
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
        try:
            connection.request("POST", request.path, body=request.body, headers=dict(request.headers))
            if connection.getresponse().status == http.client.OK:
                break
        except OSError:
            continue  # not listening yet
        finally:
            connection.close()
    receiver_s = time.monotonic() - began
    for _ in _tries(up, site, what="the text is accepted"):
        entries = httpx.get(f"{sandbox_url}/control/ledger").json()["entries"]
        accepted = [entry["accepted_at"] for entry in entries if entry["recipient"] == addresses[0]]
        if accepted:
            text_s = (datetime.fromisoformat(accepted[0]) - began_at).total_seconds()
            return _Start(receiver_s=receiver_s, text_s=text_s)
    raise RuntimeError(f"{TWILIO_TENANT} got no text")


def _wait_until_up(up: subprocess.Popen[bytes], site: Site) -> None:
    # Not Dagster's pages: who asks for them starts them.
    paths = {"RECEIVER": "/readyz", "DASHBOARD": "/_stcore/health"}
    addresses = [f"http://127.0.0.1:{site.environ[f'FRONTDESK_{name}_PORT']}{path}" for name, path in paths.items()]
    for _ in _tries(up, site, what="all parts answer"):
        if all(_answers(address) for address in addresses):
            return


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.TransportError:
        return False


def _tries(up: subprocess.Popen[bytes], site: Site, *, what: str) -> Iterator[None]:
    deadline = time.monotonic() + _TIMEOUT_S
    log = site.home / "logs" / "up.log"
    while time.monotonic() < deadline:
        if up.poll() is not None:
            raise ProcessError(f"`frontdesk up` ended with status {up.returncode}:\n{tail(log)}")
        yield
        time.sleep(_POLL_S)
    raise RuntimeError(f"not within {_TIMEOUT_S:g} s: {what}:\n{tail(log)}")


def _look(up: subprocess.Popen[bytes], site: Site, *, plan: RestPlan) -> dict[str, ProcessUse]:
    """Return what each part holds, and what it used meanwhile."""
    time.sleep(plan.settles_s)
    before = read_uses(up.pid, home=site.home)
    time.sleep(plan.looks_s)
    after = read_uses(up.pid, home=site.home)
    return {
        name: replace(use, cpu_s=use.cpu_s - before[name].cpu_s if name in before else use.cpu_s)
        for name, use in after.items()
    }


@contextmanager
def _today_open(site: Site) -> Iterator[Page]:
    url = f"http://127.0.0.1:{site.environ['FRONTDESK_DASHBOARD_PORT']}"
    with open_browser() as browser:
        page = open_context(browser).new_page()
        sign_in_at(url, page, email=EMAIL, password=PASSWORD, name=NAME)
        page.goto(url)
        expect(page.get_by_text("Done today")).to_be_visible()
        yield page


def _figures_of(uses: Mapping[str, ProcessUse], name: str, *, plan: RestPlan) -> Figures:
    return {
        f"rest_{name}_pss_mb": round(sum(use.pss_mb for use in uses.values())),
        f"rest_{name}_rss_mb": round(sum(use.rss_mb for use in uses.values())),
        f"rest_{name}_cpu_s_a_minute": round(sum(use.cpu_s for use in uses.values()) * 60 / plan.looks_s, 2),
    }


def _table(looks: Mapping[str, Mapping[str, ProcessUse]]) -> Table:
    table = Table("part", title="At rest")
    for look in looks:
        for what in ("PSS MB", "RSS MB", "CPU s"):
            table.add_column(f"{look}: {what}", justify="right")
    for name in sorted({name for uses in looks.values() for name in uses}):
        cells: list[str] = []
        for uses in looks.values():
            use = uses.get(name)
            cells += [f"{use.pss_mb:,.0f}", f"{use.rss_mb:,.0f}", f"{use.cpu_s:.2f}"] if use else [""] * 3
        table.add_row(name, *cells)
    return table
