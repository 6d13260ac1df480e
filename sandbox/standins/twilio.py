"""Twilio's messaging API: create, read and list texts, and status callbacks signed as Twilio signs them.

The caller's reference in the ledger is the query string of its StatusCallback: this API has no idempotency key, so
that is the only place for a mark of the caller's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from sandbox.delivery import FORM
from sandbox.sender import utc_now
from sandbox.standins.accounts import TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, Account, basic_credentials
from sandbox.standins.behaviour import Behaviour
from sandbox.standins.state import StandinState
from sandbox.standins.twilio_errors import MAGIC_RECIPIENTS, TwilioForms, twilio_error
from sandbox.standins.twilio_messages import TwilioMessage, page_of

_Serve = Callable[[Account, Behaviour], Response]
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST_BODY = 1600
_UNREACHABLE, _UNKNOWN_ERROR = 30003, 30008
_PERMANENT = 21211  # where a permanent error is asked for without a code


@dataclass(frozen=True, slots=True)
class TwilioApi:
    """The API over its messages, by sid."""

    state: StandinState
    messages: dict[str, TwilioMessage] = field(default_factory=dict)

    def routes(self, prefix: str = "") -> Iterator[Route]:
        """Yield the routes."""
        account = f"{prefix}/2010-04-01/Accounts/{{sid}}"
        yield Route(f"{account}/Messages.json", self.create, methods=["POST"])
        yield Route(f"{account}/Messages.json", self.list_, methods=["GET"])
        yield Route(f"{account}/Messages/{{message}}.json", self.fetch, methods=["GET"])

    async def create(self, request: Request) -> Response:
        """Accept a text: 201, or Twilio's error."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        return await self._answer(
            request, is_send=True, serve=lambda account, behaviour: self._create(account, form, behaviour)
        )

    async def fetch(self, request: Request) -> Response:
        """Return one text."""
        return await self._answer(request, is_send=False, serve=lambda account, _: self._fetch(request, account))

    async def list_(self, request: Request) -> Response:
        """Return one page of the account's texts."""
        return await self._answer(request, is_send=False, serve=lambda account, _: self._list(request, account))

    async def _answer(self, request: Request, *, is_send: bool, serve: _Serve) -> Response:
        named = self.state.accounts.find(TWILIO_ACCOUNT_SID, request.path_params["sid"])
        user, password = basic_credentials(request.headers.get("authorization", ""))

        def authenticated(behaviour: Behaviour) -> Response:
            if named is None or user != request.path_params["sid"] or not named.holds(TWILIO_AUTH_TOKEN, password):
                return twilio_error(20003)
            return serve(named, behaviour)

        tenant = named.tenant if named else None
        forms = TwilioForms()
        return await self.state.answer(request, "twilio", tenant, is_send=is_send, forms=forms, serve=authenticated)

    def _create(self, account: Account, form: dict[str, str], behaviour: Behaviour) -> Response:
        if behaviour.mode == "permanent_error":
            return twilio_error(int(behaviour.code or _PERMANENT))
        service = form.get("MessagingServiceSid")
        number = form.get("From") or (account.numbers[0] if service and account.numbers else "")
        if code := self._find_fault(account, form, number=number):
            return twilio_error(code)
        sid = f"SM{uuid4().hex}"
        callback = form.get("StatusCallback", "")
        entry = self.state.ledger.accept(
            "twilio",
            account.tenant,
            kind="text",
            id=sid,
            sender=number,
            recipient=form["To"],
            text=form["Body"],
            reference=urlsplit(callback).query,
        )
        entry.status = "accepted" if service else "queued"
        message = TwilioMessage(
            sid=sid,
            account_sid=account.secret(TWILIO_ACCOUNT_SID),
            service_sid=service,
            number=number,
            recipient=form["To"],
            body=form["Body"],
            callback=callback,
            entry=entry,
            created_at=entry.accepted_at,
            updated_at=entry.accepted_at,
        )
        self.messages[sid] = message
        if behaviour.delivery != "silent":
            self.state.poster.start(self._deliver(account, message, behaviour))
        return JSONResponse(message.on_the_wire(), status_code=201)

    def _find_fault(self, account: Account, form: dict[str, str], *, number: str) -> int | None:
        recipient, body, callback = form.get("To", ""), form.get("Body", ""), form.get("StatusCallback", "")
        faults = {
            21604: not recipient,
            21211: not _E164.fullmatch(recipient),
            21603: not number,
            21606: number not in account.numbers,
            21602: not body,
            21617: len(body) > _LONGEST_BODY,
            21609: bool(callback) and not _can_be_called(callback),
            21610: self.state.phones.has_opted_out(number=number, phone=recipient),
        }
        found = next((code for code, is_wrong in faults.items() if is_wrong), None)
        return found or MAGIC_RECIPIENTS.get(recipient)

    def _fetch(self, request: Request, account: Account) -> Response:
        message = self.messages.get(request.path_params["message"])
        if message is None or message.account_sid != account.secret(TWILIO_ACCOUNT_SID):
            return twilio_error(20404)
        return JSONResponse(message.on_the_wire())

    def _list(self, request: Request, account: Account) -> Response:
        own_sid = account.secret(TWILIO_ACCOUNT_SID)
        own = [message for message in self.messages.values() if message.account_sid == own_sid]
        path = f"/2010-04-01/Accounts/{own_sid}/Messages.json"
        try:
            return JSONResponse(page_of(own, dict(request.query_params), path=path))
        except ValueError:
            return twilio_error(20001, status=400)

    async def _deliver(self, account: Account, message: TwilioMessage, behaviour: Behaviour) -> None:
        """Take the text to its end, with a callback for each status but the first, which the answer has told."""
        steps = {"delivered": ["sending", "sent", "delivered"], "undelivered": ["sending", "sent", "undelivered"]}
        for status in [*(["queued"] if message.service_sid else []), *steps.get(behaviour.delivery, ["failed"])]:
            await asyncio.sleep(behaviour.callback_delay_ms / 1000)
            message.move_to(status, error_code={"undelivered": _UNREACHABLE, "failed": _UNKNOWN_ERROR}.get(status))
            if message.callback:
                await self._call_back(account, message)

    async def _call_back(self, account: Account, message: TwilioMessage) -> None:
        # Options after # (timeouts, retries) are Twilio's own: neither sent nor signed.
        url = urldefrag(message.callback).url
        status = message.entry.status
        fields = {
            "ApiVersion": "2010-04-01",
            "AccountSid": message.account_sid,
            "From": message.number,
            "To": message.recipient,
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            **({"MessagingServiceSid": message.service_sid} if message.service_sid else {}),
            **({"ErrorCode": str(message.error_code)} if message.error_code else {}),
        }
        if status in {"delivered", "undelivered"}:
            fields["RawDlrDoneDate"] = utc_now().strftime("%y%m%d%H%M")
        signature = RequestValidator(account.secret(TWILIO_AUTH_TOKEN)).compute_signature(url, fields)
        headers = (
            ("Content-Type", f"{FORM}; charset=UTF-8"),
            ("X-Twilio-Signature", str(signature)),
            ("I-Twilio-Idempotency-Token", uuid4().hex),
        )
        body = urlencode(fields).encode()
        await self.state.poster.post(self.state.receiver.reach(url), body=body, headers=headers)


def _can_be_called(url: str) -> bool:
    parts = urlsplit(url)
    # Twilio refuses host names with an underscore. Unlike Twilio, the stand-in can reach this machine.
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "_" not in (parts.hostname or "")
