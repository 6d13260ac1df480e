"""Starts the dashboard as staff get it, in a process of its own, and finds the browser to look at it with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.dashboard.receivers import Beside, receiver_beside

APP = Path(__file__).parents[2] / "dashboard" / "frame" / "server.py"
START_TIMEOUT_SECONDS = 60.0
BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """Return the path of Chromium (or Chrome), None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def dashboard_running(
    *,
    home: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    app: Path = APP,
) -> Iterator[str]:
    """Run the dashboard over a home, from another current directory; give its address, and end it afterwards.

    `folder` takes its log, `dashboard.log`; `app` may be another than ours. Raises RuntimeError with the log where it
    does not start.
    """
    port = port or find_free_port()
    log = folder / "dashboard.log"
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {}), "FRONTDESK_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=START_TIMEOUT_SECONDS)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=2.0).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


@contextmanager
def site_running(*, home: Path, folder: Path) -> Iterator[tuple[Beside, str]]:
    """Run a receiver and a dashboard over a home; give the receiver, and the dashboard's address."""
    port = find_free_port()
    with (
        receiver_beside(home, dashboard_port=port) as beside,
        dashboard_running(home=home, folder=folder, environment=beside.environment, port=port) as url,
    ):
        yield beside, url
