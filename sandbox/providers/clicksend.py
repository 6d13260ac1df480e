"""ClickSend: inbound texts as JSON, delivery receipts as form posts. It signs nothing; a token guards the address."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import quote, urlencode

from sandbox.delivery import FORM, JSON, Attempt, Delivery, SignedRequest, unix_seconds
from sandbox.identifiers import digits, guid

DELIVERED, FAILED = 201, 301


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Put the token into the address: ClickSend's rules can't send a header of one's own."""
    token = quote(attempt.secrets["CLICKSEND_WEBHOOK_TOKEN"], safe="")
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/clicksend?token={token}",
        headers=(("Content-Type", delivery.content_type),),
        body=delivery.body,
    )


def message_id(*parts: object) -> str:
    """Return a message id: upper case, like a UUID."""
    return guid("clicksend", *parts).upper()


def inbound(
    at: datetime, tenant: str, *, message: str, sender: str, recipient: str, text: str, reply_to: tuple[str, str]
) -> Delivery:
    """Return an inbound text as the automation rule's JSON. `reply_to` is id and text of our last one to them."""
    original_id, original_text = reply_to
    content = {
        "originalsenderid": recipient,
        "body": text,
        "message": text,
        "sms": sender,
        "from": sender,
        "to": recipient,
        "timestamp": unix_seconds(at),
        "message_id": message,
        "original_message_id": original_id,
        "original_body": original_text,
        "user_id": int(digits("user", tenant, length=6)),
        "subaccount_id": int(digits("subaccount", tenant, length=6)),
        "custom_string": "",
    }
    body = json.dumps(content, ensure_ascii=False).encode()
    return _delivery(at, tenant, key=message, body=body, content_type=JSON)


def receipt(at: datetime, tenant: str, *, message: str, sent_at: datetime, code: int, custom: str) -> Delivery:
    """Return a delivery receipt: DELIVERED or FAILED (for good)."""
    fields = {
        "timestamp_send": unix_seconds(min(sent_at, at)),
        "timestamp": unix_seconds(at),
        "message_id": message,
        "status_code": code,
        "status_text": "Success: Message received on handset." if code == DELIVERED else "Permanent failure",
        "error_code": "" if code == DELIVERED else "12",
        "error_text": "" if code == DELIVERED else "Absent subscriber",
        "custom_string": custom,
        "user_id": digits("user", tenant, length=6),
        "subaccount_id": digits("subaccount", tenant, length=6),
        "message_type": "sms",
    }
    key = f"{message}:{code}:{unix_seconds(at)}"
    return _delivery(at, tenant, key=key, body=urlencode(fields).encode(), content_type=FORM)


def _delivery(at: datetime, tenant: str, *, key: str, body: bytes, content_type: str) -> Delivery:
    return Delivery(
        tenant=tenant, source="clicksend", scheme="clicksend", at=at, key=key, body=body, content_type=content_type
    )
