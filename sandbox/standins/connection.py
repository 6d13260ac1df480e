"""Connections that end without an answer, as those of a provider that is down or that times out do."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "sandbox.transport"


class BreakableProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with the connection in the handler's reach."""

    def on_message_begin(self) -> None:
        """Give each request its connection."""
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport}}


async def reset_connection(request: Request) -> None:
    """End the request's connection now; whatever the handler returns afterwards reaches nobody.

    Raises RuntimeError under a server that does not run with BreakableProtocol.
    """
    extension = cast(dict[str, Any], request.scope.get("extensions") or {}).get(_EXTENSION)
    if extension is None:
        raise RuntimeError("serve this app through sandbox.standins.server: other servers can't break a connection")
    extension["transport"].abort()
    await _wait_for_disconnect(request)


async def hold_connection(request: Request, *, seconds: float) -> None:
    """Answer nothing until the caller goes away or the time is over, then end the connection."""
    try:
        async with asyncio.timeout(seconds):
            await _wait_for_disconnect(request)
    except TimeoutError:
        await reset_connection(request)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
