"""The page "Phones and inboxes": what customers get, as it arrives, and a box to text back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.standins.feed import find_conversation, newest_items
from sandbox.standins.inbound import receive_text
from sandbox.standins.page_html import FEED, PAGE
from sandbox.standins.phones import SmsProvider
from sandbox.standins.state import StandinState

_SEE_OTHER = 303


def _compiled(source: str) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)


@dataclass(frozen=True, slots=True)
class Page:
    """The page over the state's ledger and phones."""

    state: StandinState
    _page: Template = field(default_factory=lambda: _compiled(PAGE))
    _feed: Template = field(default_factory=lambda: _compiled(FEED))

    def routes(self) -> Iterator[Route]:
        """Yield the routes."""
        yield Route("/", self.show, methods=["GET"])
        yield Route("/feed", self.feed, methods=["GET"])
        yield Route("/reply", self.reply, methods=["POST"])

    async def show(self, request: Request) -> Response:
        """Return the whole page, with the box for the conversation in the query, else for the newest."""
        items = newest_items(self.state)
        query = request.query_params
        conversation = find_conversation(items, tenant=query.get("tenant", ""), phone=query.get("phone", ""))
        return HTMLResponse(self._page.render(items=items, conversation=conversation))

    async def feed(self, request: Request) -> Response:  # noqa: ARG002 - every handler gets it
        """Return the cards alone, which the page fetches every second."""
        return HTMLResponse(self._feed.render(items=newest_items(self.state)))

    async def reply(self, request: Request) -> Response:
        """Text the business, then show the page again."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        account = self.state.accounts.by_tenant.get(form.get("tenant", ""))
        text = form.get("keyword") or form.get("text", "").strip()
        missing = [name for name in ("provider", "phone", "number") if not form.get(name)]
        if account is None or missing or form["provider"] not in {"twilio", "clicksend"}:
            return PlainTextResponse("A reply needs provider, tenant, phone and number.", status_code=422)
        if text:
            provider = cast(SmsProvider, form["provider"])
            await receive_text(self.state, account, provider, phone=form["phone"], number=form["number"], text=text)
        query = urlencode({"tenant": account.tenant, "phone": form["phone"]})
        return RedirectResponse(f"/?{query}", status_code=_SEE_OTHER)
