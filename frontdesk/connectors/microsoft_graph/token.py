"""Tokens of Microsoft Graph for an app (client credentials): one per tenant, kept until shortly before its end."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx

from frontdesk.connectors.answers import Refused
from frontdesk.connectors.http_calls import call
from frontdesk.connectors.retry_after import parse_retry_after
from frontdesk.core.clock import Clock

_SCOPE = "https://graph.microsoft.com/.default"
#: Given up before Microsoft does, so that a token does not end on its way.
_MARGIN = timedelta(minutes=5)
_FALLBACK_S = 600

#: Of a directory, client or secret that is wrong, or out of date.
_SET_UP_STATUSES = frozenset({400, 401, 403})


class GraphTokens:
    """The token of one tenant's app. Threads that need a new one at the same time make one request."""

    def __init__(
        self, client: httpx.Client, *, directory: str, client_id: str, client_secret: str, clock: Clock
    ) -> None:
        self._client = client
        self._directory = directory
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends_at: datetime | None = None

    def get(self, *, instead_of: str = "") -> str | Refused:
        """Return a token, or why there is none. `instead_of`: one that was refused, and is not given again."""
        with self._lock:
            is_alive = self._ends_at is not None and self._clock.now() < self._ends_at - _MARGIN
            if is_alive and self._token != instead_of:
                return self._token
            return self._renew()

    def _renew(self) -> str | Refused:
        form = {"grant_type": "client_credentials", "scope": _SCOPE, **self._credentials}
        answer = call(lambda: self._client.post(f"/{self._directory}/oauth2/v2.0/token", data=form))
        if not isinstance(answer, httpx.Response):
            # Whatever became of the request for a token, the message itself was not sent.
            return Refused(reason=f"no token: {answer.reason}")
        if answer.status_code != HTTPStatus.OK:
            return Refused(
                reason=f"no token: {answer.status_code} {_description(answer)}",
                is_set_up=answer.status_code in _SET_UP_STATUSES,
                retry_after=parse_retry_after(answer.headers.get("retry-after"), now=self._clock.now()),
                error_code=str(answer.status_code),
            )
        try:
            content = answer.json()
            token, seconds = str(content["access_token"]), int(content.get("expires_in", _FALLBACK_S))
        except (ValueError, KeyError, TypeError):
            return Refused(reason="no token: the answer can't be read")
        self._token, self._ends_at = token, self._clock.now() + timedelta(seconds=seconds)
        return token


def _description(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error_description"])[:200]
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
