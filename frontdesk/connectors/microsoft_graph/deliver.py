"""E-mails by Microsoft Graph's sendMail, with an id and a header of our own: sendMail itself answers nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import (
    Accepted,
    Answer,
    CannotTell,
    Doubt,
    Found,
    LookUp,
    NotFound,
    Refused,
    Unknown,
)
from frontdesk.connectors.content import Attachment, Letter
from frontdesk.connectors.http_calls import call, open_client
from frontdesk.connectors.microsoft_graph.token import GraphTokens
from frontdesk.connectors.references import message_id_of, reference_of
from frontdesk.connectors.retry_after import parse_retry_after
from frontdesk.core.clock import Clock

REFERENCE_HEADER = "x-frontdesk-command"
#: The message's own fault. 403 and 404 are of the set-up: permissions, a mailbox that is not there.
_PERMANENT_STATUSES = frozenset({400, 413, 422})
_SET_UP_STATUSES = frozenset({401, 403, 404})
_PERMANENT_CODES = frozenset({"ErrorInvalidRecipients", "ErrorMessageSizeExceeded"})
#: What a message may carry in one request: Graph takes 4 MB of it, in which files are base64.
_MOST_ATTACHED_BYTES = 3_000_000
_PAGE = 200
_MOST_PAGES = 250
_SKEW = timedelta(minutes=1)


class GraphDeliverer:
    """E-mails of one tenant's mailbox."""

    def __init__(self, client: httpx.Client, *, tokens: GraphTokens, mailbox: str, clock: Clock) -> None:
        self._client = client
        self._tokens = tokens
        self._path = f"/v1.0/users/{quote(mailbox)}"
        self._clock = clock

    def deliver(self, command_key: str, content: Letter, /) -> Answer:
        """Send the e-mail; its id is its internetMessageId."""
        attached = sum(len(each.content) for each in content.attachments)
        if attached >= _MOST_ATTACHED_BYTES:
            return Refused(
                reason=f"its files have {attached:,} bytes; Graph takes less than {_MOST_ATTACHED_BYTES:,} a message",
                is_permanent=True,
            )
        message_id = message_id_of(command_key, sender=content.sender)
        message: dict[str, Any] = {
            "subject": content.subject or "",
            "body": {"contentType": "text", "content": content.text},
            "toRecipients": [{"emailAddress": {"address": content.to}}],
            "internetMessageId": message_id,
            "internetMessageHeaders": [
                {"name": REFERENCE_HEADER, "value": reference_of(command_key)},
            ],
        }
        if content.attachments:
            message["attachments"] = [_file(each) for each in content.attachments]
        answer = self._call(
            lambda headers: self._client.post(
                f"{self._path}/sendMail", json={"message": message, "saveToSentItems": True}, headers=headers
            )
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == HTTPStatus.ACCEPTED:
            return Accepted(message_id)
        code, words = _error(answer)
        return Refused(
            reason=f"Graph {answer.status_code} {code}: {words}",
            is_permanent=answer.status_code in _PERMANENT_STATUSES or code in _PERMANENT_CODES,
            is_set_up=answer.status_code in _SET_UP_STATUSES,
            retry_after=parse_retry_after(answer.headers.get("retry-after"), now=self._clock.now()),
            error_code=code or str(answer.status_code),
        )

    def look_up(self, doubt: Doubt[Letter], /) -> LookUp:
        """Search what was sent since then, page by page, for the command's header."""
        earliest = (doubt.since - _SKEW).astimezone(UTC)
        path = f"{self._path}/mailFolders/sentitems/messages"
        query = {
            "$select": "internetMessageId,internetMessageHeaders,sentDateTime",
            "$filter": f"sentDateTime ge {earliest:%Y-%m-%dT%H:%M:%SZ}",
            "$orderby": "sentDateTime asc",
            "$top": str(_PAGE),
        }
        page: httpx.URL | None = self._client.base_url.join(path).copy_merge_params(query)
        for _ in range(_MOST_PAGES):
            read = self._read_page(page, reference=reference_of(doubt.command_key))
            if isinstance(read, CannotTell):
                return read
            is_found, page = read
            if is_found:
                return Found(message_id_of(doubt.command_key, sender=doubt.content.sender))
            if page is None:
                return NotFound()
        return CannotTell(reason=f"more than {_PAGE * _MOST_PAGES:,} e-mails were sent since then", is_final=True)

    def _read_page(self, page: httpx.URL | None, *, reference: str) -> tuple[bool, httpx.URL | None] | CannotTell:
        """Return whether a page of a list has the reference, and the address of the next page, None at the end."""
        answer = self._call(lambda headers: self._client.get(page or "", headers=headers))
        if not isinstance(answer, httpx.Response):
            return CannotTell(reason=answer.reason)
        if answer.status_code != HTTPStatus.OK:
            return CannotTell(reason=f"Graph answered {answer.status_code}")
        try:
            content = answer.json()
            is_found = any(reference in _references(mail) for mail in content["value"])
            link = content.get("@odata.nextLink")
        except (ValueError, KeyError, TypeError, AttributeError):
            return CannotTell(reason="Graph's list can't be read")
        if link is None:
            return is_found, None
        # Never to another host: the call carries the tenant's token.
        return is_found, self._client.base_url.copy_with(raw_path=httpx.URL(link).raw_path)

    def _call(self, send: Callable[[dict[str, str]], httpx.Response]) -> httpx.Response | Refused | Unknown:
        """Call with the token at hand; if Graph says that it is none, once more with a new one."""
        token = self._tokens.get()
        if isinstance(token, Refused):
            return token
        answer = _send(send, token)
        if isinstance(answer, httpx.Response) and answer.status_code == HTTPStatus.UNAUTHORIZED:
            renewed = self._tokens.get(instead_of=token)
            return renewed if isinstance(renewed, Refused) else _send(send, renewed)
        return answer


def _file(attachment: Attachment) -> dict[str, str]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.name,
        "contentType": attachment.media_type,
        "contentBytes": b64encode(attachment.content).decode(),
    }


def _send(send: Callable[[dict[str, str]], httpx.Response], token: str) -> httpx.Response | Refused | Unknown:
    return call(lambda: send({"Authorization": f"Bearer {token}"}))


def _references(mail: dict[str, Any]) -> Iterator[str]:
    for header in mail.get("internetMessageHeaders") or ():
        if str(header.get("name", "")).lower() == REFERENCE_HEADER:
            yield str(header.get("value", ""))


def _error(answer: httpx.Response) -> tuple[str, str]:
    try:
        error = answer.json()["error"]
        return str(error["code"]), str(error.get("message", ""))[:200]
    except (ValueError, KeyError, TypeError):
        return "", answer.text[:200]


def open_deliverer(account: SendingAccount) -> GraphDeliverer:
    """Return the deliverer of one business's account."""
    tokens = GraphTokens(
        open_client(account.settings.api_url_graph_login),
        directory=account.secret("GRAPH_TENANT_ID"),
        client_id=account.secret("GRAPH_CLIENT_ID"),
        client_secret=account.secret("GRAPH_CLIENT_SECRET"),
        clock=account.clock,
    )
    client = open_client(account.settings.api_url_graph)
    return GraphDeliverer(client, tokens=tokens, mailbox=account.mailbox, clock=account.clock)
