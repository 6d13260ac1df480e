"""Pictures, voice notes and files that came with a message: shown to staff, fetched from the provider for them.

A provider's address needs the business's credentials, which stay here: staff get the file and never the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Annotated

import httpx
import orjson
from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from frontdesk.connectors.descriptor import Descriptor, descriptors
from frontdesk.connectors.media import MediaLink, MediaRequest, read_attachments
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.envelope import Event
from frontdesk.domains.staff.roles import Permission, may
from frontdesk.domains.staff.sessions import SESSION_COOKIE, Session, tokens_of
from webhooks.dependencies import Bearer, RuntimeDep, client_address
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
    *,
    position: Annotated[int, Path(ge=0, le=99)],
    request: Request,
    bearer: Bearer,
    runtime: RuntimeDep,
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
    links = list(_links(event))
    if position >= len(links):
        raise HTTPException(HTTPStatus.NOT_FOUND, _NOT_THERE)
    runtime.staff.audit.record(
        "media.read",
        tenant_id=event.tenant_id,
        who=session.account.email,
        subject=f"{event_id}/{position}",
        address=client_address(request),
    )
    link, provider = links[position], descriptors().get(event.source)
    make_request = provider.media_requester() if provider else None
    if provider is None or make_request is None:
        return RedirectResponse(link.url, HTTPStatus.TEMPORARY_REDIRECT, headers=_HEADERS)
    secret = _secrets_of(provider, runtime=runtime, tenant_id=event.tenant_id)
    media_request = make_request(link.url, settings=runtime.settings, secret=secret)
    if media_request is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"the file lies at no address of {provider.label}'s")
    return _fetch(media_request, link=link)


def _sessions(runtime: Runtime, tokens: list[str]) -> Iterator[Session]:
    for token in tokens:
        session = runtime.staff.sessions.find(token) if token else None
        if session is not None and may(session.account.role, Permission.LOOK):
            yield session


def _links(event: Event) -> Iterator[MediaLink]:
    """Yield what came with a message, as staging tells of it."""
    try:
        payload = orjson.loads(event.payload)
    except orjson.JSONDecodeError:
        return
    if isinstance(payload, dict):
        provider = descriptors().get(event.source)
        yield from (provider.media_reader() if provider else read_attachments)(payload)


def _secrets_of(provider: Descriptor, *, runtime: Runtime, tenant_id: str) -> Callable[[str], str]:
    def secret(name: str) -> str:
        try:
            values = runtime.secrets.values(tenant_id, name)
        except ConfigurationError:
            values = ()
        if not values:
            raise HTTPException(
                HTTPStatus.BAD_GATEWAY, f"{provider.label}'s credentials can't be used; `frontdesk doctor` names them"
            )
        return values[0]

    return secret


def _fetch(media_request: MediaRequest, *, link: MediaLink) -> Response:
    """Return a file, fetched with the business's credentials, which go to the provider's host alone."""
    try:
        # A redirect leads to where the file is stored; httpx sends no credentials to another host.
        with (
            httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=True) as client,
            client.stream("GET", media_request.url, auth=media_request.auth) as answer,
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
    media_type = media_type or link.media_type or "application/octet-stream"
    disposition = "inline" if media_type.startswith(_SHOWN) else "attachment"
    return Response(body, media_type=media_type, headers=_HEADERS | {"Content-Disposition": disposition})
