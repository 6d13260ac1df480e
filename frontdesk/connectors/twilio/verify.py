"""Twilio: HMAC over the public URL and the form's fields, or over the URL with the JSON body's hash in it.

Source: twilio.com/docs/usage/security and the RequestValidator of twilio-python 9.13.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256
from itertools import product
from typing import Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

import orjson

from frontdesk.connectors.bodies import (
    FORM,
    JSON,
    as_object,
    body_id,
    event_type,
    find_text,
    form_object,
    instant_of_text,
    made_id,
    parse_form,
    parse_json,
    sends_json,
)
from frontdesk.connectors.signature_checks import is_any_of
from frontdesk.connectors.source import (
    Delivery,
    Reason,
    RefusedError,
    Reply,
    Request,
    Source,
    SourceConfiguration,
    plain_path,
)

_SIGNATURE = b"x-twilio-signature"
_SIGNATURE_SETTINGS = b"x-twilio-webhooks-signature-settings"
_DIGEST_OF = {b"HMAC_SHA1": "sha1", b"HMAC_SHA256": "sha256"}
_BODY_HASH = "bodySHA256"
#: The status of a text that came in; every other one is of a text that went out.
_RECEIVED = "received"
#: TwiML that does nothing: any other text would be sent to the customer or counted as an error.
_NO_REPLY = Reply(200, b"text/xml", b"<Response></Response>")
_EMPTY = Reply(200, b"text/xml", b"")

Pairs = list[tuple[str, str]]


class TwilioSource(Source):
    """Texts that come in, and status callbacks of texts that went out."""

    name: ClassVar[str] = "twilio"
    secret_names: ClassVar[tuple[str, ...]] = ("TWILIO_AUTH_TOKEN", "TWILIO_SHARED_KEY")
    methods: ClassVar[frozenset[str]] = frozenset({"POST", "GET"})
    media_types: ClassVar[tuple[str, ...] | None] = (FORM, JSON)
    kept_headers: ClassVar[tuple[bytes, ...]] = (
        b"user-agent",
        b"i-twilio-idempotency-token",
        _SIGNATURE,
        _SIGNATURE_SETTINGS,
    )

    def __init__(
        self,
        *,
        auth_tokens: tuple[bytes, ...],
        shared_keys: tuple[bytes, ...],
        public_url: str,
        account_sid: str | None,
    ) -> None:
        # Twilio signs with HMAC-SHA256 where its request names a shared key (public beta), else with HMAC-SHA1.
        self._keys_of = {"sha1": auth_tokens, "sha256": shared_keys + auth_tokens}
        self._origins = _origins(public_url)
        self._account_sid = account_sid

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        auth_tokens = configuration.secret_keys("TWILIO_AUTH_TOKEN")
        shared_keys = configuration.secret_keys("TWILIO_SHARED_KEY")
        if not auth_tokens and not shared_keys:
            return None
        return cls(
            auth_tokens=auth_tokens,
            shared_keys=shared_keys,
            public_url=configuration.public_url,
            account_sid=configuration.settings.get("account_sid"),
        )

    def receive(self, request: Request) -> Delivery:
        """Check X-Twilio-Signature; return the text's or status callback's envelope."""
        query = parse_form(request.query_string)
        if request.method == "GET":
            self._check_signature(request, signed_fields=[])
            payload = orjson.dumps(form_object(query))
        elif sends_json(request):
            self._check_body_hash(request, query)
            self._check_signature(request, signed_fields=[])
            payload = request.body
        else:
            form = parse_form(request.body)
            self._check_signature(request, signed_fields=form)
            payload = orjson.dumps(form_object(form))
        fields = as_object(parse_json(payload))
        if self._account_sid and fields.get("AccountSid") != self._account_sid:
            raise RefusedError(Reason.WRONG_ACCOUNT, "AccountSid is not the configured account")
        return self._deliver(fields, payload)

    def _deliver(self, fields: dict[str, Any], payload: bytes) -> Delivery:
        message = find_text(fields, "MessageSid") or find_text(fields, "SmsMessageSid") or find_text(fields, "SmsSid")
        conversation, event = find_text(fields, "ConversationSid"), find_text(fields, "EventType")
        if conversation and event:
            # Conversations tell of our own messages too, and of much else: no message is received by that alone.
            return Delivery(
                source_event_id=made_id((message or conversation, event), payload),
                type=event_type(self.name, f"conversation.{event}"),
                payload=payload,
                subject_id=message or conversation,
                occurred_at=instant_of_text(find_text(fields, "DateCreated")),
                reply=_EMPTY,
            )
        status = find_text(fields, "MessageStatus") or find_text(fields, "SmsStatus")
        if status == _RECEIVED:
            status = None
        if message and status:
            parts = (message, status, find_text(fields, "ErrorCode"))
            return Delivery(
                source_event_id=":".join(part for part in parts if part),
                type=event_type(self.name, f"message.{status}"),
                payload=payload,
                subject_id=message,
                reply=_EMPTY,
            )
        if message:
            return Delivery(
                source_event_id=message,
                type=event_type(self.name, "message.received"),
                payload=payload,
                subject_id=message,
                reply=_NO_REPLY,
            )
        # Calls and whatever else is pointed here: kept, told apart by their hash.
        call_status = find_text(fields, "CallStatus")
        return Delivery(
            source_event_id=body_id(payload),
            type=event_type(self.name, f"call.{call_status}" if call_status else "callback"),
            payload=payload,
            subject_id=find_text(fields, "CallSid"),
            reply=_NO_REPLY,
        )

    def _check_body_hash(self, request: Request, query: Pairs) -> None:
        given = dict(query).get(_BODY_HASH, "").encode()
        if not given:
            raise RefusedError(Reason.SIGNATURE_MISSING, f"a JSON body needs {_BODY_HASH} in the URL's query")
        if not hmac.compare_digest(given, sha256(request.body).hexdigest().encode()):
            raise RefusedError(Reason.SIGNATURE_INVALID, f"{_BODY_HASH} is not the hash of the body")

    def _check_signature(self, request: Request, *, signed_fields: Pairs) -> None:
        given = request.headers.get(_SIGNATURE)
        if not given:
            raise RefusedError(Reason.SIGNATURE_MISSING, "no x-twilio-signature header")
        algorithm = _algorithm(request.headers.get(_SIGNATURE_SETTINGS, b""))
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        # Each name with its value, names in order of their bytes; of repeated names each different value once.
        suffix = "".join(name + value for name, value in sorted(set(signed_fields)))
        # The URL as it is called, and as it was meant: a proxy may have put one or the other right.
        paths = dict.fromkeys((request.path, plain_path(request.path)))
        for origin, path in product(self._origins, paths):
            signed = f"{origin}{path}{query}{suffix}".encode()
            if is_any_of(given, [b64encode(hmac.digest(key, signed, algorithm)) for key in self._keys_of[algorithm]]):
                return
        raise RefusedError(
            Reason.SIGNATURE_INVALID,
            "x-twilio-signature does not match; check the auth token, and that FRONTDESK_PUBLIC_URL "
            "is the address Twilio calls",
        )


def _algorithm(signature_settings: bytes) -> str:
    for part in signature_settings.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"algorithm" and value:
            if value.upper() not in _DIGEST_OF:
                raise RefusedError(Reason.SIGNATURE_INVALID, "the signature's algorithm is none of Twilio's")
            return _DIGEST_OF[value.upper()]
    return "sha1"


def _origins(public_url: str) -> tuple[str, ...]:
    """Return the public address as given, with its default port and without port: Twilio signs either."""
    url = urlsplit(public_url)
    default_port = 443 if url.scheme == "https" else 80
    hosts = (url.netloc, f"{url.hostname}:{url.port or default_port}", url.hostname or "")
    return tuple(dict.fromkeys(SplitResult(url.scheme, host, url.path, "", "").geturl() for host in hosts))
