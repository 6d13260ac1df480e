"""Keeps one part up: starts it, waits until it is ready, starts it again when it ends."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from frontdesk.core.running.output import OutputLog
from frontdesk.core.running.parts import Part
from frontdesk.core.running.process import PartProcess
from frontdesk.core.running.run_files import RunFiles

#: Time to become ready: Dagster's first start compiles the dbt project.
READY_TIMEOUT_S = 300.0
#: Up for this long means that the trouble is over: the next wait is the shortest again.
_STEADY_S = 60.0
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_POLL_S = 0.2
_PROBE_TIMEOUT_S = 2.0
#: For so long a part that nobody needs at once leaves the processors to one that everybody waits for.
_GIVES_WAY_S = 10.0
#: What listens for others notices so soon that all is to stop.
_LISTENS_S = 1.0


class State(StrEnum):
    """Where a part is."""

    WAITING = "waiting"
    LISTENING = "listening"  #: for somebody who needs it
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something a person may want to know about a part."""

    part: Part
    state: State
    after_s: float = 0.0  #: READY: how long the start took
    reason: str = ""  #: FAILED: what happened
    last_lines: tuple[str, ...] = ()  #: FAILED: what the process said last
    retry_in_s: float = 0.0  #: FAILED: when it is started again


class PartSupervisor:
    """Runs a part in a thread of its own until `stopping` is set."""

    def __init__(
        self,
        part: Part,
        *,
        log: OutputLog,
        run_files: RunFiles,
        stopping: threading.Event,
        on_change: Callable[[Change], None],
        on_line: Callable[[Part, str], None],
    ) -> None:
        self.part = part
        self.state = State.WAITING
        self.was_ready = threading.Event()
        self.count_failed_starts = 0  #: in a row, before it was ever ready
        self._log = log
        self._run_files = run_files
        self._stopping = stopping
        self._on_change = on_change
        self._on_line = on_line
        self._after: threading.Event | None = None
        self._thread = threading.Thread(target=self._run, name=part.name)

    def start(self, *, after: threading.Event | None) -> None:
        """Begin once `after` is set; a part that only gives way waits for some seconds at most."""
        self._after = after
        self._thread.start()

    def join(self) -> None:
        """Wait until the process has ended after `stopping` was set."""
        self._thread.join()

    def _run(self) -> None:
        with self._opened_listener() as listener:
            place = 0
            while self._wait_until_needed(listener):
                ready_for = self._run_once(retry_in_s=_WAITS_S[place], listener=listener)
                if self._stopping.is_set():
                    break
                if self.state is not State.FAILED:
                    continue  # nobody needed it any more
                self._stopping.wait(_WAITS_S[place])
                place = 0 if ready_for > _STEADY_S else min(place + 1, len(_WAITS_S) - 1)
        self._log.close()
        self._change(Change(part=self.part, state=State.STOPPED))

    def _opened_listener(self) -> AbstractContextManager[socket.socket | None]:
        if not self.part.is_on_demand or self.part.port is None:
            return nullcontext()
        family = socket.AF_INET6 if ":" in self.part.host else socket.AF_INET
        return socket.create_server((self.part.host, self.part.port), family=family)

    def _wait_until_needed(self, listener: socket.socket | None) -> bool:
        """Return once somebody connects, and what comes first is ready; return False if all is to stop before."""
        if listener is not None:
            self._change(Change(part=self.part, state=State.LISTENING))
            while not self._stopping.is_set() and not select.select([listener], [], [], _LISTENS_S)[0]:
                continue
        gives_up_at = math.inf if self.part.after is not None else time.monotonic() + _GIVES_WAY_S
        while not self._stopping.is_set():
            if self._after is None or self._after.wait(_POLL_S) or time.monotonic() >= gives_up_at:
                return not self._stopping.is_set()
        return False

    def _run_once(self, *, retry_in_s: float, listener: socket.socket | None) -> float:
        """Run the process until it ends or is to stop; return for how many seconds it was ready."""
        self._change(Change(part=self.part, state=State.STARTING))
        began = time.monotonic()
        try:
            process = PartProcess(
                self.part, log=self._log, on_line=lambda line: self._on_line(self.part, line), listener=listener
            )
        except OSError as error:
            self._fail(f"can't be started: {error}", retry_in_s=retry_in_s)
            return 0.0
        self._run_files.add(self.part.name, process.pid)
        ready_at: float | None = None
        reason = ""
        while not self._stopping.is_set() and process.status is None:
            if ready_at is None and self._is_ready(process):
                ready_at = time.monotonic()
                self._change(Change(part=self.part, state=State.READY, after_s=ready_at - began))
                self.was_ready.set()
            if ready_at is None and time.monotonic() - began > READY_TIMEOUT_S:
                reason = f"was not ready after {READY_TIMEOUT_S:g} s"
                break
            self._stopping.wait(_POLL_S)
        status = process.status
        was_gentle = process.stop()
        self._run_files.remove(self.part.name)
        if not self._stopping.is_set() and not (self.part.is_on_demand and ready_at is not None and status == 0):
            self._fail(reason or _describe_status(status), retry_in_s=retry_in_s)
        elif not was_gentle:
            self._on_line(self.part, f"(did not end within {self.part.grace_s:g} s and was killed)")
        return 0.0 if ready_at is None else time.monotonic() - ready_at

    def _is_ready(self, process: PartProcess) -> bool:
        if self.part.ready_line:
            return process.is_announced.is_set()
        return _answers(self.part.ready_url)

    def _fail(self, reason: str, *, retry_in_s: float) -> None:
        if not self.was_ready.is_set():
            self.count_failed_starts += 1
        lines = tuple(self._log.last_lines())
        self._change(
            Change(part=self.part, state=State.FAILED, reason=reason, last_lines=lines, retry_in_s=retry_in_s)
        )

    def _change(self, change: Change) -> None:
        self.state = change.state
        self._on_change(change)


def _answers(url: str) -> bool:
    """Tell whether an address of this machine answers that all is well."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False  # not listening yet
    finally:
        connection.close()


def _describe_status(status: int | None) -> str:
    if status is None:
        return "ended"
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
