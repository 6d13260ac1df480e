"""What the page shows: texts, e-mails and replies, newest first, and the conversation that a reply continues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from itertools import islice

from sandbox.standins.ledger import Entry
from sandbox.standins.phones import Reply, SmsProvider
from sandbox.standins.state import StandinState

_SHOWN = 100
_PROVIDER_NAMES = {
    "twilio": "Twilio",
    "clicksend": "ClickSend",
    "graph": "Microsoft Graph",
    "smtp": "SMTP",
    "webhook": "webhook",
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """A phone and the business that it texts with."""

    provider: SmsProvider
    tenant: str
    business: str
    phone: str
    number: str  # the business's


@dataclass(frozen=True, slots=True)
class Item:
    """One card."""

    at: datetime
    kind: str  # text, e-mail, webhook or reply
    sender: str
    recipient: str
    subject: str
    text: str
    provider: str  # as people call it
    status: str
    is_trouble: bool
    conversation: Conversation | None  # that a reply would continue


def newest_items(state: StandinState) -> list[Item]:
    """Return the newest hundred, newest first."""
    sent = [_sent(state, entry) for entry in islice(reversed(state.ledger.entries), _SHOWN)]
    replies = [_reply(state, reply) for reply in islice(reversed(state.phones.replies), _SHOWN)]
    return sorted([*sent, *replies], key=lambda item: item.at, reverse=True)[:_SHOWN]


def find_conversation(items: list[Item], *, tenant: str, phone: str) -> Conversation | None:
    """Return the conversation asked for, else the newest one."""
    conversations = [item.conversation for item in items if item.conversation]
    matches = (one for one in conversations if (one.tenant, one.phone) == (tenant, phone))
    return next(matches, conversations[0] if conversations else None)


def plain_text(content: str) -> str:
    """Return an e-mail's words: without tags if it is HTML, a line per block."""
    if not re.search(r"<[a-zA-Z/!]", content):
        return content
    reader = _Words()
    reader.feed(content)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.found).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    _BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "table"})
    _UNSEEN = frozenset({"style", "script", "head"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth_unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        self._depth_unseen += tag in self._UNSEEN
        if tag in self._BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._depth_unseen -= tag in self._UNSEEN
        if tag in self._BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if self._depth_unseen <= 0:
            self.found.append(data)


def _sent(state: StandinState, entry: Entry) -> Item:
    business = state.accounts.by_tenant[entry.tenant].name
    conversation = next(_conversations(entry, business), None)
    return Item(
        at=entry.accepted_at,
        kind=entry.kind,
        sender=business,
        recipient=entry.recipient,
        subject=entry.subject,
        text=plain_text(entry.text) if entry.kind == "e-mail" else entry.text,
        provider=_PROVIDER_NAMES[entry.provider],
        status=entry.status if entry.is_answered else f"{entry.status}, sender never told",
        is_trouble=entry.status in {"failed", "undelivered"} or not entry.is_answered,
        conversation=conversation,
    )


def _conversations(entry: Entry, business: str) -> Iterator[Conversation]:
    if entry.provider == "twilio" or entry.provider == "clicksend":  # noqa: PLR1714 - mypy narrows only this form
        yield Conversation(
            provider=entry.provider,
            tenant=entry.tenant,
            business=business,
            phone=entry.recipient,
            number=entry.sender,
        )


def _reply(state: StandinState, reply: Reply) -> Item:
    business = state.accounts.by_tenant[reply.tenant].name
    opted_out = state.phones.has_opted_out(number=reply.number, phone=reply.phone)
    return Item(
        at=reply.at,
        kind="reply",
        sender=reply.phone,
        recipient=business,
        subject="",
        text=reply.text,
        provider=_PROVIDER_NAMES[reply.provider],
        status=f"{reply.outcome}; {_PROVIDER_NAMES[reply.provider]} texts this phone no more"
        if opted_out
        else reply.outcome,
        is_trouble=not reply.outcome.startswith(("on its way", "the receiver answered 2")),
        conversation=Conversation(
            provider=reply.provider, tenant=reply.tenant, business=business, phone=reply.phone, number=reply.number
        ),
    )
