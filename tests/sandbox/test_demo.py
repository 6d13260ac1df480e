"""The demo's parts around the story: its home, the processes it starts, the summary it ends with."""

from __future__ import annotations

import io
import os
import re
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from sandbox.commands import app
from sandbox.demo import default_home, prepare_demo
from sandbox.demo_home import story_end
from sandbox.processes import ProcessError, check_port_free, run_to_end, running, tail, wait_until_ready
from sandbox.summary import Published, build_tables, find_shortfalls, read_published
from sandbox.tally import ACCEPTED, DUPLICATE, REFUSED, TAKEN, UNDELIVERED, Tally
from tests.sandbox.conftest import TENANTS_DIR

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
_SERVE = """
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("asked to end", flush=True), os._exit(0)))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_home_remembers_when_its_story_ends(tmp_path: Path) -> None:
    first = story_end(tmp_path, seed=1, scale=1.0, now=NOON)

    assert first == NOON
    assert story_end(tmp_path, seed=1, scale=1.0, now=NOON + timedelta(days=3)) == first
    assert story_end(tmp_path, seed=2, scale=1.0, now=NOON + timedelta(days=3)) == NOON + timedelta(days=3)


def test_frontdesk_home_is_the_default_home() -> None:
    assert default_home({"FRONTDESK_HOME": "/srv/demo"}) == Path("/srv/demo")
    assert default_home({}) == Path("data/demo")


def test_processes_get_the_homes_secrets_and_addresses(tmp_path: Path) -> None:
    environ = {"FRONTDESK_TENANTS_DIR": str(TENANTS_DIR), "FRONTDESK_RECEIVER_PORT": "8123", "LANG": "C"}

    demo = prepare_demo(tmp_path / "home", seed=1, scale=1.0, environ=environ)

    assert demo.receiver_url == "http://127.0.0.1:8123"
    assert demo.environ["FRONTDESK_PUBLIC_URL"] == demo.receiver.public_url == demo.receiver_url
    assert demo.environ["FRONTDESK_HOME"] == str(tmp_path / "home")
    assert demo.environ["FRONTDESK_HMNP_PROOF_API_KEY"] == demo.receiver.secrets["hmnp"]["PROOF_API_KEY"]
    assert demo.environ["LANG"] == "C"


def test_a_process_is_awaited_and_ended_as_by_ctrl_c(tmp_path: Path, free_port: int) -> None:
    log = tmp_path / "logs" / "server.log"

    with running([sys.executable, "-c", _SERVE, str(free_port)], environ=os.environ, log=log) as process:
        wait_until_ready(f"http://127.0.0.1:{free_port}/readyz", process, log=log)
        with pytest.raises(ProcessError, match=f"port {free_port} is taken; .* set SOME_PORT"):
            check_port_free("127.0.0.1", free_port, "SOME_PORT")

    assert process.returncode == 0
    assert "asked to end" in tail(log)
    check_port_free("127.0.0.1", free_port, "SOME_PORT")


def test_a_process_that_ends_too_soon_is_told_with_its_last_words(tmp_path: Path, free_port: int) -> None:
    log = tmp_path / "server.log"
    arguments = [sys.executable, "-c", "import sys; sys.exit('no such tenant')"]

    with (
        running(arguments, environ=os.environ, log=log) as process,
        pytest.raises(ProcessError, match=r"status 1 before it was ready:\nno such tenant"),
    ):
        wait_until_ready(f"http://127.0.0.1:{free_port}/readyz", process, log=log)


def test_a_failing_command_is_an_error() -> None:
    with pytest.raises(ProcessError, match="ended with status 3"):
        run_to_end([sys.executable, "-c", "raise SystemExit(3)"], environ=os.environ)


@pytest.fixture
def published_file(tmp_path: Path) -> Path:
    path = tmp_path / "analytics.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema reports")
        connection.execute("create table marts.dim_tenants as select 'acme' as tenant_id, 'AUD' as currency")
        connection.execute("insert into marts.dim_tenants values ('idle', 'USD')")
        connection.execute("create table marts.dim_contacts as select 'acme' as tenant_id from range(3)")
        connection.execute("create table marts.fct_bookings as from marts.dim_contacts")
        connection.execute("create table marts.fct_messages as from marts.dim_contacts")
        connection.execute("create table marts.fct_touchpoints as from marts.dim_contacts")
        connection.execute(
            "create table marts.fct_source_activity as"
            " select 'acme' as tenant_id, unnest([4, 6])::bigint as count_events"
        )
        connection.execute(
            "create table marts.fct_payments as select 'acme' as tenant_id, * from (values"
            " (9000::bigint, 8000::bigint, now()), (5000, 0, null)) as v(amount_minor, net_minor, succeeded_at)"
        )
        connection.execute(
            "create table reports.rpt_freshness as"
            " select 12::bigint as modelled_sequence, timestamptz '2026-11-01 12:00:00+00' as published_at"
        )
    return path


def test_the_summary_reads_the_published_file(published_file: Path) -> None:
    published = read_published(published_file)

    assert published.modelled_sequence == 12
    assert published.published_at == NOON
    acme, idle = published.tenants
    assert (acme.tenant, acme.events, acme.contacts, acme.payments, acme.revenue_minor) == ("acme", 10, 3, 2, 8000)
    assert (idle.tenant, idle.events, idle.contacts, idle.revenue_minor) == ("idle", 0, 0, 0)


def test_the_tables_show_each_tenant_and_the_sums(published_file: Path) -> None:
    tally = Tally()
    for outcome, count in ((ACCEPTED, 6), (TAKEN, 1), (DUPLICATE, 2), (REFUSED, 1), (UNDELIVERED, 2)):
        tally.add("acme", "stripe", outcome, count)
    console = Console(width=80, record=True, file=io.StringIO())

    for table in build_tables(read_published(published_file), tally):
        console.print(table)

    lines = [re.split(r"\s{2,}", line.strip()) for line in console.export_text().splitlines()]
    assert ["acme", "12", "7", "2", "3", "10"] in lines
    assert ["all", "12", "7", "2", "3", "10"] in lines
    assert ["acme", "3", "3", "2", "3", "3", "80 AUD"] in lines


def _tally(accepted: int, last_sequence: int) -> Tally:
    tally = Tally(last_sequence=last_sequence)
    tally.add("acme", "stripe", ACCEPTED, accepted)
    return tally


def test_all_modelled_is_no_shortfall(published_file: Path) -> None:
    assert find_shortfalls(read_published(published_file), _tally(10, 11), log_sequence=12) == []


@pytest.mark.parametrize(
    ("tally", "log_sequence", "reason"),
    [
        (_tally(10, 11), 13, "the model ends at event 12, the log at 13"),
        (_tally(10, 15), 12, "the model ends at event 12, the log at 15"),
        (_tally(11, 12), 12, "the log has 10 modelled events, 11 were accepted"),
    ],
)
def test_what_is_not_modelled_is_a_shortfall(
    published_file: Path, tally: Tally, log_sequence: int, reason: str
) -> None:
    assert find_shortfalls(read_published(published_file), tally, log_sequence=log_sequence) == [reason]


def test_what_was_not_taken_is_a_shortfall() -> None:
    tally = Tally()
    tally.add("acme", "stripe", REFUSED, 2)
    tally.add("acme", "wix", UNDELIVERED)

    shortfalls = find_shortfalls(Published(0, NOON, ()), tally, log_sequence=0)

    assert shortfalls == ["2 deliveries were refused", "1 deliveries were undelivered"]


def test_a_taken_port_ends_the_demo_with_the_remedy(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS_DIR))
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", str(free_port))
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        arguments = ["demo", "--once", "--scale", "0.001", "--home", str(tmp_path)]
        result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 1
    assert "set FRONTDESK_RECEIVER_PORT to another port" in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["--tenant", "noizylab", "--source", "wix"], "noizylab has no source wix"),
        (["--tenant", "acme"], "tenants are avatar-imaging, hmnp"),
        (["--tenant", "hmnp", "--source", "gohighlevel"], "start `frontdesk demo` in another terminal"),
    ],
)
def test_a_sample_that_can_not_be_sent_says_why(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch, arguments: list[str], remedy: str
) -> None:
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS_DIR))
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", str(free_port))

    result = CliRunner().invoke(app, ["send", *arguments, "--home", str(tmp_path)])

    assert result.exit_code == 1
    assert remedy in result.output.replace("\n", " ")
