"""What the stand-ins share: accounts, behaviours, the ledger, the phones, and the way back to the receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from sandbox.standins.accounts import Accounts
from sandbox.standins.behaviour import Behaviour, Behaviours, Provider
from sandbox.standins.callbacks import Poster, ReceiverAddress
from sandbox.standins.connection import hold_connection, reset_connection
from sandbox.standins.ledger import Ledger
from sandbox.standins.phones import Phones


class ErrorForms(Protocol):
    """How one provider words the errors that any of them can have."""

    def rate_limited(self) -> Response:
        """Return its 429, without Retry-After."""
        ...

    def server_error(self, status: int) -> Response:
        """Return its 5xx, without Retry-After."""
        ...


@dataclass(frozen=True, slots=True)
class StandinState:
    """All state of a running set of stand-ins. It lives in one event loop, so that nothing here needs a lock."""

    accounts: Accounts
    receiver: ReceiverAddress
    behaviours: Behaviours = field(default_factory=Behaviours)
    ledger: Ledger = field(default_factory=Ledger)
    phones: Phones = field(default_factory=Phones)
    poster: Poster = field(default_factory=Poster)

    async def answer(
        self,
        request: Request,
        provider: Provider,
        tenant: str | None,
        *,
        is_send: bool,
        forms: ErrorForms,
        serve: Callable[[Behaviour], Response],
    ) -> Response:
        """Answer a request whose body was read as the provider behaves at present.

        `serve` does the provider's work, without waiting for anything; a permanent error is its own to word.
        """
        behaviour = self.behaviours.take(provider, tenant, is_send=is_send)
        await asyncio.sleep(behaviour.latency_ms / 1000)
        if behaviour.mode == "down":
            self.ledger.count_request(provider, "down")
            await reset_connection(request)
            return Response(status_code=503)
        if behaviour.mode == "rate_limited":
            return self._counted(provider, _with_retry_after(forms.rate_limited(), behaviour))
        if behaviour.mode == "server_error":
            return self._counted(provider, _with_retry_after(forms.server_error(behaviour.status), behaviour))
        count_before = len(self.ledger.entries)
        response = serve(behaviour)
        accepted = self.ledger.entries[count_before:]
        if behaviour.mode == "timeout_after_accepting" and accepted:
            for entry in accepted:
                entry.is_answered = False
            self.ledger.count_request(provider, "timeout")
            await hold_connection(request, seconds=behaviour.hold_ms / 1000)
            return response
        return self._counted(provider, response)

    def _counted(self, provider: Provider, response: Response) -> Response:
        self.ledger.count_request(provider, str(response.status_code))
        return response


def _with_retry_after(response: Response, behaviour: Behaviour) -> Response:
    if behaviour.retry_after_s is not None and response.status_code in {429, 503}:
        response.headers["Retry-After"] = str(behaviour.retry_after_s)
    return response
