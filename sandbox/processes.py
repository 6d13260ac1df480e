"""Frontdesk's processes, as the demo starts and stops them: from outside, by their command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

_READY_TIMEOUT_S = 180.0
_POLL_S = 0.2
_STOP_TIMEOUT_S = 60.0
_LAST_LINES = 25


class ProcessError(Exception):
    """A process did not do what the demo needs; the message says which, why and where its output is."""


def frontdesk_command(*arguments: str) -> list[str]:
    """Return the command line of the `frontdesk` that is installed beside this Python."""
    return [str(Path(sys.executable).with_name("frontdesk")), *arguments]


def check_port_free(host: str, port: int, variable: str) -> None:
    """Raise ProcessError if somebody listens there already."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            raise ProcessError(f"port {port} is taken; stop what listens there, or set {variable} to another port")


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C while inside, so that what was started is stopped on the way out."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def running(arguments: list[str], *, environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in the background while inside; afterwards end it as Ctrl-C would, and wait for it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches the demo, which then ends the others in order.
        process = subprocess.Popen(
            arguments, env=dict(environ), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            _stop(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Return once the address answers 200. Raises ProcessError if the process ends first, or after three minutes."""
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProcessError(f"it ended with status {process.returncode} before it was ready:\n{tail(log)}")
        if _answers(url):
            return
        time.sleep(_POLL_S)
    raise ProcessError(f"{url} was not ready within {_READY_TIMEOUT_S:g} s:\n{tail(log)}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False  # not listening yet


def run_to_end(arguments: list[str], *, environ: Mapping[str, str]) -> None:
    """Run a process in the foreground. Raises ProcessError unless it ends with status 0."""
    status = subprocess.run(arguments, env=dict(environ), check=False).returncode
    if status != 0:
        raise ProcessError(f"`{Path(arguments[0]).name} {' '.join(arguments[1:])}` ended with status {status}")


def tail(log: Path) -> str:
    """Return the last lines of a log, and where it is."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join([*lines[-_LAST_LINES:], f"(all of it: {log})"])


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # Its whole session, so that nothing of it goes on holding ports and files.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
