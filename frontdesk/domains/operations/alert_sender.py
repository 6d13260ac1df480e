"""Sends alerts by a business's mail account or to a signed webhook: without pipeline, outbox and Dagster."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

import orjson

from frontdesk.connectors.answers import Accepted, Deliverer
from frontdesk.connectors.content import Letter, WebhookBody
from frontdesk.connectors.http_calls import describe_error, is_this_machine, open_client
from frontdesk.connectors.outgoing_webhook.addresses import OutgoingAddresses
from frontdesk.connectors.outgoing_webhook.deliver import WebhookDeliverer
from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import ALERT_WEBHOOK_SECRET, Secrets, operator_secret
from frontdesk.core.serving.hosts import host_of
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.alert_routes import SYSTEM_ENDPOINT
from frontdesk.domains.operations.incidents import Alert, AlertChannel, Moment
from frontdesk.domains.sending.dispatch.dispatcher import NOTHING_WRONG
from frontdesk.domains.sending.dispatch.tenant_senders import Followed, TenantSenders
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.settings import WEBHOOK_PROVIDER
from frontdesk.domains.tenancy.tenant import Tenant

_LOGGER = logging.getLogger("frontdesk.monitor")


class AlertSender:
    """Sends to every kind of route."""

    def __init__(
        self,
        settings: Settings,
        tenants: Mapping[str, Tenant],
        *,
        secrets: Secrets,
        clock: Clock,
        followed: Followed | None = None,
    ) -> None:
        """followed: what changes `tenants` while they are used."""
        self._settings = settings
        self._tenants = tenants
        self._environ = secrets.environ
        self._clock = clock
        self._following = threading.Lock()
        self._senders = TenantSenders(
            tenants,
            settings=settings,
            secrets=secrets,
            clock=clock,
            wrong_files=NOTHING_WRONG,
            followed=followed,
        )

    def follow(self) -> None:
        """Send by the businesses' newest configurations and secrets from here on. Raises EventLogUnavailableError.

        Safe to use from several threads.
        """
        with self._following:
            self._senders.follow()

    def send(self, alert: Alert) -> str | None:
        """Send an alert; return why it was not taken, None if it was."""
        try:
            if alert.route.channel is AlertChannel.EMAIL:
                return self._mail(alert)
            return self._post(alert)
        except ConfigurationError as error:
            return error.detail
        except Exception as error:
            # Whatever one way of telling raises, the others are used, and the monitor goes on.
            _LOGGER.exception("an alert's way failed")
            return describe_error(error)

    def _mail(self, alert: Alert) -> str | None:
        tenant = self._mailing_tenant(alert.route.tenant_id)
        sender = self._senders.find(tenant.slug)
        email = tenant.delivery.email
        if sender is None or email is None:
            return f"{tenant.slug} sends no e-mails; set delivery.email in its file"
        if missing := sender.missing_of(email.provider):
            return missing
        letter = Letter(to=alert.route.target, sender=email.sender, subject=subject_of(alert), text=text_of(alert))
        return _refusal(sender.deliverer_of(email.provider).deliver(alert.alert_id, letter))

    def _post(self, alert: Alert) -> str | None:
        content = WebhookBody(endpoint=alert.route.target, body=body_of(alert, clock=self._clock))
        return _refusal(self._webhook(alert.route.tenant_id).deliver(alert.alert_id, content))

    def _mailing_tenant(self, tenant_id: str | None) -> Tenant:
        slug = tenant_id or self._settings.alert_mail_by
        if slug is not None:
            if slug not in self._tenants:
                raise ConfigurationError(f"FRONTDESK_ALERT_MAIL_BY: there is no business {slug}")
            return self._tenants[slug]
        for tenant in self._tenants.values():
            sender, provider = self._senders.find(tenant.slug), tenant.delivery.provider_of(Channel.EMAIL)
            if sender is not None and provider is not None and not sender.missing_of(provider):
                return tenant
        raise ConfigurationError("no business can send e-mails; give one its mail secrets, or set an alert webhook")

    def _webhook(self, tenant_id: str | None) -> Deliverer[WebhookBody]:
        if tenant_id is not None:
            sender = self._senders.find(tenant_id)
            if sender is None:
                raise ConfigurationError(f"there is no business {tenant_id}")
            return sender.deliverer_of(WEBHOOK_PROVIDER)
        url = self._settings.alert_webhook_url or ""
        text = operator_secret(ALERT_WEBHOOK_SECRET, environ=self._environ) or ""
        secrets = tuple(each.strip() for each in text.split(",") if each.strip())
        if not secrets:
            raise ConfigurationError(f"alerts can't be posted: set FRONTDESK_{ALERT_WEBHOOK_SECRET}")
        host = host_of(url)
        client = open_client("http://127.0.0.1" if is_this_machine(host) else "")
        # Whoever runs this machine names this one: it may be inside.
        own = OutgoingAddresses(private_hosts=frozenset({host}))
        endpoints = {SYSTEM_ENDPOINT: (url, secrets)}
        return WebhookDeliverer(client, addresses=own, endpoints=endpoints, clock=self._clock)


def subject_of(alert: Alert) -> str:
    """Return the line that people see first."""
    return f"Well again: {alert.incident.title}" if alert.moment is Moment.RECOVERED else alert.incident.title


def text_of(alert: Alert) -> str:
    """Return the words of an alert's e-mail."""
    incident = alert.incident
    since = f"{incident.opened_at:%Y-%m-%d %H:%M} UTC" if incident.opened_at else "now"
    if alert.moment is Moment.RECOVERED:
        until = f"{incident.closed_at:%Y-%m-%d %H:%M} UTC" if incident.closed_at else "now"
        return f"{incident.title}: this is over.\n\nIt lasted from {since} to {until}.\n"
    return (
        f"{incident.title}.\n\n{incident.detail}\n\nWhat to do: {incident.remedy}\n\n"
        f"Since {since}. You get no other e-mail about it until it is well again.\n"
    )


def body_of(alert: Alert, *, clock: Clock) -> bytes:
    """Return the body of an alert's webhook, as Standard Webhooks recommends it."""
    incident = alert.incident
    return orjson.dumps(
        {
            "type": f"alert.{alert.moment}",
            "timestamp": clock.now(),
            "data": {
                "incident_id": incident.incident_id,
                "kind": incident.kind,
                "tenant_id": incident.tenant_id,
                "title": incident.title,
                "detail": incident.detail,
                "remedy": incident.remedy,
                "opened_at": incident.opened_at,
                "closed_at": incident.closed_at,
            },
        }
    )


def _refusal(answer: object) -> str | None:
    if isinstance(answer, Accepted):
        return None
    # No answer may mean that it was taken. Better told twice than never: its id is the same.
    return str(getattr(answer, "reason", answer))
