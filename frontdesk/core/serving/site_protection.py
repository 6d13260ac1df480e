"""ASGI middleware in front of pages: refuses unknown hosts and other sites' requests, adds protecting headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from frontdesk.core.serving.hosts import KnownHosts
from frontdesk.core.serving.problems import problem_body

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

#: For every answer of every process: nothing is guessed from its bytes, and no other site learns where one was.
EVERYWHERE: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}
#: For every answer that holds people's data.
NOT_STORED: Mapping[bytes, bytes] = {b"cache-control": b"no-store"}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class SiteProtection:
    """Lets in what a browser was meant to send to these pages.

    `policy` is added as a Content-Security-Policy of its own if it is given: several hold at the same time, so it
    can only narrow the application's. Other headers are added if the application sets none.
    """

    def __init__(
        self,
        app: Application,
        *,
        hosts: KnownHosts,
        policy: str = "",
        headers: Mapping[bytes, bytes] = EVERYWHERE,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._policy = [(b"content-security-policy", policy.encode())] if policy else []
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = why_foreign(scope, hosts=self._hosts)
        if refusal is None:
            await self._app(scope, receive, adding(send, self._headers, also=self._policy))
        else:
            await refuse(scope, send, *refusal)


def why_foreign(scope: Scope, *, hosts: KnownHosts) -> tuple[HTTPStatus, str] | None:
    """Return status and reason if a request names another host, or would change something from another site."""
    host, origin = header_of(scope, b"host"), header_of(scope, b"origin")
    if not hosts.know(host):
        detail = "this address is none of ours; set FRONTDESK_ALLOWED_HOSTS to the names that browsers use"
        return HTTPStatus.MISDIRECTED_REQUEST, detail
    is_reading = scope["type"] == "http" and scope["method"] in _READING
    if origin and not is_reading and not hosts.are_ours(origin, host=host):
        return HTTPStatus.FORBIDDEN, "this came from another site's page; use the page itself"
    return None


def header_of(scope: Scope, name: bytes) -> str:
    """Return a request's header, empty if there is none; all of a repeated one, so that none is overlooked."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def adding(send: Send, headers: Mapping[bytes, bytes], *, also: Iterable[Header] = ()) -> Send:
    """Return a `send` that adds headers which the answer does not set itself, and `also` in any case."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            own = list(message.get("headers", []))
            names = {name.lower() for name, _ in own}
            missing = [(name, value) for name, value in headers.items() if name not in names]
            message = {**message, "headers": [*own, *missing, *also]}
        await send(message)

    return send_with_headers


async def refuse(
    scope: Scope, send: Send, status: HTTPStatus, detail: str, *, headers: Iterable[Header] = ()
) -> None:
    """Answer with a problem; a WebSocket is not opened, which its client sees as 403."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = problem_body(status=status.value, title=status.phrase, detail=detail)
    await send(
        {
            "type": "http.response.start",
            "status": status.value,
            "headers": [
                (b"content-type", b"application/problem+json"),
                (b"content-length", b"%d" % len(body)),
                *EVERYWHERE.items(),
                *NOT_STORED.items(),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
