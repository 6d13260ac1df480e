"""HTTP connections that nobody can hold for nothing: deadlines for head and body, a bounded head, room for the next.

uvicorn has a time-out for idle connections only. This is its own protocol with deadlines, which one sweep a second
looks at: a timer for each request would cost every delivery, and this costs next to none.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from frontdesk.core.serving.problems import problem_body

#: A body has to come at so many bytes a second on the whole, but for its pauses.
MIN_BODY_RATE = 1_024
#: Request line, headers and cookies together: four times what browsers and providers send.
MAX_HEAD_BYTES = 32_768
MAX_HEADERS = 100
#: Descriptors that are no connections: databases, files, libraries.
_RESERVED_DESCRIPTORS = 200
MAX_CONNECTIONS = 16_384
_WANTED_DESCRIPTORS = MAX_CONNECTIONS + _RESERVED_DESCRIPTORS
_SWEEP_S = 1.0
#: Of the connections that wait, so many are let go at once, so that looking for them is cheap for each new one.
_EVICTED_SHARE = 32


@dataclass(slots=True, kw_only=True)
class ConnectionGuard:
    """The connections of one server, whom it lets go, and how often it did."""

    max_connections: int
    head_s: float = 10.0  #: a genuine head comes in one packet; over a bad line it may take some seconds
    body_pause_s: float = 10.0  #: a body may pause for so long
    answer_s: float = 60.0  #: a client that takes nothing of its answer for so long is let go
    connections: set[GuardedProtocol] = field(default_factory=set)
    count_timed_out: int = 0
    count_evicted: int = 0
    _by_client: Counter[str] = field(default_factory=Counter)
    _sweeping: asyncio.TimerHandle | None = None

    @property
    def backlog(self) -> int:
        """How many may wait to be accepted: as few as can be accepted at once without letting go of one another."""
        return max(16, min(4_096, self.max_connections // 4))

    def protocol(self, *args: Any, **kwargs: Any) -> GuardedProtocol:
        """Return the protocol of one new connection; this method is what uvicorn is given as its protocol class."""
        return GuardedProtocol(*args, guard=self, **kwargs)

    def add(self, connection: GuardedProtocol) -> None:
        """Take a new connection in; if there are too many, those go that wait longest of the busiest client."""
        self.connections.add(connection)
        self._by_client[connection.client_name] += 1
        if len(self.connections) > self.max_connections:
            self._evict(sparing=connection)
        if self._sweeping is None:
            self._sweeping = connection.loop.call_later(_SWEEP_S, self._sweep, connection.loop)

    def remove(self, connection: GuardedProtocol) -> None:
        """Forget a connection that is closed."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._by_client[connection.client_name] -= 1
            if not self._by_client[connection.client_name]:
                del self._by_client[connection.client_name]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [each for each in self.connections if each.is_overdue(now)]:
            self.count_timed_out += 1
            connection.let_go()
        self._sweeping = loop.call_later(_SWEEP_S, self._sweep, loop) if self.connections else None

    def _evict(self, *, sparing: GuardedProtocol) -> None:
        [(busiest, _)] = self._by_client.most_common(1)
        waiting = [
            each
            for each in self.connections
            if each.waits_since is not None and each is not sparing and each.client_name == busiest
        ]
        waiting.sort(key=lambda each: each.waits_since or 0.0)
        for connection in waiting[: max(1, len(self.connections) // _EVICTED_SHARE)]:
            self.count_evicted += 1
            connection.let_go()


class GuardedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with deadlines."""

    def __init__(self, *args: Any, guard: ConnectionGuard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client_name = ""
        #: When the client began to owe the rest of a head or body; None while a request is answered.
        self.waits_since: float | None = None
        self._guard = guard
        self._deadline = 0.0
        self._head_bytes = 0
        self._is_in_head = True
        self._stuck_since: float | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn's own
        """Begin to wait for a head."""
        super().connection_made(transport)
        self.client_name = self.client[0] if self.client else ""
        self._wait(self._guard.head_s)
        self._guard.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._guard.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is too long is answered 431."""
        if self._is_refused:
            return
        if self.waits_since is None and self._is_in_head:
            self._wait(self._guard.head_s)  # between two requests even an empty line begins the next head
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES and not self._is_refused:
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body, and to answer."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refuse_head()
            return
        self._is_in_head = False
        self._head_bytes = 0
        self._wait(self._guard.body_pause_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, which earns its sender time for the next."""
        if self._is_refused:
            return
        now = self.loop.time()
        self._deadline = min(self._deadline + len(body) / MIN_BODY_RATE, now + self._guard.body_pause_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End waiting: it is our turn now."""
        if self._is_refused:
            return
        self.waits_since = None
        self._is_in_head = True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to its protocol, which has pings."""
        self._guard.remove(self)
        super().handle_websocket_upgrade()

    def is_overdue(self, now: float) -> bool:
        """Return whether the client owes us something for too long: the rest of its request, or to read on."""
        if self._is_stuck():
            self._stuck_since = self._stuck_since or now
            return now - self._stuck_since > self._guard.answer_s
        self._stuck_since = None
        if self.waits_since is None:
            return False
        if self.flow.read_paused:  # it is we who do not read
            self._deadline = now + self._guard.body_pause_s
        return now > self._deadline

    def let_go(self) -> None:
        """Close the connection, whatever is still to be written."""
        self.transport.abort()

    def _is_stuck(self) -> bool:
        return bool(self.flow.write_paused) or (
            self.transport.is_closing() and self.transport.get_write_buffer_size() > 0
        )

    def _wait(self, seconds: float) -> None:
        now = self.loop.time()
        self.waits_since = now
        self._deadline = now + seconds

    def _refuse_head(self) -> None:
        self._is_refused = True
        body = problem_body(
            status=431,
            title="Request Header Fields Too Large",
            detail=f"request line and headers have {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers at most",
        )
        head = (
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
            b"x-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        )
        self.transport.write(head % len(body) + body)
        self.transport.close()


def open_guard(*, max_connections: int = MAX_CONNECTIONS) -> ConnectionGuard:
    """Return a guard for as many connections as this process may have; its limit of files is raised for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_unlimited = hard == resource.RLIM_INFINITY
    descriptors = max(soft, _WANTED_DESCRIPTORS if is_unlimited else min(hard, _WANTED_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    return ConnectionGuard(max_connections=max(1, min(max_connections, descriptors - _RESERVED_DESCRIPTORS)))
