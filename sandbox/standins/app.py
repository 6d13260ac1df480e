"""One app of all stand-ins, the page and the control API.

Each API answers at its own paths, and again below the real one's host name, for clients that can't have another base
URL but can have their requests rewritten: /api.twilio.com/2010-04-01/...
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from sandbox.standins.accounts import Accounts
from sandbox.standins.callbacks import ReceiverAddress
from sandbox.standins.clicksend import ClickSendApi
from sandbox.standins.control import control_routes
from sandbox.standins.graph import GraphApi
from sandbox.standins.page import Page
from sandbox.standins.smtp import MailServer
from sandbox.standins.state import StandinState
from sandbox.standins.twilio import TwilioApi
from sandbox.standins.webhook_sink import WebhookSink


def create_app(
    accounts: Accounts, *, receiver: ReceiverAddress, smtp_host: str = "127.0.0.1", smtp_port: int = 0
) -> FastAPI:
    """Return the app; it posts callbacks and inbound texts to the receiver. All state is its own and in memory.

    While it runs, so does its mail server, on smtp_port or, with 0, on a free one: `app.state.smtp_port` tells.
    """
    state = StandinState(accounts=accounts, receiver=receiver)
    twilio, clicksend, graph, sink = TwilioApi(state), ClickSendApi(state), GraphApi(state), WebhookSink(state)

    def reset() -> None:
        state.poster.reset()
        state.behaviours.reset()
        state.ledger.reset()
        state.phones.reset()
        for held in (twilio.messages, clicksend.sent, clicksend.receipts, graph.mails, sink.seen):
            held.clear()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with MailServer(state).running(host=smtp_host, port=smtp_port) as port:
            app.state.smtp_port = port
            yield
        await state.poster.aclose()

    app = FastAPI(title="Frontdesk sandbox", lifespan=lifespan)
    app.include_router(control_routes(state, reset=reset))
    app.router.routes.extend(
        [
            *Page(state).routes(),
            *twilio.routes(),
            *twilio.routes("/api.twilio.com"),
            *clicksend.routes(),
            *clicksend.routes("/rest.clicksend.com"),
            *graph.routes(),
            *graph.routes("/graph.microsoft.com"),
            *graph.login_routes(),
            *graph.login_routes("/login.microsoftonline.com"),
            *sink.routes(),
        ]
    )
    return app
