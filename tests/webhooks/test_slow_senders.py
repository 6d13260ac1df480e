"""Who sends slowly, or nothing, or a head without end holds nobody up: over real sockets."""

from __future__ import annotations

import contextlib
import resource
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import httpx
import pytest

from frontdesk.core.serving.connections import ConnectionGuard
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Post
from tests.webhooks.server import process, served, wait_for
from tests.webhooks.signing import OWNER_KEY, proof_post, stripe_post
from tests.webhooks.test_server import ids_in, log_at, post

pytestmark = pytest.mark.processes

HEAD = b"POST /webhooks/salon/stripe HTTP/1.1\r\nhost: 127.0.0.1\r\n"
SLOW_CONNECTIONS = 2_000
SECONDS = 30.0


@pytest.fixture
def connections() -> ConnectionGuard:
    return ConnectionGuard(max_connections=40, head_s=0.3, body_pause_s=0.3)


@pytest.fixture
def url(start: StartReceiver, connections: ConnectionGuard) -> Iterator[str]:
    receiver = start()
    receiver.end()
    with served(receiver.app, connections=connections) as address:
        yield address


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def is_closed(connection: socket.socket) -> bool:
    """Return whether the other side is gone; what it sent before is thrown away."""
    connection.settimeout(0.01)
    try:
        return connection.recv(65_536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def answer_of(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"x-a: b",
        HEAD + b"content-length: 100000\r\n\r\n",
        HEAD + b"content-length: 100000\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET /hea",
    ],
)
def test_what_is_begun_and_not_gone_on_with_is_let_go(url: str, begun: bytes) -> None:
    with connect(url) as connection:
        connection.sendall(begun)
        wait_for(lambda: is_closed(connection))


@pytest.mark.parametrize("dribble", [b"x", b"\r\n"])
@pytest.mark.parametrize(
    "begun",
    [HEAD + b"x-a: ", HEAD + b"content-length: 100000\r\n\r\n", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"],
)
def test_a_byte_now_and_then_buys_no_time(url: str, begun: bytes, dribble: bytes) -> None:
    with connect(url) as connection:
        connection.sendall(begun)

        def is_let_go() -> bool:
            with contextlib.suppress(OSError):
                connection.sendall(dribble)
            return is_closed(connection)

        wait_for(is_let_go, seconds=10)


def test_a_body_that_keeps_coming_is_taken_however_long_it_takes(url: str) -> None:
    delivery = proof_post(b'{"event":"x","filler":"' + b"x" * 60_000 + b'"}')
    head = f"POST {delivery.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in delivery.headers.items())
    with connect(url) as connection:
        connection.sendall(f"{head}content-length: {len(delivery.body)}\r\n\r\n".encode())
        began = time.monotonic()
        for offset in range(0, len(delivery.body), 2_000):
            connection.sendall(delivery.body[offset : offset + 2_000])
            time.sleep(0.04)  # it is the pace that is tested
        assert answer_of(connection).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began > 1.0


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"x-a: " + b"a" * 40_000 + b"\r\n\r\n",
        HEAD + b"x-a: " + b"a" * 40_000,
        b"GET /" + b"a" * 40_000,
        HEAD + b"".join(b"x-%d: a\r\n" % number for number in range(101)) + b"\r\n",
        HEAD + b"cookie: frontdesk_session=" + b"a" * 33_000 + b"\r\n\r\n",
    ],
)
def test_a_long_head_is_refused_whether_it_is_whole_or_not(url: str, head: bytes) -> None:
    with connect(url) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head)
        assert answer_of(connection).startswith(b"HTTP/1.1 431 ")


def test_where_there_are_too_many_who_waits_longest_makes_room(url: str, connections: ConnectionGuard) -> None:
    connections.head_s = 60.0  # so that none is let go for its time
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(url)) for _ in range(40)]
        delivery = proof_post({"event": "x"})
        assert post(url, delivery).status_code == 200
        assert connections.count_evicted >= 1
        wait_for(lambda: any(map(is_closed, slow)))


def test_a_body_is_read_only_of_who_is_known_and_only_so_much(url: str) -> None:
    def ask(path: str, size: int, *, key: str | None, sent: bytes = b"") -> bytes:
        authorization = f"authorization: Bearer {key}\r\n" if key else ""
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}content-type: application/json\r\n"
        with connect(url) as connection:
            connection.sendall(f"{head}connection: close\r\ncontent-length: {size}\r\n\r\n".encode() + sent)
            return answer_of(connection)

    for path in ("/v1/messages", "/v1/rehearsals", "/v1/events:import", "/v1/holds", "/v1/no-such"):
        assert ask(path, 300_000_000, key=None).startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 413 "))
        assert ask(path, 10, key=None).startswith(b"HTTP/1.1 401 ")
    for path, size in (("/v1/messages", 65_537), ("/v1/rehearsals", 1_048_577), ("/v1/sessions", 8_193)):
        answer = ask(path, size, key=OWNER_KEY)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"application/problem+json" in answer
    chunked = httpx.post(
        f"{url}/v1/messages",
        content=(b"x" * 10_000 for _ in range(20)),
        headers={"authorization": f"Bearer {OWNER_KEY}", "content-type": "application/json"},
    )
    assert (chunked.status_code, chunked.headers["content-type"]) == (413, "application/problem+json")


def test_many_cookies_are_refused(url: str) -> None:
    cookie = "frontdesk_session=" + ".".join(["a" * 43] * 400)
    answer = httpx.get(f"{url}/sign-in", headers={"cookie": cookie})
    assert (answer.status_code, answer.json()["title"]) == (431, "Request Header Fields Too Large")


class SlowSenders:
    """Connections that dribble heads and bodies or idle, opened anew whenever one is let go; in a thread."""

    _BEGUN = (
        HEAD + b"x-slow: ",
        HEAD + b"content-length: 500000\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    )

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._open: dict[int, socket.socket] = {}
        self.count_opened = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        for connection in self._open.values():
            connection.close()

    @property
    def count_open(self) -> int:
        return len(self._open)

    def _run(self) -> None:
        while not self._is_over.wait(1.0):
            for number in range(SLOW_CONNECTIONS):
                try:
                    if number not in self._open:
                        self._begin(number)
                    elif number % 3 < 2:
                        self._open[number].send(b"x")
                    elif self._open[number].recv(65_536) == b"":  # an idle one: only its end is of interest
                        self._let_go(number)
                except BlockingIOError:
                    continue
                except OSError:
                    self._let_go(number)

    def _begin(self, number: int) -> None:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        connection.setblocking(False)
        connection.send(self._BEGUN[number % 3])
        self._open[number] = connection
        self.count_opened += 1

    def _let_go(self, number: int) -> None:
        if connection := self._open.pop(number, None):
            connection.close()


def deliver(port: int, delivery: Post) -> int:
    """Post by a connection of its own, as providers' many machines do; return the status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", delivery.path, body=delivery.body, headers=dict(delivery.headers))
        return connection.getresponse().status


@pytest.mark.slow
@pytest.mark.parametrize("descriptors", ["soft", "hard"])
def test_two_thousand_slow_connections_beside_genuine_deliveries(tmp_path: Path, descriptors: str) -> None:
    """With the usual limit of 1,024 files, which the receiver may raise, and with one that it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < SLOW_CONNECTIONS + 500:
        pytest.skip(f"this process may have {hard} files open only")
    allowed = 1_024 if descriptors == "hard" else hard
    narrow = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, {allowed}))"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ids: list[str] = []
    took: list[float] = []
    try:
        with process(tmp_path, wrapper=narrow) as running, SlowSenders(running.port) as slow:
            wait_for(lambda: slow.count_opened >= SLOW_CONNECTIONS, seconds=60)
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                event = {"id": f"evt_{len(ids)}", "type": "invoice.paid"}
                began = time.monotonic()
                assert deliver(running.port, stripe_post(event, timestamp=int(time.time()))) == 200
                took.append(time.monotonic() - began)
                ids.append(event["id"])
                time.sleep(0.05)  # an even stream over half a minute, in which every time-out comes to pass
            count_open, count_opened = slow.count_open, slow.count_opened
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert ids_in(log_at(tmp_path)) == ids
    assert len(ids) > 50
    percentile = statistics.quantiles(took, n=100)[98]
    print(
        f"\n{descriptors} limit of 1,024 files: all of {len(ids)} genuine deliveries taken; slow connections: "
        f"{count_open} open at the end, {count_opened} opened in {SECONDS:g} s; a delivery took "
        f"{statistics.median(took) * 1e3:.0f} ms (median), {percentile * 1e3:.0f} ms (99 of 100), "
        f"{max(took) * 1e3:.0f} ms at most"
    )
