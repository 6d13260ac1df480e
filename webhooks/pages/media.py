"""Pictures, voice notes and files that came with a message: shown to staff, fetched from the provider for them.

A provider's address needs the business's credentials, which stay here: staff get the file and never the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import orjson
from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from frontdesk.core.log.envelope import Event
from frontdesk.core.secrets import Secrets
from frontdesk.domains.staff.roles import Permission, may
from frontdesk.domains.staff.sessions import SESSION_COOKIE, Session, tokens_of
from webhooks.api.callers import Bearer, client_address
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MAX_BYTES = 25_000_000
_TIMEOUT_SECONDS = 15.0
#: Shown in the browser; anything else is saved, for a file from outside may be a page with scripts.
_SHOWN = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "audio/", "video/", "application/pdf")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}
_NOT_THERE = "no such file: the message has none at this place, or is another business's"


@dataclass(frozen=True, slots=True)
class _File:
    """Where a provider keeps what came with a message."""

    url: str
    media_type: str | None


def media_router(runtime: Runtime, *, secrets: Secrets) -> APIRouter:
    """Return the route of files that came with messages; the dashboard links to it."""
    router = APIRouter(tags=["staff"])

    @router.get(
        "/media/{event_id}/{position}",
        response_class=Response,
        responses={
            200: {"description": "The file.", "content": {"*/*": {}}},
            307: {"description": "The file, which lies where anybody may read it who knows the address."},
            **document_problems(401, 404, 502, 503),
        },
    )
    def show_file(
        event_id: Annotated[str, Path(max_length=64)],
        position: Annotated[int, Path(ge=0, le=99)],
        request: Request,
        bearer: Bearer,
    ) -> Response:
        """Show a file that came with a message: the cookie of a signed-in person, or a session's token."""
        tokens = [bearer.credentials] if bearer else tokens_of(request.cookies.get(SESSION_COOKIE, ""))
        sessions = list(_sessions(runtime, tokens))
        if not sessions:
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED,
                "sign in at /sign-in, then open the link again",
                headers={"WWW-Authenticate": "Bearer"},
            )
        event = runtime.log.read_by_id([event_id]).get(event_id)
        session = next((each for each in sessions if event and each.account.tenant_id == event.tenant_id), None)
        if event is None or session is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, _NOT_THERE)
        files = list(_files(event))
        if position >= len(files):
            raise HTTPException(HTTPStatus.NOT_FOUND, _NOT_THERE)
        runtime.staff.audit.record(
            "media.read",
            tenant_id=event.tenant_id,
            who=session.account.email,
            subject=f"{event_id}/{position}",
            address=client_address(request),
        )
        file = files[position]
        if event.source != "twilio":
            return RedirectResponse(file.url, HTTPStatus.TEMPORARY_REDIRECT, headers=_HEADERS)
        return _fetched(file, runtime=runtime, secrets=secrets, tenant_id=event.tenant_id)

    return router


def _sessions(runtime: Runtime, tokens: list[str]) -> Iterator[Session]:
    for token in tokens:
        session = runtime.staff.sessions.find(token) if token else None
        if session is not None and may(session.account.role, Permission.LOOK):
            yield session


def _files(event: Event) -> Iterator[_File]:
    """Yield what came with a message, as staging tells of it: only addresses that a browser may open."""
    try:
        payload = orjson.loads(event.payload)
    except orjson.JSONDecodeError:
        return
    if not isinstance(payload, dict):
        return
    for url, media_type in _addresses(event.source, payload):
        if isinstance(url, str) and urlsplit(url).scheme in ("http", "https"):
            yield _File(url, media_type if isinstance(media_type, str) else None)


def _addresses(source: str, payload: dict[str, Any]) -> Iterator[tuple[object, object]]:
    if source == "twilio":
        for number in range(10):
            if payload.get(f"MediaUrl{number}"):
                yield payload[f"MediaUrl{number}"], payload.get(f"MediaContentType{number}")
    elif source == "clicksend":
        yield payload.get("media_url") or payload.get("media_file"), None
    else:
        given = payload.get("attachments")
        for each in given if isinstance(given, list) else []:
            yield (each.get("url"), each.get("media_type")) if isinstance(each, dict) else (each, None)


def _fetched(file: _File, *, runtime: Runtime, secrets: Secrets, tenant_id: str) -> Response:
    """Return a file of Twilio's, fetched with the business's credentials, which go to Twilio's host alone."""
    base = runtime.settings.api_url_twilio
    path = urlsplit(file.url)
    if path.hostname not in ("api.twilio.com", urlsplit(base).hostname):
        raise HTTPException(HTTPStatus.NOT_FOUND, "the file lies at no address of Twilio's")
    account, token = (secrets.values(tenant_id, name) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"))
    if not (account and token):
        raise HTTPException(HTTPStatus.BAD_GATEWAY, "Twilio's credentials are not set; `frontdesk doctor` names them")
    address = f"{base.rstrip('/')}{path.path}"
    try:
        # A redirect leads to where the file is stored; httpx sends no credentials to another host.
        with (
            httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=True) as client,
            client.stream("GET", address, auth=(account[0], token[0])) as answer,
        ):
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise HTTPException(HTTPStatus.NOT_FOUND, "the provider keeps this file no more")
            answer.raise_for_status()
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise HTTPException(HTTPStatus.BAD_GATEWAY, f"the file has more than {_MAX_BYTES} bytes")
            media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    except httpx.HTTPError as error:
        raise HTTPException(
            HTTPStatus.BAD_GATEWAY, "the provider did not give the file now; try again later"
        ) from error
    media_type = media_type or file.media_type or "application/octet-stream"
    way = "inline" if media_type.startswith(_SHOWN) else "attachment"
    return Response(body, media_type=media_type, headers=_HEADERS | {"Content-Disposition": way})
