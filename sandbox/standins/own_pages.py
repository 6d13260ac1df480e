"""Keeps other sites' pages and strangers' names that point here away from the stand-ins, as real providers would."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)


@dataclass(frozen=True, slots=True)
class OwnPagesOnly:
    """ASGI middleware: requests to this machine's names, and changes from pages of its own or from programs."""

    app: ASGIApp
    host: str  #: what it binds to, known besides this machine's names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if _name_of(host) not in _LOOPBACK | {self.host}:
            await PlainTextResponse("this address is none of the sandbox's", 421)(scope, receive, send)
        elif origin is not None and scope["method"] not in ("GET", "HEAD") and origin != f"http://{host}":
            await PlainTextResponse("this came from another site's page", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, _protecting(send))


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _protecting(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_HEADERS]}
        await send(message)

    return send_with_headers
