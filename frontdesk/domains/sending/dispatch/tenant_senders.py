"""What each business sends by: its composer, and its deliverers with its own credentials and connections."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final, Protocol

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
from frontdesk.domains.sending.settings import SUBMISSION_PORT, TASK_PROVIDER, WEBHOOK_PROVIDER

#: Stands in the reason of whatever waits for want of a secret, or of one that can be used.
CAN_NOT_BE_CALLED: Final = "can't be called: "


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
        try:
            missing = [name for name in names if not self._secrets.values(self.tenant.slug, name)]
        except ConfigurationError as error:
            return f"{provider} {CAN_NOT_BE_CALLED}{error.detail}"
        if missing:
            variables = ", ".join(secret_variable(self.tenant.slug, name) for name in missing)
            return f"{provider} {CAN_NOT_BE_CALLED}set {variables}"
        try:
            self.deliverer_of(provider)
        except ConfigurationError as error:
            return f"{provider} {CAN_NOT_BE_CALLED}{error.detail}"
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
            secret=self._first_value,
            mailbox=email.sender if email else self.tenant.email,
            mail_host=email.host if email else None,
            mail_port=email.port if email else SUBMISSION_PORT,
            endpoints=self._endpoints() if provider == WEBHOOK_PROVIDER else {},
        )
        return descriptors()[provider].open_deliverer(account)

    def _first_value(self, name: str) -> str:
        values = self._secrets.values(self.tenant.slug, name)
        if not values:  # it was there a moment ago, and is removed now
            raise ConfigurationError(f"set {secret_variable(self.tenant.slug, name)}")
        return values[0]

    def _endpoints(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        slug = self.tenant.slug
        return {each.key: (each.url, self._secrets.values(slug, each.secret)) for each in self.tenant.endpoints}


class Followed(Protocol):
    """Businesses whose configurations change while they are used."""

    @property
    def wrong(self) -> Mapping[str, str]:
        """What is wrong with the configurations that are, by slug."""
        ...

    def refresh(self) -> frozenset[str]:
        """Take over new versions; return whose they are. Raises EventLogUnavailableError."""
        ...


class TenantSenders:
    """All tenants' senders. Safe to read from several threads; one alone follows."""

    def __init__(
        self,
        tenants: Mapping[str, SendingBusiness],
        *,
        settings: Settings,
        secrets: Secrets,
        clock: Clock,
        wrong_files: Mapping[str, str],
        read_report: ReportReader | None = None,
        followed: Followed | None = None,
    ) -> None:
        """followed: what changes `tenants`, and tells what is wrong instead of `wrong_files`."""
        self._tenants = tenants
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._wrong = wrong_files
        self._read_report = read_report
        self._followed = followed
        self._behind: set[str] = set()  #: known to have changed, and not made anew yet
        self._senders = {slug: self._make(tenant) for slug, tenant in tenants.items()}

    def follow(self) -> frozenset[str]:
        """Make the senders of businesses anew whose configuration or secrets changed; return whose.

        A call under way ends with the one it has. Raises EventLogUnavailableError.
        """
        if self._followed is not None:
            self._behind |= self._followed.refresh()
        self._behind |= self._secrets.refresh()
        if not self._behind:
            return frozenset()
        changed = frozenset(self._behind)
        found = {slug: self._tenants.get(slug) for slug in changed}
        made = {slug: self._make(tenant) for slug, tenant in found.items() if tenant is not None}
        self._senders = {slug: each for slug, each in self._senders.items() if slug not in changed} | made
        self._behind.clear()
        return changed

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
        wrong = self._wrong if self._followed is None else self._followed.wrong
        return wrong.get(tenant_id, "")

    def texts_per_second(self, lane: Lane) -> float | None:
        """Return the rate of a lane's sending number, None if it has none."""
        sender = self._senders.get(lane.tenant_id)
        sms = sender.tenant.delivery.sms if sender else None
        return sms.per_second if sms and sms.provider == lane.provider else None

    def lanes(self) -> frozenset[Lane]:
        """Return the lanes that there can be."""
        return frozenset(
            sender.lane_of(provider)
            for sender in self._senders.values()
            for channel in Channel
            if (provider := sender.tenant.delivery.provider_of(channel)) is not None
        )

    def _make(self, tenant: SendingBusiness) -> TenantSender:
        return TenantSender(
            tenant,
            settings=self._settings,
            secrets=self._secrets,
            clock=self._clock,
            read_report=self._read_report,
        )
