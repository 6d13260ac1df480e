"""Twilio: inbound texts and status callbacks as form posts, signed with Twilio's own library."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from twilio.request_validator import RequestValidator

from sandbox.delivery import FORM, Attempt, Delivery, SignedRequest
from sandbox.identifiers import hexadecimal, twilio_account_sid


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign the address as configured with Twilio and the parameters. Twilio signs no time."""
    path = f"/webhooks/{delivery.tenant}/twilio"
    parameters = dict(parse_qsl(delivery.body.decode(), keep_blank_values=True))
    validator = RequestValidator(attempt.secrets["TWILIO_AUTH_TOKEN"])
    signature = validator.compute_signature(f"{attempt.public_url}{path}", parameters)
    return SignedRequest(
        path=path,
        headers=(
            ("Content-Type", f"{FORM}; charset=UTF-8"),
            ("X-Twilio-Signature", signature),
            ("I-Twilio-Idempotency-Token", hexadecimal("idempotency", *delivery.identity)),
        ),
        body=delivery.body,
    )


def message_sid(*parts: object) -> str:
    """Return the MessageSid of a text."""
    return f"SM{hexadecimal('sid', *parts)}"


def inbound(at: datetime, tenant: str, *, sid: str, sender: str, recipient: str, text: str, country: str) -> Delivery:
    """Return an inbound text. OptOutType is there for the whole-message keywords, as with Advanced Opt-Out."""
    fields = {
        "ToCountry": country,
        "ToState": "",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text,
        "FromCountry": country,
        "To": recipient,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": twilio_account_sid(tenant),
        "From": sender,
        "ApiVersion": "2010-04-01",
    }
    if text.strip().upper() in {"STOP", "START", "HELP"}:
        fields["OptOutType"] = text.strip().upper()
    return _delivery(at, tenant, key=sid, fields=fields)


def status(
    at: datetime, tenant: str, *, sid: str, sender: str, recipient: str, status: str, error_code: str | None = None
) -> Delivery:
    """Return a status callback of an outbound text: sent, delivered, undelivered or failed."""
    fields = {
        "ApiVersion": "2010-04-01",
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": recipient,
        "From": sender,
        "MessageSid": sid,
        "AccountSid": twilio_account_sid(tenant),
    }
    if status in {"delivered", "undelivered"}:
        fields["RawDlrDoneDate"] = at.strftime("%y%m%d%H%M")
    if error_code:
        fields["ErrorCode"] = error_code
    key = ":".join(filter(None, (sid, status, error_code)))
    return _delivery(at, tenant, key=key, fields=fields)


def _delivery(at: datetime, tenant: str, *, key: str, fields: dict[str, str]) -> Delivery:
    body = urlencode(fields).encode()
    return Delivery(tenant=tenant, source="twilio", scheme="twilio", at=at, key=key, body=body, content_type=FORM)
