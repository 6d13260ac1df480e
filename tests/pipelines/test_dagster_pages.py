"""Dagster's pages as `frontdesk up` serves them: nothing is changed through them, least of all from another site."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from dagster import DagsterInstance

from frontdesk.core.serving.site_protection import Receive, Scope, Send
from pipelines.dagster_pages import OpenRequests, end_when_idle
from tests.browser.servers import find_browser
from tests.core.running.standins import free_port
from tests.webhooks.server import wait_for

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
CODE = """
import dagster

@dagster.sensor(name="watch", default_status=dagster.DefaultSensorStatus.RUNNING, target="*")
def watch(_):
    return dagster.SkipReason("nothing")

@dagster.op
def nothing():
    pass

@dagster.job
def idle():
    nothing()

defs = dagster.Definitions(jobs=[idle], sensors=[watch])
"""
WORKSPACE = "load_from: [{python_file: {relative_path: code.py, location_name: frontdesk}}]\n"
LAUNCH = """mutation { launchRun(executionParams: {
  selector: {repositoryLocationName: "frontdesk", repositoryName: "__repository__", jobName: "idle"},
  runConfigData: "{}"}) { __typename } }"""
RELOAD = 'mutation { reloadRepositoryLocation(repositoryLocationName: "frontdesk") { __typename } }'
RESTART = 'mutation { shutdownRepositoryLocation(repositoryLocationName: "frontdesk") { __typename } }'
STOP = """mutation { startSensor(sensorSelector: {
  repositoryLocationName: "frontdesk", repositoryName: "__repository__", sensorName: "watch"}) { __typename } }"""
QUERY = "query { version }"


@contextmanager
def pages(folder: Path, **environ: str) -> Iterator[str]:
    """Serve them over a code location of one job and one sensor; yield their address."""
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    (folder / "workspace.yaml").write_text(WORKSPACE, encoding="utf-8")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "pipelines.dagster_pages", "--workspace", str(folder / "workspace.yaml")]
    own = {"DAGSTER_HOME": str(folder), "FRONTDESK_DAGSTER_PORT": str(port), "FRONTDESK_HOME": str(folder)}
    with (folder / "pages.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **own, **environ}, stdout=log, stderr=subprocess.STDOUT
        )
        url = f"http://127.0.0.1:{port}"

        def is_ready() -> bool:
            assert process.poll() is None, (folder / "pages.log").read_text(encoding="utf-8")
            try:
                return httpx.get(f"{url}/server_info").is_success
            except httpx.TransportError:
                return False

        try:
            wait_for(is_ready, seconds=90)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def ask(url: str, query: str, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/graphql", json={"query": query}, headers=headers, timeout=60)


def count_runs(folder: Path) -> int:
    with DagsterInstance.from_config(str(folder)) as instance:
        return instance.get_runs_count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dagster")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with pages(folder) as address:
        yield address


@pytest.mark.parametrize("mutation", [LAUNCH, RELOAD, RESTART, STOP])
def test_nothing_can_be_changed(url: str, folder: Path, mutation: str) -> None:
    origins: list[dict[str, str]] = [{}, {"Origin": url}]
    for headers in origins:
        answer: dict[str, Any] = ask(url, mutation, **headers).json()
        [outcome] = answer["data"].values()
        assert outcome["__typename"] == "UnauthorizedError"
    assert count_runs(folder) == 0


@pytest.mark.parametrize("mutation", [LAUNCH, RESTART])
def test_get_asks_nothing(url: str, mutation: str) -> None:
    for accept in ("*/*", "image/avif,image/*", "text/html"):
        answer = httpx.get(f"{url}/graphql", params={"query": mutation}, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_another_sites_page_gets_nothing(url: str) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://["):
        assert ask(url, QUERY, Origin=origin).status_code == 403
    plain = httpx.post(f"{url}/graphql", params={"query": LAUNCH}, headers={"Origin": "https://evil.example"})
    assert plain.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:3000", "a@127.0.0.1", "", "["])
def test_a_strangers_name_that_points_here_gets_nothing(url: str, host: str) -> None:
    assert ask(url, QUERY, Host=host).status_code in (400, 421)
    assert httpx.get(url, headers={"Host": host}).status_code in (400, 421)


def test_the_pages_own_requests_are_answered(url: str) -> None:
    assert ask(url, QUERY, Origin=url).json()["data"]["version"]
    port = url.rpartition(":")[2]
    assert httpx.get(url, headers={"Host": f"localhost:{port}"}).status_code == 200
    page = httpx.get(url)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert any("frame-ancestors 'none'" in policy for policy in page.headers.get_list("content-security-policy"))
    assert page.headers["cache-control"] == "no-store"


def test_a_socket_of_another_site_is_not_opened(url: str) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "graphql-ws",
    }
    for foreign in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert httpx.get(f"{url}/graphql", headers={**upgrade, **foreign}).status_code == 403
    with httpx.stream("GET", f"{url}/graphql", headers={**upgrade, "Origin": url}) as answer:
        assert answer.status_code == 101


@pytest.mark.browser
def test_the_pages_load_in_a_browser(url: str) -> None:
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome here")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        refused: list[int] = []
        page.on("response", lambda answer: refused.append(answer.status) if answer.status >= 400 else None)
        page.goto(f"{url}/automation")
        page.get_by_text("watch", exact=True).first.wait_for(timeout=60_000)
        browser.close()
    assert refused == []


@pytest.mark.slow
def test_with_a_password_who_knows_it_may_change_things(tmp_path: Path) -> None:
    with pages(tmp_path, FRONTDESK_DAGSTER_PASSWORD=PASSWORD) as url:
        basic = httpx.BasicAuth("frontdesk", PASSWORD)
        assert ask(url, QUERY).status_code == 401
        assert httpx.get(url).headers["www-authenticate"].startswith("Basic")
        wrong = httpx.post(f"{url}/graphql", json={"query": QUERY}, auth=("frontdesk", "guess"))
        assert wrong.status_code == 401
        foreign = httpx.post(
            f"{url}/graphql", json={"query": LAUNCH}, auth=basic, headers={"Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403
        launched = httpx.post(f"{url}/graphql", json={"query": LAUNCH}, auth=basic, timeout=60)
        assert launched.json()["data"]["launchRun"]["__typename"] == "LaunchRunSuccess"
        assert count_runs(tmp_path) == 1


def test_pages_that_nobody_has_open_end_after_a_while() -> None:
    now = [0.0]
    server = uvicorn.Server(uvicorn.Config(lambda: None))

    async def pages(_scope: Scope, _receive: Receive, _send: Send) -> None:
        now[0] += 10_000  # somebody follows what happens, for hours
        await end_when_idle(server, requests)

    async def receive() -> dict[str, object]:
        return {}

    async def send(_message: object) -> None:
        return

    requests = OpenRequests(pages, now=lambda: now[0])
    asyncio.run(requests({"type": "websocket"}, receive, send))
    assert not server.should_exit

    now[0] += 600
    asyncio.run(end_when_idle(server, requests))
    assert not server.should_exit
    now[0] += 600
    asyncio.run(end_when_idle(server, requests))
    assert server.should_exit
