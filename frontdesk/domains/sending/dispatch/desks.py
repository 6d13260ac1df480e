"""A desk for each tenant: its composer, and its deliverers with its own credentials and connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from frontdesk.connectors.answers import Deliverer
from frontdesk.connectors.clicksend.deliver import ClickSendDeliverer
from frontdesk.connectors.http_calls import open_client
from frontdesk.connectors.microsoft_graph.deliver import GraphDeliverer
from frontdesk.connectors.microsoft_graph.token import GraphTokens
from frontdesk.connectors.outgoing_webhook.addresses import OutgoingAddresses
from frontdesk.connectors.outgoing_webhook.deliver import WebhookDeliverer
from frontdesk.connectors.smtp.deliver import MailServer, SmtpDeliverer
from frontdesk.connectors.twilio.deliver import TwilioDeliverer
from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import Secrets, secret_variable
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.composing import Composer, ReportReader
from frontdesk.domains.sending.dispatch.task import TaskDeliverer
from frontdesk.domains.sending.outbox.commands import Channel, Lane
from frontdesk.domains.sending.settings import PROVIDER_SECRETS, TASK_PROVIDER, WEBHOOK_PROVIDER


class Desk:
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
        self._makers: Mapping[str, Callable[[], Deliverer[Any]]] = {
            "twilio": self._twilio,
            "clicksend": self._clicksend,
            "graph": self._graph,
            "smtp": self._smtp,
            WEBHOOK_PROVIDER: self._webhook,
            TASK_PROVIDER: TaskDeliverer,
        }

    def lane_of(self, provider: str) -> Lane:
        """Return the lane of one of its providers."""
        return Lane(self.tenant.slug, provider)

    def missing_of(self, provider: str) -> str:
        """Return what is missing before a provider can be called, and how to set it; empty where nothing is."""
        names = PROVIDER_SECRETS.get(provider, ())
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
        """Return a provider's deliverer. Raises ConfigurationError where a secret can't be used."""
        with self._lock:
            if provider not in self._deliverers:
                self._deliverers[provider] = self._makers[provider]()
            return self._deliverers[provider]

    def _secret(self, name: str) -> str:
        return self._secrets.values(self.tenant.slug, name)[0]

    def _twilio(self) -> Deliverer[Any]:
        return TwilioDeliverer(
            open_client(self._settings.api_url_twilio),
            account_sid=self._secret("TWILIO_ACCOUNT_SID"),
            auth_token=self._secret("TWILIO_AUTH_TOKEN"),
            callback_url=f"{self._settings.public_url.rstrip('/')}/webhooks/{self.tenant.slug}/twilio",
            clock=self._clock,
        )

    def _clicksend(self) -> Deliverer[Any]:
        return ClickSendDeliverer(
            open_client(self._settings.api_url_clicksend),
            username=self._secret("CLICKSEND_USERNAME"),
            api_key=self._secret("CLICKSEND_API_KEY"),
            clock=self._clock,
        )

    def _graph(self) -> Deliverer[Any]:
        tokens = GraphTokens(
            open_client(self._settings.api_url_graph_login),
            directory=self._secret("GRAPH_TENANT_ID"),
            client_id=self._secret("GRAPH_CLIENT_ID"),
            client_secret=self._secret("GRAPH_CLIENT_SECRET"),
            clock=self._clock,
        )
        email = self.tenant.delivery.email
        mailbox = email.sender if email else self.tenant.email
        client = open_client(self._settings.api_url_graph)
        return GraphDeliverer(client, tokens=tokens, mailbox=mailbox, clock=self._clock)

    def _smtp(self) -> Deliverer[Any]:
        email = self.tenant.delivery.email
        host = self._settings.smtp_host or (email.host if email else None)
        if host is None:
            raise ConfigurationError(f"{self.tenant.slug} has no mail server; set delivery.email.host in its file")
        server = MailServer(
            host=host,
            port=self._settings.smtp_port or (email.port if email else 587),
            username=self._secret("SMTP_USERNAME"),
            password=self._secret("SMTP_PASSWORD"),
        )
        return SmtpDeliverer(server, clock=self._clock)

    def _webhook(self) -> Deliverer[Any]:
        endpoints = {
            endpoint.key: (endpoint.url, self._secrets.values(self.tenant.slug, endpoint.secret))
            for endpoint in self.tenant.endpoints
        }
        addresses = OutgoingAddresses(private_hosts=self._settings.webhook_private_host_names)
        # Not through a proxy of the environment: it would resolve and reach what it likes.
        client = open_client("http://127.0.0.1")
        return WebhookDeliverer(client, addresses=addresses, endpoints=endpoints, clock=self._clock)


class Desks:
    """All tenants' desks."""

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
        self._desks = {
            slug: Desk(tenant, settings=settings, secrets=secrets, clock=clock, read_report=read_report)
            for slug, tenant in tenants.items()
        }

    def find(self, tenant_id: str) -> Desk | None:
        """Return a tenant's desk, None where there is no such tenant."""
        return self._desks.get(tenant_id)

    def whats_wrong(self, tenant_id: str) -> str:
        """Return what is wrong with a tenant's file; empty where nothing is. Until it is mended, commands wait."""
        return self._wrong.get(tenant_id, "")

    def texts_per_second(self, lane: Lane) -> float | None:
        """Return the rate of a lane's sending number, None where it has none."""
        desk = self._desks.get(lane.tenant_id)
        sms = desk.tenant.delivery.sms if desk else None
        return sms.per_second if sms and sms.provider == lane.provider else None

    def count_lanes(self) -> int:
        """Return how many lanes there can be."""
        return sum(
            len({desk.tenant.delivery.provider_of(channel) for channel in Channel} - {None})
            for desk in self._desks.values()
        )
