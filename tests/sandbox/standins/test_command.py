"""`frontdesk sandbox` as a process of its own."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import httpx
from typer.testing import CliRunner

from sandbox.commands import app
from sandbox.processes import frontdesk_command, running, wait_until_ready

TENANTS_DIR = Path(__file__).parents[3] / "tenants"


def test_it_serves_the_businesses_of_the_home_until_it_is_stopped(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = {**os.environ, "FRONTDESK_SANDBOX_PORT": str(port), "FRONTDESK_TENANTS_DIR": str(TENANTS_DIR)}
    log = tmp_path / "sandbox.log"
    with running(frontdesk_command("sandbox", "--home", str(tmp_path)), environ=environ, log=log) as process:
        wait_until_ready(f"http://127.0.0.1:{port}/", process, log=log)
        secrets = json.loads((tmp_path / "sandbox-secrets.json").read_text(encoding="utf-8"))["noizylab"]
        sid = secrets["TWILIO_ACCOUNT_SID"]
        url = f"http://127.0.0.1:{port}/2010-04-01/Accounts/{sid}/Messages.json"
        answer = httpx.get(url, auth=(sid, secrets["TWILIO_AUTH_TOKEN"]))
    assert (answer.status_code, answer.json()["messages"]) == (200, [])
    assert process.returncode == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"FRONTDESK_SANDBOX_PORT": str(port), "FRONTDESK_HOST": "127.0.0.1"}
        result = CliRunner().invoke(app, ["sandbox", "--home", str(tmp_path)], env=environ)
    assert result.exit_code == 1
    assert f"port {port} is taken" in result.output
    assert "FRONTDESK_SANDBOX_PORT" in result.output
