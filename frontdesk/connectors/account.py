"""One business's account at a provider that sends for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frontdesk.core.clock import Clock
from frontdesk.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in, as the business's file says; host: None if it says nothing."""

    host: str | None
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingAccount:
    """What a deliverer is opened with."""

    tenant_id: str
    settings: Settings
    clock: Clock
    secret: Callable[[str], str]  #: the first live value by the secret's name
    mailbox: str  #: the address that e-mails come from
    mail_server: MailServer
    endpoints: Mapping[str, tuple[str, tuple[str, ...]]]  #: outgoing webhooks by key: address, live secrets
