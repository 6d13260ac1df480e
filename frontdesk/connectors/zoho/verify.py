"""Zoho: CRM notifications (token in the body), Books (HMAC), Campaigns and workflow posts (token in header or URL).

Source: zoho.com/crm/developer/docs/api notifications, zoho.com/billing/kb "Securing webhooks", Campaigns e-mail API.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

import orjson

from frontdesk.connectors.bodies import (
    FORM,
    JSON,
    as_object,
    body_id,
    event_type,
    find_text,
    form_object,
    instant_of_milliseconds,
    instant_of_seconds,
    instant_of_text,
    made_id,
    parse_form,
    parse_json,
    parse_json_exactly,
    sends_json,
)
from frontdesk.connectors.signature_checks import check_hmac_sha256_hex, check_token, find_token, without_token
from frontdesk.connectors.source import Delivery, Request, Source, SourceConfiguration

_SIGNATURE = b"x-zoho-webhook-signature"
_SECRET_HEADER = b"x-zoho-secret"
#: Books may put its JSON into one field of a form.
_JSON_FIELD = "JSONString"
#: Only a notification is parsed before it is proven genuine; they are small, and so is what a stranger can cost.
_MAX_NOTIFICATION_BYTES = 262_144
_MASKED = b'"***"'
_MILLISECOND_DIGITS = 13

Pairs = list[tuple[str, str]]


class _Fact(NamedTuple):
    """What one of Zoho's products says."""

    name: str
    id: str | None
    subject_id: str | None = None
    occurred_at: datetime | None = None
    #: Whether the id is made of what the body says, and not Zoho's or the sender's own.
    is_id_made: bool = False


class ZohoSource(Source):
    """Deliveries of four products to one address."""

    name: ClassVar[str] = "zoho"
    secret_names: ClassVar[tuple[str, ...]] = ("ZOHO_WEBHOOK_SECRET",)
    methods: ClassVar[frozenset[str]] = frozenset({"POST", "GET"})
    media_types: ClassVar[tuple[str, ...] | None] = (JSON, FORM, "text/plain")
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _SIGNATURE)

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._secrets = secrets

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        secrets = configuration.secret_keys("ZOHO_WEBHOOK_SECRET")
        return cls(secrets) if secrets else None

    def receive(self, request: Request) -> Delivery:
        """Check the signature or token; return the envelope."""
        query = parse_form(request.query_string)
        form = parse_form(request.body) if request.media_type == FORM else []
        self._check_proof(request, query=query, form=form)
        if request.method == "GET":
            payload = orjson.dumps(form_object(without_token(query)))
        elif request.media_type == FORM:
            fields = form_object(form)
            payload = (find_text(fields, _JSON_FIELD) or orjson.dumps(fields).decode()).encode()
        else:
            payload = request.body
        # Exactly: ids of transmissions exceed 64 bits.
        content = as_object(parse_json_exactly(payload))
        fact = _read_fact(content, dict(query))
        body = request.body or payload
        return Delivery(
            source_event_id=made_id((fact.id,), body) if fact.is_id_made else fact.id or body_id(body),
            type=event_type(self.name, fact.name),
            payload=_without_token(payload, content),
            subject_id=fact.subject_id,
            occurred_at=fact.occurred_at,
            secrets=_tokens_of(content, form=form),
        )

    def _check_proof(self, request: Request, *, query: Pairs, form: Pairs) -> None:
        if _SIGNATURE in request.headers:
            # Books: all pairs by key, joined without separators, then a body that is no form.
            signed = "".join(key + value for key, value in sorted([*query, *form], key=lambda pair: pair[0]))
            body = b"" if request.media_type == FORM else request.body
            check_hmac_sha256_hex(request, _SIGNATURE, signed.encode() + body, self._secrets)
            return
        token = request.headers.get(_SECRET_HEADER) or find_token(request)
        if token is None and sends_json(request) and len(request.body) <= _MAX_NOTIFICATION_BYTES:
            notification = parse_json(request.body)  # CRM echoes the channel's token in the body
            token = (find_text(notification, "token") or "").encode()
        check_token(token, self._secrets)


def _read_fact(content: dict[str, Any], query: dict[str, str]) -> _Fact:
    module, operation = find_text(content, "module"), find_text(content, "operation")
    if module and operation and isinstance(content.get("ids"), list):
        return _crm_notification(content, f"crm.{module.lower()}.{operation}")
    action = find_text(content, "action")
    if action and isinstance(content.get("data"), list):
        return _campaigns_event(content, f"campaigns.{action}")
    event_id = find_text(content, "event_id")
    # A Books or workflow address may name its event: the body does not.
    name = find_text(content, "event_type") or find_text(content, "event") or query.get("event")
    if not name:
        books = next((key for key, value in content.items() if isinstance(value, dict)), None)
        if books:
            return _books_object(content[books], books)
    subject = find_text(content, "contact_id") or find_text(content, "record_id") or find_text(content, "id")
    times = (content.get(key) for key in ("occurred_at", "timestamp", "event_time", "action_time"))
    occurred_at = next((instant for time in times if (instant := _instant(time))), None)
    return _Fact(name or "unnamed", event_id, subject, occurred_at)


def _crm_notification(content: dict[str, Any], name: str) -> _Fact:
    ids = [text for value in content["ids"] if (text := find_text({"id": value}, "id"))]
    parts = (find_text(content, "channel_id"), find_text(content, "operation"), ",".join(ids))
    time = find_text(content, "server_time")
    identity = ":".join((*(part for part in parts if part), time)) if time and ids else None
    return _Fact(name, identity, ids[0] if len(ids) == 1 else None, instant_of_milliseconds(time), bool(identity))


def _campaigns_event(content: dict[str, Any], name: str) -> _Fact:
    if len(content["data"]) != 1:
        return _Fact(name, None)
    row = content["data"][0]
    keys = ("transmission_id", "contact_id", "action_time", "click_url")
    parts = [find_text(row, key) for key in keys]
    identity = ":".join(part for part in (find_text(content, "webhook_id"), name, *parts) if part)
    has_time = find_text(row, "action_time") is not None
    occurred_at = instant_of_milliseconds(find_text(row, "action_time"))
    return _Fact(name, identity if has_time else None, find_text(row, "contact_id"), occurred_at, has_time)


def _books_object(record: dict[str, Any], key: str) -> _Fact:
    record_id = find_text(record, f"{key}_id")
    modified = find_text(record, "last_modified_time")
    identity = f"{key}:{record_id}:{modified}" if record_id and modified else None
    return _Fact(f"books.{key}", identity, record_id, instant_of_text(modified), bool(identity))


def _instant(value: Any) -> datetime | None:
    text = find_text({"value": value}, "value") or ""
    return instant_of_text(text) or (
        instant_of_milliseconds(text) if len(text) >= _MILLISECOND_DIGITS else instant_of_seconds(text)
    )


def _tokens_of(content: dict[str, Any], *, form: Pairs) -> tuple[str, ...]:
    """Return the tokens that came in the body: the channel's, or a form's."""
    given = (find_text(content, "token"), *(value for key, value in form if key == "token"))
    return tuple(token for token in given if token)


def _without_token(payload: bytes, content: dict[str, Any]) -> bytes:
    """Return the payload as it may be shown: analysts read payloads, and the CRM's token is a secret."""
    token = content.get("token")
    if token is None:
        return payload
    literal = orjson.dumps(token)
    return payload.replace(literal, _MASKED) if literal in payload else orjson.dumps(content | {"token": "***"})
