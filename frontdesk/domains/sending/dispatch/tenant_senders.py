"""What each business sends by: its composer, and its deliverers with its own credentials and connections."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import Accepted, Answer, Deliverer, Doubt, LookUp, NotFound
from frontdesk.connectors.content import Composed, Task
from frontdesk.connectors.descriptor import descriptors
from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import Secrets, secret_variable
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.composer import Composer, ReportReader
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand, Lane
from frontdesk.domains.sending.settings import SUBMISSION_PORT, TASK_PROVIDER


class TaskDeliverer:
    """Tasks of any tenant."""

    def deliver(self, command_key: str, _: Task, /) -> Answer:
        """Accept it: the outbox's record and the event `task.created` are one transaction."""
        return Accepted(command_key)

    def look_up(self, _: Doubt[Task], /) -> LookUp:
        """Say that there is none: with the event, the command would have been recorded as sent."""
        return NotFound(is_final=True)


class TenantSender:
    """One tenant's. Deliverers are made at their first use and kept."""

    def __init__(
        self,
        tenant: SendingBusiness,
        *,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        read_report: ReportReader | None,
    ) -> None:
        self.tenant = tenant
        self.composer = Composer(tenant, read_report=read_report)
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._deliverers: dict[str, Deliverer[Any]] = {}
        self._lock = threading.Lock()

    def lane_of(self, provider: str) -> Lane:
        """Return the lane of one of its providers."""
        return Lane(self.tenant.slug, provider)

    def missing_of(self, provider: str) -> str:
        """Return what is missing before a provider can be called, and how to set it; empty if nothing is."""
        names = () if provider == TASK_PROVIDER else descriptors()[provider].sending_secrets
        missing = [name for name in names if not self._secrets.values(self.tenant.slug, name)]
        if missing:
            variables = ", ".join(secret_variable(self.tenant.slug, name) for name in missing)
            return f"{provider} can't be called: set {variables}"
        try:
            self.deliverer_of(provider)
        except ConfigurationError as error:
            return error.detail
        return ""

    def deliverer_of(self, provider: str) -> Deliverer[Any]:
        """Return a provider's deliverer. Raises ConfigurationError if a secret can't be used."""
        with self._lock:
            if provider not in self._deliverers:
                self._deliverers[provider] = self._open(provider)
            return self._deliverers[provider]

    def _open(self, provider: str) -> Deliverer[Any]:
        if provider == TASK_PROVIDER:
            return TaskDeliverer()
        email = self.tenant.delivery.email
        account = SendingAccount(
            tenant_id=self.tenant.slug,
            settings=self._settings,
            clock=self._clock,
            secret=lambda name: self._secrets.values(self.tenant.slug, name)[0],
            mailbox=email.sender if email else self.tenant.email,
            mail_host=email.host if email else None,
            mail_port=email.port if email else SUBMISSION_PORT,
            endpoints={
                endpoint.key: (endpoint.url, self._secrets.values(self.tenant.slug, endpoint.secret))
                for endpoint in self.tenant.endpoints
            },
        )
        return descriptors()[provider].open_deliverer(account)


class TenantSenders:
    """All tenants' senders."""

    def __init__(
        self,
        tenants: Mapping[str, SendingBusiness],
        *,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        wrong_files: Mapping[str, str],
        read_report: ReportReader | None = None,
    ) -> None:
        self._wrong = wrong_files
        self._senders = {
            slug: TenantSender(tenant, settings=settings, secrets=secrets, clock=clock, read_report=read_report)
            for slug, tenant in tenants.items()
        }

    def find(self, tenant_id: str) -> TenantSender | None:
        """Return a tenant's sender, None if there is no such tenant."""
        return self._senders.get(tenant_id)

    def recompose(self, command: KnownCommand) -> Composed | None:
        """Return what the last attempt of a command sent, as far as it can be composed anew; else None."""
        sender = self.find(command.tenant_id)
        if sender is None or not command.attempts:
            return None
        try:
            return sender.composer.compose(command, now=command.attempts[-1].started_at)
        except Exception:  # noqa: BLE001 - a doubt is told of without its words rather than not at all
            return None

    def fault_of_file(self, tenant_id: str) -> str:
        """Return what is wrong with a tenant's file; empty if nothing is. Until it is mended, commands wait."""
        return self._wrong.get(tenant_id, "")

    def texts_per_second(self, lane: Lane) -> float | None:
        """Return the rate of a lane's sending number, None if it has none."""
        sender = self._senders.get(lane.tenant_id)
        sms = sender.tenant.delivery.sms if sender else None
        return sms.per_second if sms and sms.provider == lane.provider else None

    def count_lanes(self) -> int:
        """Return how many lanes there can be."""
        return sum(
            len({sender.tenant.delivery.provider_of(channel) for channel in Channel} - {None})
            for sender in self._senders.values()
        )
