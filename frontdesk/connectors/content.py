"""What goes out: a text or e-mail, a task, a webhook's body; composed from a command at the time of sending."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a text costs: millionths of the currency's major unit, which add up exactly."""

    amount_micros: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes out with an e-mail."""

    name: str
    media_type: str  #: such as application/pdf
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text or an e-mail."""

    to: str  #: E.164, or an address
    sender: str
    text: str
    subject: str | None = None  #: of e-mails
    template: str | None = None  #: None: the words are a person's
    template_version: str | None = None  #: changes with the template's words
    segments: int | None = None  #: of texts
    price: Price | None = None  #: of texts; None where the tenant's table has no price
    attachments: tuple[Attachment, ...] = ()  #: of e-mails
    is_immediate: bool = False  #: transactional and awaited now: quiet hours don't hold it


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something for a person to do."""

    title: str
    kind: str
    due_at: datetime | None  #: aware UTC
    contact: dict[str, Any] | None  #: phone, email, name: the known ones
    booking_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookBody:
    """The bytes that are signed and posted."""

    endpoint: str  #: key of the tenant's endpoint
    body: bytes


Composed = Letter | Task | WebhookBody
