"""A load generator for one path: raw HTTP/1.1 over keep-alive connections, requests built before the clock starts.

It runs as a process of its own, so that it shares nothing with what it measures but the machine.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import random
import resource
import subprocess
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

from tests.benchmarks.cores import CLIENT_CORE, cpu_seconds, on_core
from tests.benchmarks.shapes import provider_shapes

_REPOSITORY = Path(__file__).parents[2]
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_IDENTITY = "IDENTITY"
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. Every request is a delivery of its own, signed as Stripe signs."""

    ports: list[int]  #: of one server or several, which the connections are spread over
    path: str
    secret: str
    good: str  #: what the body of a good answer begins with
    prefix: str  #: of the event ids; no two loads may share it
    count: int
    connections: int
    observed: list[int]  #: process ids of the servers
    per_second: float | None = None  #: arrivals on average, at random; None: as fast as answers come


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of it."""

    count_good: int
    count_bad: int
    first_bad: str
    elapsed_s: float
    cpu_share: float  #: of one core, that the load generator used
    observed_cpu_share: float  #: likewise, of the servers together
    latencies_ms: list[float]  #: ascending; from the moment at which a request was due to its whole answer


def run_load(load: Load) -> LoadResult:
    """Run the load in a process of its own, on the client's core. Raises RuntimeError where it can't connect."""
    with on_core(CLIENT_CORE):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.load_client"],
            input=json.dumps(asdict(load)),
            capture_output=True,
            text=True,
            check=False,
            cwd=_REPOSITORY,
        )
    if done.returncode != 0:
        raise RuntimeError(f"the load generator ended with {done.returncode}:\n{done.stderr}")
    return LoadResult(**json.loads(done.stdout))


def build_requests(load: Load) -> list[bytes]:
    """Return the requests as they go over the wire: bodies of 1.5 KB, each with its own event id and signature."""
    shape = provider_shapes()["stripe_intent"]
    values = dict.fromkeys(shape.payload[1::2], _IDENTITY) | {"amount": "13500", "at_unix": str(int(time.time()))}
    # Without its indentation the event has 1.5 KB.
    template = json.dumps(json.loads(shape.render(values)[0]), separators=(",", ":")).encode()
    return [_request(load, template, f"{load.prefix}{number:010d}") for number in range(load.count)]


def _request(load: Load, template: bytes, identity: str) -> bytes:
    body = template.replace(_IDENTITY.encode(), identity.encode())
    timestamp = b"%d" % time.time()
    signature = hmac.digest(load.secret.encode(), b"%b.%b" % (timestamp, body), "sha256").hex().encode()
    return b"\r\n".join(
        (
            b"POST %b HTTP/1.1" % load.path.encode(),
            b"Host: 127.0.0.1:%d" % load.ports[0],
            b"User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            b"Accept: */*",
            b"Content-Type: application/json; charset=utf-8",
            b"Stripe-Signature: t=%b,v1=%b" % (timestamp, signature),
            b"Content-Length: %d" % len(body),
            b"",
            body,
        )
    )


class _Generator:
    """Sends each request once it is due and a connection is free; notes how long each took from when it was due."""

    def __init__(self, requests: list[bytes], *, good: bytes) -> None:
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._free: deque[_Connection] = deque()
        self._left = len(requests)
        self._good = good
        self.latencies: list[float] = []
        self.first_bad = b""
        self.count_bad = 0
        self.failure = ""
        self.is_done = asyncio.Event()

    def add_connection(self, connection: _Connection) -> None:
        """Take a new connection that is free."""
        self._free.append(connection)

    def make_due(self, request: bytes, due_at: float) -> None:
        """Send now, or as soon as a connection is free."""
        if self._free:
            # In turn: a server closes a connection that is idle for seconds.
            self._free.popleft().send(request, due_at)
        else:
            self._waiting.append((request, due_at))

    def fail(self, reason: str) -> None:
        """End the load; what was not answered makes it worthless."""
        if self._left:
            self.failure = reason
            self.is_done.set()

    def take_answer(self, connection: _Connection, answer: bytes, due_at: float) -> None:
        """Note an answer and give the connection the next request."""
        now = time.perf_counter()
        # What waits from the start (as fast as answers come) is due when its turn comes.
        self.latencies.append(now - due_at)
        head, _, body = answer.partition(_HEAD_END)
        if not (head.startswith(b"HTTP/1.1 200 ") and body.startswith(self._good)):
            self.count_bad += 1
            self.first_bad = self.first_bad or answer
        self._left -= 1
        if self._left == 0:
            self.is_done.set()
        elif self._waiting:
            request, due_at = self._waiting.popleft()
            connection.send(request, due_at or now)
        else:
            self._free.append(connection)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._due_at = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Offer the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._generator.add_connection(self)

    def send(self, request: bytes, due_at: float) -> None:
        """Send a request that was due at `due_at` (perf_counter seconds; 0: now)."""
        self._due_at = due_at or time.perf_counter()
        if self._transport:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Hand on the answer once all of it is here."""
        self._answer += data
        end = self._answer.find(_HEAD_END)
        if end >= 0 and len(self._answer) >= end + len(_HEAD_END) + _content_length(self._answer[:end]):
            answer, self._answer = self._answer, b""
            self._generator.take_answer(self, answer, self._due_at)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the generator; a server may not hang up on a connection in use."""
        self._generator.fail(f"the server hung up: {exc}")


def _content_length(head: bytes) -> int:
    start = head.lower().index(_LENGTH) + len(_LENGTH)
    return int(head[start : start + 10].split(b"\r")[0])


async def _run(load: Load) -> LoadResult:
    requests = build_requests(load)
    loop = asyncio.get_running_loop()
    generator = _Generator(requests, good=load.good.encode())
    for number in range(load.connections):
        port = load.ports[number % len(load.ports)]
        await loop.create_connection(lambda: _Connection(generator), "127.0.0.1", port)
    used_before, observed_before = _cpu_s(), _observed_cpu_s(load)
    started_at = time.perf_counter()
    if load.per_second is None:
        for request in requests:
            generator.make_due(request, 0.0)
    else:
        await _arrive(generator, requests, load.per_second)
    async with asyncio.timeout(_TIMEOUT_S):
        await generator.is_done.wait()
    if generator.failure:
        raise ConnectionError(generator.failure)
    elapsed_s = time.perf_counter() - started_at
    return LoadResult(
        count_good=len(requests) - generator.count_bad,
        count_bad=generator.count_bad,
        first_bad=generator.first_bad.decode(errors="replace"),
        elapsed_s=elapsed_s,
        cpu_share=(_cpu_s() - used_before) / elapsed_s,
        observed_cpu_share=(_observed_cpu_s(load) - observed_before) / elapsed_s,
        latencies_ms=sorted(latency * 1000 for latency in generator.latencies),
    )


async def _arrive(generator: _Generator, requests: list[bytes], per_second: float) -> None:
    """Let requests become due at random moments, whether or not the earlier ones have been answered."""
    rng = random.Random(1)
    due_at = time.perf_counter()
    for request in requests:
        due_at += rng.expovariate(per_second)
        wait_s = due_at - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        generator.make_due(request, due_at)


def _observed_cpu_s(load: Load) -> float:
    return sum(map(cpu_seconds, load.observed))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    uvloop.install()
    done = asyncio.run(_run(Load(**json.load(sys.stdin))))
    # Not print: with PYTHONUNBUFFERED what a pipe does not take at once is lost.
    with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as output:
        json.dump(asdict(done), output)
