"""In front of /v1 and the pages: who may have a body read at all, and how long it may be. Deliveries never come here.

FastAPI reads a body before it looks at who sends it; a stranger could make the receiver hold what they like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.serving.site_protection import EVERYWHERE, NOT_STORED, Header, adding, header_of, refuse
from webhooks.callers import Callers

#: A JSON request of /v1: the longest message a person types is a tenth of it.
MAX_REQUEST_BYTES = 65_536
#: E-mail address, password and business.
MAX_SIGN_IN_BYTES = 8_192
#: A browser's cookies of one host; a session's token has 43 characters.
MAX_COOKIE_BYTES = 8_192
_SIGN_IN = "/v1/sessions"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_LENGTH_DIGITS = 18
#: Nothing of the receiver's own is shown in a frame, or loads anything.
_POLICY = {b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'"}
_HEADERS: Mapping[bytes, bytes] = {**EVERYWHERE, **NOT_STORED, **_POLICY}


_Refusal = tuple[HTTPStatus, str, list[Header]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """Lets requests through to the routes, with at most as much of their bodies as the route may have."""

    app: ASGIApp
    callers: Callers
    limits: Mapping[str, int | None]  #: bytes by path, unless MAX_REQUEST_BYTES; None: any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if len(header_of(scope, b"cookie")) > MAX_COOKIE_BYTES:
            detail = f"cookies have {MAX_COOKIE_BYTES} bytes at most; delete those of this site"
            await refuse(scope, send, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
            return
        if scope["method"] not in _BODILESS and scope["path"].startswith("/v1/"):
            refusal = await self._why_refused(scope)
            if refusal is not None:
                status, detail, headers = refusal
                await refuse(scope, send, status, detail, headers=headers)
                return
            limit = self._limit_of(scope)
            if limit is not None:
                receive = _counting(receive, limit=limit)
        await self.app(scope, receive, adding(send, _HEADERS))

    async def _why_refused(self, scope: Scope) -> _Refusal | None:
        limit = self._limit_of(scope)
        if limit is not None and _declares_more_than(limit, header_of(scope, b"content-length")):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit), []
        if scope["path"] == _SIGN_IN:
            return None
        try:
            await run_in_threadpool(self.callers.check_key, key_of(scope))
        except HTTPException as refusal:
            headers = [(name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items()]
            return HTTPStatus(refusal.status_code), str(refusal.detail), headers
        except FrontdeskError as error:
            return HTTPStatus(error.http_status), error.detail, []
        return None

    def _limit_of(self, scope: Scope) -> int | None:
        return self.limits.get(scope["path"], MAX_REQUEST_BYTES)


def route_limits(*, max_body_bytes: int) -> dict[str, int | None]:
    """Return the limits of the routes that have one of their own."""
    return {
        _SIGN_IN: MAX_SIGN_IN_BYTES,
        "/v1/rehearsals": max_body_bytes,
        "/v1/events:import": None,  # read line by line, each bounded, and by the owner only
    }


def key_of(scope: Scope) -> str | None:
    """Return the key that a request carries, as the routes find it: a bearer token, else X-API-Key."""
    scheme, _, token = header_of(scope, b"authorization").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token
    return header_of(scope, b"x-api-key") or None


def _declares_more_than(limit: int, declared: str) -> bool:
    is_number = declared.isascii() and declared.isdigit()
    return is_number and (len(declared) > _MAX_LENGTH_DIGITS or int(declared) > limit)


def _counting(receive: Receive, *, limit: int) -> Receive:
    """Return a `receive` that raises HTTPException with 413 once more has come than the limit."""
    size = 0

    async def receive_some() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        return message

    return receive_some


def _too_large(limit: int) -> str:
    return f"the body of this request has {limit} bytes at most"
