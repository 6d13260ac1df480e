"""Serves Dagster's own pages: read-only, or with a password; to known hosts and from no other site's page.

Dagster's webserver knows no sign-in and takes changes by GET from anywhere. Here it is the same application with a
guard in front; `dagster-webserver` itself is not started.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
from dagster import DagsterInstance
from dagster import __version__ as dagster_version
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from frontdesk.core.private_files import begin_privately
from frontdesk.core.secrets import DAGSTER_PASSWORD, operator_secret
from frontdesk.core.serving.connections import open_guard
from frontdesk.core.serving.hosts import KnownHosts
from frontdesk.core.serving.site_protection import (
    EVERYWHERE,
    Application,
    Receive,
    Scope,
    Send,
    SiteProtection,
    header_of,
    refuse,
)
from frontdesk.core.settings import load_settings

#: Whoever signs in is called so; the browser asks for a name.
USER = "frontdesk"
#: Tells versions only; `frontdesk up` asks there whether the pages are ready.
_READY_PATH = "/server_info"
#: Loaded, they hold 140 MB; loading them takes some seconds.
_IDLE_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 30
_POLICY = "frame-ancestors 'none'; object-src 'none'"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    workspace: Annotated[Path, typer.Option(help="The workspace file that names the code server.")],
    listener: Annotated[
        int | None, typer.Option(help="Number of a socket that listens already; it ends when nobody asks any more.")
    ] = None,
) -> None:
    """Serve until told to end."""
    begin_privately()
    settings = load_settings()
    password = operator_secret(DAGSTER_PASSWORD, environ=os.environ)
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance,
            WorkspaceFileTarget(paths=[str(workspace)]),
            version=dagster_version,
            read_only=password is None,
        ) as context,
    ):
        pages = guarded(
            create_app_from_workspace_process_context(context), hosts=KnownHosts.of(settings), password=password
        )
        watched = OpenRequests(pages)
        server = uvicorn.Server(
            uvicorn.Config(
                watched,
                host=settings.host,
                port=settings.dagster_port,
                http=open_guard().protocol,  # type: ignore[arg-type] # it makes the protocol that it is asked for
                log_level="warning",
                proxy_headers=False,
                server_header=False,
                callback_notify=lambda: end_when_idle(server, watched),
                timeout_notify=_LOOK_SECONDS,
            )
        )
        if listener is None:
            watched.keep_open()
        server.run(sockets=None if listener is None else [socket.socket(fileno=listener)])


class OpenRequests:
    """Knows since when nobody asks for anything: no request is open, nor a page that follows what happens."""

    def __init__(self, pages: Application, *, now: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._now = now
        self._count = 0
        self._asked_at = now()

    @property
    def idle_seconds(self) -> float:
        """For how long nobody has asked for anything."""
        return 0.0 if self._count else self._now() - self._asked_at

    def keep_open(self) -> None:
        """Count as asked for, for ever."""
        self._count += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._pages(scope, receive, send)
            return
        self._count += 1
        try:
            await self._pages(scope, receive, send)
        finally:
            self._count -= 1
            self._asked_at = self._now()


async def end_when_idle(server: uvicorn.Server, requests: OpenRequests) -> None:
    """End the server if nobody has asked for anything for a while: who listens for it starts it again."""
    if requests.idle_seconds > _IDLE_SECONDS:
        server.should_exit = True


def guarded(pages: Application, *, hosts: KnownHosts, password: str | None) -> Application:
    """Return the pages behind a guard; `password` None means that they can change nothing and need none."""
    inner = _ByPostOnly(pages if password is None else _WithPassword(pages, password=password))
    return SiteProtection(inner, hosts=hosts, policy=_POLICY, headers=_HEADERS)


_HEADERS: Mapping[bytes, bytes] = {**EVERYWHERE, b"cache-control": b"no-store", b"x-frame-options": b"DENY"}


@dataclass(frozen=True, slots=True)
class _ByPostOnly:
    """Refuses GraphQL by GET: an image's address on any page would be enough to ask for something."""

    pages: Application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_query = scope["type"] == "http" and scope["path"].rstrip("/") == "/graphql" and scope["method"] != "POST"
        # A browser that opens the address itself gets GraphiQL, a page that then posts.
        if is_query and (scope["query_string"] or "text/html" not in header_of(scope, b"accept")):
            detail = "GraphQL is answered by POST only"
            await refuse(scope, send, HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=[(b"allow", b"POST")])
        else:
            await self.pages(scope, receive, send)


class _WithPassword:
    """Asks for the operator's password (HTTP Basic, as every browser knows it)."""

    def __init__(self, pages: Application, *, password: str) -> None:
        self._pages = pages
        self._expected = f"{USER}:{password}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] == _READY_PATH or self._is_signed_in(scope):
            await self._pages(scope, receive, send)
        else:
            challenge = (b"www-authenticate", b'Basic realm="Dagster", charset="UTF-8"')
            detail = f"sign in as {USER} with FRONTDESK_{DAGSTER_PASSWORD}"
            await refuse(scope, send, HTTPStatus.UNAUTHORIZED, detail, headers=[challenge])

    def _is_signed_in(self, scope: Scope) -> bool:
        scheme, _, encoded = header_of(scope, b"authorization").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self._expected)


if __name__ == "__main__":
    app()
