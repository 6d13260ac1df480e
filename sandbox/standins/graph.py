"""Microsoft Graph: tokens for an app, sendMail, drafts that are sent later, and a look into the mailbox.

The caller's reference in the ledger is the first of the message's own headers (their names start with x-), else the
internetMessageId of the draft.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.sender import utc_now
from sandbox.standins.accounts import GRAPH_CLIENT_ID, GRAPH_CLIENT_SECRET, GRAPH_TENANT_ID, Account
from sandbox.standins.behaviour import Behaviour
from sandbox.standins.graph_errors import GraphForms, graph_error, token_error
from sandbox.standins.ledger import AttachedFile, attached_file
from sandbox.standins.state import StandinState

_TOKEN_SECONDS = 3599
_SCOPE = "https://graph.microsoft.com/.default"
_FILTER = re.compile(r"internetMessageId eq '(?P<id>[^']+)'|sentDateTime ge (?P<since>[0-9TZ:.+-]+)")
_LARGEST_PAGE = 1_000

_Serve = Callable[[Account, Behaviour], Response]


@dataclass(slots=True)
class Mail:
    """One message of a mailbox."""

    id: str
    user: str  # mailbox
    message: Mapping[str, Any]  # as it was given
    internet_message_id: str
    sent_at: datetime | None = None  # aware UTC; None: a draft

    def on_the_wire(self) -> dict[str, Any]:
        """Return the resource."""
        return {
            **self.message,
            "id": self.id,
            "internetMessageId": self.internet_message_id,
            "isDraft": self.sent_at is None,
            "sentDateTime": self.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.sent_at else None,
        }


@dataclass(frozen=True, slots=True)
class GraphApi:
    """The API over its tokens and mailboxes."""

    state: StandinState
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)  # to tenant and end
    mails: dict[str, Mail] = field(default_factory=dict)  # by id

    def login_routes(self, prefix: str = "") -> Iterator[Route]:
        """Yield the token endpoint's route."""
        yield Route(f"{prefix}/{{directory}}/oauth2/v2.0/token", self.token, methods=["POST"])

    def routes(self, prefix: str = "") -> Iterator[Route]:
        """Yield the routes."""
        user = f"{prefix}/v1.0/users/{{user}}"
        yield Route(f"{user}/sendMail", self.send_mail, methods=["POST"])
        yield Route(f"{user}/messages", self.draft, methods=["POST"])
        yield Route(f"{user}/messages", self.list_, methods=["GET"])
        yield Route(f"{user}/mailFolders/{{folder}}/messages", self.list_, methods=["GET"])
        yield Route(f"{user}/messages/{{message}}", self.read, methods=["GET"])
        yield Route(f"{user}/messages/{{message}}/send", self.send_draft, methods=["POST"])

    async def token(self, request: Request) -> Response:
        """Return a token for an app that knows its secret."""
        form = dict(parse_qsl((await request.body()).decode()))
        account = self.state.accounts.find(GRAPH_CLIENT_ID, form.get("client_id", ""))
        return await self.state.answer(
            request,
            "graph",
            account.tenant if account else None,
            is_send=False,
            forms=GraphForms(),
            serve=lambda _: self._token(request.path_params["directory"], form, account),
        )

    async def send_mail(self, request: Request) -> Response:
        """Accept a message: 202, and no id."""
        body = await request.body()
        return await self._answer(
            request, is_send=True, serve=lambda account, behaviour: self._send_mail(request, account, body, behaviour)
        )

    async def draft(self, request: Request) -> Response:
        """Keep a message as a draft: 201 with its ids. Nothing is sent."""
        body = await request.body()
        return await self._answer(request, is_send=False, serve=lambda _, __: self._draft(request, body))

    async def send_draft(self, request: Request) -> Response:
        """Send a draft: 202 the first time, 404 afterwards, since it is a draft no more."""
        await request.body()
        return await self._answer(
            request, is_send=True, serve=lambda account, behaviour: self._send_draft(request, account, behaviour)
        )

    async def list_(self, request: Request) -> Response:
        """Return the mailbox's messages, of one folder or by internetMessageId."""
        return await self._answer(request, is_send=False, serve=lambda _, __: self._list(request))

    async def read(self, request: Request) -> Response:
        """Return one message."""
        return await self._answer(request, is_send=False, serve=lambda _, __: self._read(request))

    async def _answer(self, request: Request, *, is_send: bool, serve: _Serve) -> Response:
        tenant, ends_at = self.tokens.get(
            request.headers.get("authorization", "").removeprefix("Bearer "), ("", None)
        )
        account = self.state.accounts.by_tenant.get(tenant)

        def authenticated(behaviour: Behaviour) -> Response:
            if account is None or ends_at is None or ends_at < utc_now():
                return graph_error(401, "InvalidAuthenticationToken", "Access token is missing, unknown or expired.")
            if request.path_params["user"].lower() != account.email.lower():
                return graph_error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
            return serve(account, behaviour)

        return await self.state.answer(
            request, "graph", tenant or None, is_send=is_send, forms=GraphForms(), serve=authenticated
        )

    def _token(self, directory: str, form: Mapping[str, str], account: Account | None) -> Response:
        if account is None or not account.holds(GRAPH_TENANT_ID, directory):
            return token_error("unauthorized_client", 700016, "Application not found in the directory.")
        if not account.holds(GRAPH_CLIENT_SECRET, form.get("client_secret", "")):
            return token_error("invalid_client", 7000215, "Invalid client secret provided.")
        if form.get("grant_type") != "client_credentials":
            return token_error("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("scope") != _SCOPE:
            return token_error("invalid_scope", 70011, f"The provided value for scope is not valid; it is {_SCOPE}")
        token = token_urlsafe(48)
        self.tokens[token] = (account.tenant, utc_now() + timedelta(seconds=_TOKEN_SECONDS))
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": _TOKEN_SECONDS,
                "ext_expires_in": _TOKEN_SECONDS,
                "access_token": token,
            }
        )

    def _send_mail(self, request: Request, account: Account, body: bytes, behaviour: Behaviour) -> Response:
        message = _object_of(body).get("message")
        if not isinstance(message, dict):
            return graph_error(400, "ErrorInvalidRequest", "The message is missing or the body is not JSON.")
        return self._send(account, _new_mail(request, message), behaviour)

    def _draft(self, request: Request, body: bytes) -> Response:
        mail = _new_mail(request, _object_of(body))
        self.mails[mail.id] = mail
        return JSONResponse(mail.on_the_wire(), status_code=201)

    def _send_draft(self, request: Request, account: Account, behaviour: Behaviour) -> Response:
        mail = self._find(request)
        if mail is None or mail.sent_at is not None:
            return _not_found()
        return self._send(account, mail, behaviour)

    def _send(self, account: Account, mail: Mail, behaviour: Behaviour) -> Response:
        if behaviour.mode == "permanent_error":
            return graph_error(403, behaviour.code or "ErrorSendAsDenied", "The user may not send this message.")
        recipients = list(_addresses(mail.message))
        if not recipients or not all("@" in recipient for recipient in recipients):
            return graph_error(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
        headers = mail.message.get("internetMessageHeaders") or []
        if any(not str(header.get("name", "")).lower().startswith("x-") for header in headers):
            return graph_error(400, "InvalidInternetMessageHeader", "Names of own headers must start with x-.")
        try:
            files = tuple(_files(mail.message))
        except ValueError:
            return graph_error(400, "ErrorInvalidProperty", "contentBytes of an attachment is no base64.")
        entry = self.state.ledger.accept(
            "graph",
            account.tenant,
            kind="e-mail",
            id=mail.id,
            sender=mail.user,
            recipient=", ".join(recipients),
            subject=str(mail.message.get("subject", "")),
            text=str((mail.message.get("body") or {}).get("content", "")),
            reference=str(headers[0].get("value", "")) if headers else mail.internet_message_id,
            attachments=files,
        )
        mail.sent_at = entry.accepted_at
        self.mails[mail.id] = mail
        return Response(status_code=202)

    def _list(self, request: Request) -> Response:
        filter_text = request.query_params.get("$filter", "")
        match = _FILTER.fullmatch(filter_text)
        if filter_text and not match:
            return graph_error(
                400,
                "ErrorInvalidUrlQueryFilter",
                "Only internetMessageId eq '...' and sentDateTime ge ... are understood here.",
            )
        folder = request.path_params.get("folder", "").lower()
        since = datetime.fromisoformat(match["since"]) if match and match["since"] else None
        found = [
            mail.on_the_wire()
            for mail in reversed(self.mails.values())
            if mail.user.lower() == request.path_params["user"].lower()
            and (not folder or (folder == "drafts") == (mail.sent_at is None))
            and (match is None or match["id"] is None or mail.internet_message_id == match["id"])
            and (since is None or (mail.sent_at is not None and mail.sent_at >= since))
        ]
        if request.query_params.get("$orderby", "").lower().replace(" asc", "") == "sentdatetime":
            found.reverse()
        top, skip = (request.query_params.get(name, default) for name, default in (("$top", "10"), ("$skip", "0")))
        if not (top.isdecimal() and skip.isdecimal()):
            return graph_error(400, "ErrorInvalidUrlQuery", "$top and $skip are whole numbers.")
        start, end = int(skip), int(skip) + min(int(top), _LARGEST_PAGE)
        page: dict[str, Any] = {"value": found[start:end]}
        if end < len(found):
            page["@odata.nextLink"] = str(request.url.include_query_params(**{"$skip": end}))
        return JSONResponse(page)

    def _read(self, request: Request) -> Response:
        mail = self._find(request)
        return JSONResponse(mail.on_the_wire()) if mail else _not_found()

    def _find(self, request: Request) -> Mail | None:
        mail = self.mails.get(request.path_params["message"])
        return mail if mail and mail.user.lower() == request.path_params["user"].lower() else None


def _new_mail(request: Request, message: Mapping[str, Any]) -> Mail:
    user = request.path_params["user"]
    return Mail(
        id=f"AAMk{token_urlsafe(60)}=",
        user=user,
        message=message,
        internet_message_id=f"<{uuid4().hex.upper()}@{user.partition('@')[2]}>",
    )


def _object_of(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _addresses(message: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("toRecipients", "ccRecipients", "bccRecipients"):
        for recipient in message.get(kind) or []:
            yield str(recipient.get("emailAddress", {}).get("address", ""))


def _files(message: Mapping[str, Any]) -> Iterator[AttachedFile]:
    for each in message.get("attachments") or []:
        if each.get("@odata.type") == "#microsoft.graph.fileAttachment":
            content = b64decode(str(each.get("contentBytes", "")), validate=True)
            yield attached_file(str(each.get("name", "")), str(each.get("contentType", "")), content)


def _not_found() -> Response:
    return graph_error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
