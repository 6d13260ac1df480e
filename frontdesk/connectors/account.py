"""One business's account at a provider that sends for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frontdesk.core.clock import Clock
from frontdesk.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingAccount:
    """What a deliverer is opened with."""

    tenant_id: str
    settings: Settings
    clock: Clock
    secret: Callable[[str], str]  #: the first live value by the secret's name
    mailbox: str  #: the address that e-mails come from
    mail_host: str | None  #: where e-mails are handed in; None if the business's file says nothing
    mail_port: int
    endpoints: Mapping[str, tuple[str, tuple[str, ...]]]  #: outgoing webhooks by key: address, live secrets
