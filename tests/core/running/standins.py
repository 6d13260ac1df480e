"""Small processes that stand in for Frontdesk's own, and what watches them."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from rich.console import Console

from frontdesk.core.running.part_supervisor import Change, State
from frontdesk.core.running.parts import Part
from frontdesk.core.running.screen import Screen

SERVE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
print("\\x1b[32mlistening\\x1b[0m", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
#: Serves on the socket that it is given until /end is asked for, and then ends as one that nobody needs any more.
SERVE_GIVEN = """
import http.server, socket, sys
number = int(next(each for each in sys.argv if each.startswith("--listener=")).partition("=")[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.server.is_over = self.path == "/end"
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=number)
server.is_over = False
while not server.is_over:
    server.handle_request()
"""
SAY_AND_WAIT = "import time; print('here I am', flush=True); time.sleep(600)"
FAIL = "import sys; print('the settings are wrong', flush=True); sys.exit(3)"
#: Ignores SIGTERM, and has a child that does so too; prints both ids.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def part(name: str, script: str, *arguments: str, **changes: Any) -> Part:
    values: dict[str, Any] = {
        "name": name,
        "group": "dagster",
        "command": (sys.executable, "-c", script, *arguments),
        "environ": dict(os.environ),
    }
    return Part(**(values | changes))


def server(name: str, **changes: Any) -> Part:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    return part(name, SERVE, str(port), **({"port": port, "url": url, "ready_url": f"{url}/healthz"} | changes))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, timeout: float = 20) -> None:
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, "the condition did not come true in time"
        sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class RecordingScreen(Screen):
    """Keeps every change, and what was shown."""

    def __init__(self, logs: Path) -> None:
        self.shown = io.StringIO()
        super().__init__(Console(file=self.shown, width=200), logs=logs, shows_output=False)
        self.changes: list[Change] = []

    def show_change(self, change: Change) -> None:
        self.changes.append(change)
        super().show_change(change)

    def count(self, name: str, state: State) -> int:
        return sum(change.part.name == name and change.state is state for change in self.changes)
