"""Texts by Twilio's SDK. Twilio has no idempotency key: the status callback's address carries the command's key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.response import Response
from twilio.rest import Client

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
from frontdesk.connectors.content import Letter
from frontdesk.connectors.http_calls import call, describe_error, is_this_machine, open_client
from frontdesk.connectors.retry_after import parse_retry_after
from frontdesk.core.clock import Clock
from frontdesk.core.serving.hosts import host_of

_SDK_URL: Final = "https://api.twilio.com"
_OPTED_OUT = 21610
#: Wrong credentials, account or sender: faults of the set-up, which no message is lost for.
_SET_UP_STATUSES = frozenset({401, 403, 404})
_SET_UP_CODES = frozenset({21603, 21606, 21609})
_FOR_NOW_STATUSES = frozenset({408, 409, 425, 429})
_CLIENT_ERRORS = range(400, 500)
#: Twilio's clock against ours.
_SKEW = timedelta(minutes=1)
_MOST_LISTED = 1_000


class _NotAcceptedError(Exception):
    """Carries what a call came to through the SDK."""

    def __init__(self, answer: Refused | Unknown) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class _SdkTransport:
    """The SDK's way out, for one call: over httpx, whose errors tell what was sent, to whatever stands for Twilio."""

    is_async = False

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.retry_after: str | None = None

    def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: object,  # time-outs and redirects: the client has its own
    ) -> Response:
        """Make one request as the SDK asks. Raises _NotAcceptedError if no answer came."""
        answer = call(
            lambda: self._client.request(
                method,
                uri.removeprefix(_SDK_URL),
                params=dict(params or {}),
                data=dict(data or {}),
                headers=dict(headers or {}),
                auth=auth,
            )
        )
        if not isinstance(answer, httpx.Response):
            raise _NotAcceptedError(answer)
        self.retry_after = answer.headers.get("retry-after")
        return Response(answer.status_code, answer.text, answer.headers)


class TwilioDeliverer:
    """Texts of one tenant."""

    def __init__(
        self, client: httpx.Client, *, account_sid: str, auth_token: str, callback_url: str, clock: Clock
    ) -> None:
        """`callback_url` is where Twilio reports each text's status to, without a query."""
        self._client = client
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._clock = clock
        # Twilio refuses a text with an address that it can't reach; its stand-in can reach this machine.
        is_real = not is_this_machine(client.base_url.host)
        self._callback_url = None if is_real and is_this_machine(host_of(callback_url)) else callback_url

    def deliver(self, command_key: str, content: Letter, /) -> Answer:
        """Create the text."""
        transport = _SdkTransport(self._client)
        callback = {}
        if self._callback_url:
            callback["status_callback"] = f"{self._callback_url}?command_key={quote(command_key, safe='')}"
        try:
            message = self._sdk(transport).messages.create(
                to=content.to, from_=content.sender, body=content.text, **callback
            )
        except _NotAcceptedError as error:
            return error.answer
        except TwilioException as error:
            return self._refusal(error, retry_after=transport.retry_after)
        except ValueError as error:
            return Unknown(f"answered what is no JSON: {describe_error(error)}")
        return Accepted(str(message.sid)) if message.sid else Unknown("answered without a sid")

    def look_up(self, doubt: Doubt[Letter], /) -> LookUp:
        """Look for a text to the same number since then that is no other command's.

        The words may have changed with the template meanwhile: if only they differ, a person has to look.
        """
        try:
            listed = self._sdk(_SdkTransport(self._client)).messages.list(
                to=doubt.content.to,
                from_=doubt.content.sender,
                date_sent_after=doubt.since - _SKEW,
                limit=_MOST_LISTED,
            )
        except (_NotAcceptedError, TwilioException, ValueError) as error:
            return CannotTell(reason=describe_error(error))
        candidates = [message for message in listed if message.sid not in doubt.others]
        same = [message for message in candidates if message.body == doubt.content.text]
        if len(same) == 1:
            return Found(str(same[0].sid))
        if not candidates and len(listed) < _MOST_LISTED:
            return NotFound()
        reason = f"{len(candidates)} texts to the same number since then could be it"
        return CannotTell(reason=reason, is_final=True)

    def _sdk(self, transport: _SdkTransport) -> Any:
        return Client(self._account_sid, self._auth_token, http_client=transport)

    def _refusal(self, error: TwilioException, *, retry_after: str | None) -> Answer:
        status, code = getattr(error, "status", 0), getattr(error, "code", None)
        words = error.msg if isinstance(error, TwilioRestException) else str(error)
        is_set_up = status in _SET_UP_STATUSES or code in _SET_UP_CODES
        is_for_now = is_set_up or status in _FOR_NOW_STATUSES
        return Refused(
            reason=f"Twilio {code or status}: {words}",
            is_permanent=status in _CLIENT_ERRORS and not is_for_now,
            is_set_up=is_set_up,
            retry_after=parse_retry_after(retry_after, now=self._clock.now()),
            is_opted_out=code == _OPTED_OUT,
            error_code=str(code) if code else None,
        )


def open_deliverer(account: SendingAccount) -> TwilioDeliverer:
    """Return the deliverer of one business's account."""
    return TwilioDeliverer(
        open_client(account.settings.api_url_twilio),
        account_sid=account.secret("TWILIO_ACCOUNT_SID"),
        auth_token=account.secret("TWILIO_AUTH_TOKEN"),
        callback_url=f"{account.settings.public_url.rstrip('/')}/webhooks/{account.tenant_id}/twilio",
        clock=account.clock,
    )
