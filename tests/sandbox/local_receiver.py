"""A tiny HTTP server in the receiver's place: answers what a test tells it to, and remembers what it got."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: tuple[str, ...] = ()
    closes: bool = False  # ends the connection after the answer


def accepted(sequence: int = 1, status: str = "accepted") -> Reply:
    """Return the receiver's usual answer."""
    return Reply(200, json.dumps({"status": status, "event_id": "e", "sequence": sequence}).encode())


@dataclass(slots=True)
class LocalReceiver:
    """What happened at the server."""

    answer: Callable[[Received], Reply]
    port: int = 0
    received: list[Received] = field(default_factory=list)
    count_connections: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count_connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await _read(reader)
                self.received.append(request)
                reply = self.answer(request)
                lines = [f"HTTP/1.1 {reply.status} X", f"content-type: {reply.content_type}", *reply.headers]
                lines.append(f"content-length: {len(reply.body)}")
                lines += ["connection: close"] if reply.closes else []
                writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
                await writer.drain()
                if reply.closes:
                    break
        writer.close()


@asynccontextmanager
async def local_receiver(answer: Callable[[Received], Reply]) -> AsyncIterator[LocalReceiver]:
    """Serve on a free port while inside."""
    receiver = LocalReceiver(answer)
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def one_after_the_other(*replies: Reply) -> Callable[[Received], Reply]:
    """Answer with these in turn, with the last for ever."""
    remaining: Iterator[Reply] = iter(replies)
    last = replies[-1]
    return lambda _: next(remaining, last)


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(path=request_line.split()[1], headers=headers, body=body)
