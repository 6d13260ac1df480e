"""Outgoing webhooks, signed by https://www.standardwebhooks.com, version 1.

The webhook-id is made from the command's key, so that a receiver takes each once however often it comes: what no
answer came to can be posted again, unlike a text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

import httpx

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import Accepted, Answer, Doubt, LookUp, NotFound, Refused, Unknown
from frontdesk.connectors.content import WebhookBody
from frontdesk.connectors.http_calls import call, open_client
from frontdesk.connectors.outgoing_webhook.addresses import AddressRefusedError, NameUnknownError, OutgoingAddresses
from frontdesk.connectors.references import reference_of
from frontdesk.connectors.retry_after import parse_retry_after
from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError

#: The least that Standard Webhooks allows.
MIN_KEY_BYTES = 24
_REMEDY = f"write whsec_ and the base64 of {MIN_KEY_BYTES} random bytes or more"


class WebhookDeliverer:
    """The endpoints of one tenant."""

    def __init__(
        self,
        client: httpx.Client,
        *,
        addresses: OutgoingAddresses,
        endpoints: Mapping[str, tuple[str, tuple[str, ...]]],
        clock: Clock,
    ) -> None:
        """`endpoints` are address and secrets (several during a rotation) by the endpoint's key.

        Raises ConfigurationError if a secret is no base64, or too short.
        """
        self._addresses = addresses
        self._client = client
        self._clock = clock
        self._endpoints = {
            key: (url, tuple(_signing_key(secret) for secret in secrets)) for key, (url, secrets) in endpoints.items()
        }

    def deliver(self, command_key: str, content: WebhookBody, /) -> Answer:
        """Post it; no answer is a refusal for now, since the receiver knows a repeated id."""
        url, keys = self._endpoints.get(content.endpoint, ("", ()))
        if not keys:
            return Refused(reason=f"no endpoint {content.endpoint} with a secret; see endpoints in the tenant's file")
        webhook_id = f"msg_{reference_of(command_key)}"
        now = self._clock.now()
        headers = {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                sign(key, webhook_id=webhook_id, at=now, body=content.body) for key in keys
            ),
        }
        try:
            target = self._addresses.find(url)
        except (AddressRefusedError, NameUnknownError) as error:
            return Refused(reason=error.detail, is_permanent=isinstance(error, AddressRefusedError))
        headers["host"] = target.host
        named = {"sni_hostname": target.server_name}
        answer = call(lambda: self._client.post(target.url, content=content.body, headers=headers, extensions=named))
        if isinstance(answer, httpx.Response):
            return self._read(answer, webhook_id=webhook_id, now=now)
        return Refused(reason=answer.reason) if isinstance(answer, Unknown) else answer

    @staticmethod
    def _read(answer: httpx.Response, *, webhook_id: str, now: datetime) -> Answer:
        if answer.is_success:
            return Accepted(webhook_id)
        return Refused(
            reason=f"the endpoint answered {answer.status_code}",
            is_permanent=answer.status_code == HTTPStatus.GONE,  # "do not send me these any more"
            retry_after=parse_retry_after(answer.headers.get("retry-after"), now=now),
            error_code=str(answer.status_code),
        )

    def look_up(self, _: Doubt[WebhookBody], /) -> LookUp:
        """Say that it can be posted again: the receiver knows a repeated id."""
        return NotFound(is_final=True)


def sign(key: bytes, *, webhook_id: str, at: datetime, body: bytes) -> str:
    """Return one entry of the webhook-signature header."""
    signed = f"{webhook_id}.{int(at.timestamp())}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def _signing_key(secret: str) -> bytes:
    try:
        encoded = secret.removeprefix("whsec_")
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"an endpoint's secret is no base64; {_REMEDY}") from error
    if len(key) < MIN_KEY_BYTES:
        raise ConfigurationError(f"an endpoint's secret has {len(key)} bytes, {MIN_KEY_BYTES} are needed; {_REMEDY}")
    return key


def open_deliverer(account: SendingAccount) -> WebhookDeliverer:
    """Return the deliverer of one business's account."""
    addresses = OutgoingAddresses(private_hosts=account.settings.webhook_private_host_names)
    # Not through a proxy of the environment: it would resolve and reach what it likes.
    client = open_client("http://127.0.0.1")
    return WebhookDeliverer(client, addresses=addresses, endpoints=account.endpoints, clock=account.clock)
