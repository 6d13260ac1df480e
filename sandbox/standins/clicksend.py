"""ClickSend's SMS API: send, history, receipts. A 200 says nothing: each message has a status of its own.

The caller's reference in the ledger is the message's `custom_string`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.delivery import Attempt, unix_seconds
from sandbox.identifiers import digits
from sandbox.providers import clicksend as webhooks
from sandbox.sender import utc_now
from sandbox.standins.accounts import CLICKSEND_API_KEY, CLICKSEND_USERNAME, Account, basic_credentials
from sandbox.standins.behaviour import Behaviour
from sandbox.standins.ledger import Entry
from sandbox.standins.segments import count_segments
from sandbox.standins.state import StandinState

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALPHA_TAG = re.compile(r"[A-Za-z0-9]{3,11}")
_MOST_MESSAGES = 1000
_THROTTLED_FOR = timedelta(seconds=30)  # ClickSend says "moments ago"
_PRICE = 0.0792  # per part
_DEFAULT_LIMIT, _SMALLEST_LIMIT, _LARGEST_LIMIT = 15, 15, 100

_Serve = Callable[[Account, Behaviour], Response]


class ClickSendForms:
    """The errors that have nothing to do with the request."""

    def rate_limited(self) -> Response:
        """Return 429."""
        return _envelope(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.", None)

    def server_error(self, status: int) -> Response:
        """Return a 5xx."""
        return _envelope(status, "INTERNAL_SERVER_ERROR", "Internal server error.", None)


@dataclass(frozen=True, slots=True)
class ClickSendApi:
    """The API over what it accepted."""

    state: StandinState
    sent: list[dict[str, Any]] = field(default_factory=list)  # as the history shows it, with `tenant` beside
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)  # the latest, by message id

    def routes(self, prefix: str = "") -> Iterator[Route]:
        """Yield the routes."""
        yield Route(f"{prefix}/v3/sms/send", self.send, methods=["POST"])
        yield Route(f"{prefix}/v3/sms/history", self.history, methods=["GET"])
        yield Route(f"{prefix}/v3/sms/receipts/{{message}}", self.receipt, methods=["GET"])
        yield Route(f"{prefix}/v3/account", self.account, methods=["GET"])

    async def send(self, request: Request) -> Response:
        """Take up to 1,000 texts; each gets its own status."""
        body = await request.body()
        return await self._answer(
            request, is_send=True, serve=lambda account, behaviour: self._send(account, body, behaviour)
        )

    async def history(self, request: Request) -> Response:
        """Return a page of what was sent, newest first; `q=custom_string:...` and the like search it."""
        return await self._answer(request, is_send=False, serve=lambda account, _: self._history(request, account))

    async def receipt(self, request: Request) -> Response:
        """Return the latest receipt of a text."""
        return await self._answer(request, is_send=False, serve=lambda account, _: self._receipt(request, account))

    async def account(self, request: Request) -> Response:
        """Return the account: a check of credentials."""
        return await self._answer(
            request,
            is_send=False,
            serve=lambda account, _: _envelope(
                200, "SUCCESS", "Here's your account", {"username": account.secret(CLICKSEND_USERNAME), "active": 1}
            ),
        )

    async def _answer(self, request: Request, *, is_send: bool, serve: _Serve) -> Response:
        user, key = basic_credentials(request.headers.get("authorization", ""))
        named = self.state.accounts.find(CLICKSEND_USERNAME, user)

        def authenticated(behaviour: Behaviour) -> Response:
            if named is None or not named.holds(CLICKSEND_API_KEY, key):
                return _envelope(401, "UNAUTHORIZED", "Authorization failed.", None)
            return serve(named, behaviour)

        tenant = named.tenant if named else None
        return await self.state.answer(
            request, "clicksend", tenant, is_send=is_send, forms=ClickSendForms(), serve=authenticated
        )

    def _send(self, account: Account, body: bytes, behaviour: Behaviour) -> Response:
        messages = _messages_of(body)
        if not 0 < len(messages) <= _MOST_MESSAGES:
            return _envelope(400, "BAD_REQUEST", "The messages must be a list of 1 to 1000 messages.", None)
        answers = [self._take(account, message, behaviour) for message in messages]
        queued = [answer for answer in answers if answer["status"] == "SUCCESS"]
        data = {
            "total_price": round(sum(float(answer["message_price"]) for answer in queued), 4),
            "total_count": len(answers),
            "queued_count": len(queued),
            "messages": answers,
            "blocked_count": len(answers) - len(queued),
            "_currency": {
                "currency_name_short": "AUD",
                "currency_prefix_d": "$",
                "currency_prefix_c": "c",
                "currency_name_long": "Australian Dollars",
            },
        }
        return _envelope(200, "SUCCESS", "Messages queued for delivery.", data)

    def _take(self, account: Account, message: Mapping[str, Any], behaviour: Behaviour) -> dict[str, Any]:
        recipient, text = str(message.get("to", "")), str(message.get("body", ""))
        number = str(message.get("from") or (account.numbers[0] if account.numbers else ""))
        custom = str(message.get("custom_string", ""))
        parts = count_segments(text)
        answer: dict[str, Any] = {
            "direction": "out",
            "date": unix_seconds(utc_now()),
            "to": recipient,
            "body": text,
            "from": number,
            "schedule": message.get("schedule") or unix_seconds(utc_now()),
            "message_id": str(uuid4()).upper(),
            "message_parts": parts,
            "message_price": f"{parts * _PRICE:.4f}",
            "custom_string": custom,
            "user_id": int(digits("user", account.tenant, length=6)),
            "subaccount_id": int(digits("subaccount", account.tenant, length=6)),
            "is_shared_system_number": False,
            "country": account.country,
            "carrier": "",
            "status": self._judge(account, behaviour, recipient=recipient, text=text, number=number),
        }
        if answer["status"] == "SUCCESS":
            entry = self.state.ledger.accept(
                "clicksend",
                account.tenant,
                kind="text",
                id=answer["message_id"],
                sender=number,
                recipient=recipient,
                text=text,
                reference=custom,
            )
            self.sent.append({**answer, "tenant": account.tenant, "entry": entry})
            if behaviour.delivery != "silent":
                self.state.poster.start(self._deliver(account, entry, custom, behaviour))
        return answer

    def _judge(self, account: Account, behaviour: Behaviour, *, recipient: str, text: str, number: str) -> str:
        if behaviour.mode == "permanent_error":
            return behaviour.code or "INVALID_RECIPIENT"
        if not _E164.fullmatch(recipient):
            return "INVALID_RECIPIENT"
        if not text:
            return "EMPTY_MESSAGE"
        if number not in account.numbers and not _ALPHA_TAG.fullmatch(number):
            return "INVALID_SENDER_ID"
        earliest = utc_now() - _THROTTLED_FOR
        for sent in reversed(self.sent):
            if sent["entry"].accepted_at < earliest:
                break
            if (sent["tenant"], sent["to"], sent["body"]) == (account.tenant, recipient, text):
                return "THROTTLED"
        return "SUCCESS"

    def _history(self, request: Request, account: Account) -> Response:
        field_, _, value = request.query_params.get("q", "").partition(":")
        try:
            page = max(int(request.query_params.get("page", 1)), 1)
            requested_limit = int(request.query_params.get("limit", _DEFAULT_LIMIT))
        except ValueError:
            return _envelope(400, "BAD_REQUEST", "page and limit must be numbers.", None)
        limit = min(max(requested_limit, _SMALLEST_LIMIT), _LARGEST_LIMIT)
        found = [
            {name: sent[name] for name in sent if name not in {"tenant", "entry"}} | {"status": _history_status(sent)}
            for sent in reversed(self.sent)
            if sent["tenant"] == account.tenant and (not field_ or str(sent.get(field_, "")) == value)
        ]
        on_page = found[(page - 1) * limit : page * limit]
        last = max(ceil(len(found) / limit), 1)
        data = {
            "total": len(found),
            "per_page": limit,
            "current_page": page,
            "last_page": last,
            "next_page_url": f"/?page={page + 1}" if page < last else None,
            "prev_page_url": f"/?page={page - 1}" if page > 1 else None,
            "from": (page - 1) * limit + 1 if on_page else None,
            "to": (page - 1) * limit + len(on_page) if on_page else None,
            "data": on_page,
        }
        return _envelope(200, "SUCCESS", "Here are your data.", data)

    def _receipt(self, request: Request, account: Account) -> Response:
        receipt = self.receipts.get(request.path_params["message"])
        if receipt is None or receipt["tenant"] != account.tenant:
            return _envelope(404, "NOT_FOUND", "Delivery receipt not found.", None)
        data = {name: value for name, value in receipt.items() if name != "tenant"}
        return _envelope(200, "SUCCESS", "Here is your data.", data)

    async def _deliver(self, account: Account, entry: Entry, custom: str, behaviour: Behaviour) -> None:
        await asyncio.sleep(behaviour.callback_delay_ms / 1000)
        code = webhooks.DELIVERED if behaviour.delivery == "delivered" else webhooks.FAILED
        entry.status = "delivered" if code == webhooks.DELIVERED else "failed"
        at = utc_now()
        self.receipts[entry.id] = {
            "tenant": account.tenant,
            "timestamp_send": unix_seconds(entry.accepted_at),
            "timestamp": unix_seconds(at),
            "message_id": entry.id,
            "status_code": code,
            "status_text": entry.status,
            "error_code": None if code == webhooks.DELIVERED else 12,
            "error_text": None if code == webhooks.DELIVERED else "Absent subscriber",
            "custom_string": custom,
            "message_type": "sms",
        }
        delivery = webhooks.receipt(
            at, account.tenant, message=entry.id, sent_at=entry.accepted_at, code=code, custom=custom
        )
        receiver = self.state.receiver
        signed = webhooks.sign(delivery, Attempt(secrets=account.secrets, now=at, public_url=receiver.public_url))
        await self.state.poster.post(f"{receiver.url}{signed.path}", body=signed.body, headers=signed.headers)


def _messages_of(body: bytes) -> list[Mapping[str, Any]]:
    try:
        messages = json.loads(body)["messages"]
    except (ValueError, KeyError, TypeError):
        return []
    return messages if isinstance(messages, list) and all(isinstance(item, dict) for item in messages) else []


def _history_status(sent: Mapping[str, Any]) -> str:
    return {"delivered": "Delivered", "failed": "Failed"}.get(sent["entry"].status, "Sent")


def _envelope(status: int, code: str, message: str, data: object) -> Response:
    content = {"http_code": status, "response_code": code, "response_msg": message, "data": data}
    return JSONResponse(content, status_code=status)
