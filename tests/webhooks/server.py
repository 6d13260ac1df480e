"""Real servers: uvicorn in a thread, or the receiver's own process, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from frontdesk.core.serving.connections import ConnectionGuard, open_guard
from tests.webhooks.signing import TENANT, environment
from webhooks.app import Receiver

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def served(app: Receiver, *, connections: ConnectionGuard | None = None) -> Iterator[str]:
    """Serve the receiver as `frontdesk serve` does, in this process; yield its address."""
    connections = connections or open_guard()
    config = uvicorn.Config(
        app,
        port=0,
        http=connections.protocol,  # type: ignore[arg-type]
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class ReceiverProcess:
    """`python -m webhooks` over a folder of its own."""

    def __init__(self, home: Path, *, wrapper: str = "", environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._wrapper = wrapper
        self._environ = environ or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        code = f"{self._wrapper}\nimport runpy; runpy.run_module('webhooks', run_name='__main__')"
        environ = os.environ | environment() | {
            "FRONTDESK_HOME": str(self.home),
            "FRONTDESK_TENANTS_DIR": str(self.home / "tenants"),
            "FRONTDESK_RECEIVER_PORT": str(self.port),
            **self._environ,
        }  # fmt: skip
        with (self.home / "receiver.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code], env=environ, cwd=REPOSITORY, stderr=log, stdout=log
            )
        wait_for(self._answers)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)

    def terminate(self) -> int:
        """Ask it to end; return its exit status once it has."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=20)

    def signal_usr1(self) -> None:
        """Tell its wrapper."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.home / "receiver.log").read_text()
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False


def write_tenant(home: Path) -> None:
    """Write the file of one tenant that has Stripe and GoHighLevel."""
    (home / "tenants").mkdir(parents=True, exist_ok=True)
    (home / "tenants" / f"{TENANT}.yaml").write_text(TENANT_FILE)


@contextmanager
def process(home: Path, *, wrapper: str = "", environ: Mapping[str, str] | None = None) -> Iterator[ReceiverProcess]:
    """Run the receiver's process over the home; `environ` is added to what the tests' sources need."""
    write_tenant(home)
    running = ReceiverProcess(home, wrapper=wrapper, environ=environ)
    running.start()
    try:
        yield running
    finally:
        running.kill()


def wait_for(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Return once the condition holds; fail if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


TENANT_FILE = f"""
slug: {TENANT}
name: Salon
industry: hair
zone: America/Chicago
currency: USD
country: US
phone_calling_code: "1"
email: hello@salon.example
hours: {{}}
services:
  - {{key: cut, name: Cut, price: "40.00", duration_minutes: 30}}
pipelines:
  - {{key: sales, name: Sales, stages: [{{key: new, name: New}}]}}
sources:
  - name: stripe
    secrets: [STRIPE_WEBHOOK_SECRET]
  - name: gohighlevel
    secrets: [GOHIGHLEVEL_ED25519_PUBLIC_KEY]
"""
