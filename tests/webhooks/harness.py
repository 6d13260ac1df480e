"""Drives the receiver as an ASGI server would: its lifespan, and requests down to the single message."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import orjson

from webhooks.app import Receiver

#: For an answer; a dry run runs dbt, which takes half a minute on a busy machine.
_PATIENCE_S = 180
NOW = datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Post:
    """One request to send."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    method: str = "POST"
    chunks: Sequence[bytes] | None = None  #: sent instead of the body, without a content length

    def changed(self, **changes: Any) -> Post:
        values = {name: getattr(self, name) for name in self.__slots__}
        return Post(**(values | changes))

    def with_headers(self, **headers: str | None) -> Post:
        """Set headers; None removes one. Underscores stand for hyphens."""
        merged = {name.lower(): value for name, value in self.headers.items()}
        for name, value in headers.items():
            merged.pop(name.replace("_", "-"), None)
            if value is not None:
                merged[name.replace("_", "-")] = value
        return self.changed(headers=merged)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def outcome(self) -> str:
        """The status of an accepted delivery, the reason of a refused one, "" for another answer."""
        if not self.headers["content-type"].endswith("json"):
            return ""
        content = self.json()
        return str(content.get("reason") or content.get("status"))


class RunningReceiver:
    """A receiver between its start and end, with an event loop of its own in a thread."""

    def __init__(self, app: Receiver) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

        self._lifespan = app.router.lifespan_context(app)

    def start(self) -> None:
        self._thread.start()
        self._await(self._lifespan.__aenter__())

    def end(self) -> None:
        """End it, as a server does once no request is under way; what waits is written."""
        if self._loop.is_closed():
            return
        self._await(self._lifespan.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, post: Post) -> Answer:
        """Send one request and return its answer."""
        return self.send_all([post])[0]

    def send_all(self, posts: Sequence[Post]) -> list[Answer]:
        """Send requests at the same time and return their answers in order."""

        async def exchange_all() -> list[Answer]:
            return await asyncio.gather(*(self._exchange(post) for post in posts))

        answers: list[Answer] = self._await(exchange_all())
        return answers

    def hang_up(self, post: Post) -> list[dict[str, Any]]:
        """Send the head and nothing else, then disconnect; return what was answered."""
        sent: list[dict[str, Any]] = []
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": b"", "more_body": True},
            {"type": "http.disconnect"},
        ]
        self._await(self._call(post, messages, sent))
        return sent

    def _await(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=_PATIENCE_S)

    async def _exchange(self, post: Post) -> Answer:
        chunks = [post.body] if post.chunks is None else list(post.chunks)
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
            for index, chunk in enumerate(chunks)
        ]
        sent: list[dict[str, Any]] = []
        await self._call(post, messages, sent)
        start, *rest = sent
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))

    async def _call(self, post: Post, messages: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(_scope(post), receive, send)


def _scope(post: Post) -> dict[str, Any]:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in post.headers.items()]
    if post.chunks is None:
        headers.append((b"content-length", b"%d" % len(post.body)))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": post.method,
        "scheme": "http",
        "path": unquote(post.path),
        "raw_path": post.path.encode("latin-1"),
        "root_path": "",
        "query_string": post.query.encode("latin-1"),
        "headers": headers,
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "state": {},
    }
