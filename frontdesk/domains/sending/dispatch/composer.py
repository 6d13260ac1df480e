"""From a command to what goes out: templates rendered, sizes and prices known, before anybody is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from frontdesk.connectors.content import Attachment, Composed, Letter, Price, Task, WebhookBody
from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.outbox.commands import Channel, NewCommand
from frontdesk.domains.sending.sms_segments import measure_sms, price_sms
from frontdesk.domains.sending.templates import TemplateRenderError, template_version

_MICROS = 1_000_000
#: Reads a file of a report by business, the report's id and the ending. Raises FrontdeskError or OSError.
ReportReader = Callable[[str, str, str], bytes]


class NotComposableError(FrontdeskError):
    """A command can't become a message as it and the tenant's file stand; the detail says why and what to do."""

    http_status = 422
    title = "Command not composable"


class NoAddressError(FrontdeskError):
    """Nobody knows where to send it: the contact has no phone or no e-mail address."""

    http_status = 422
    title = "No address"


class Composer:
    """Composes the commands of one tenant. read_report: reads files that go with e-mails; None: they can't go."""

    def __init__(self, tenant: SendingBusiness, *, read_report: ReportReader | None = None) -> None:
        self._tenant = tenant
        self._read_report = read_report
        self._zone = ZoneInfo(tenant.zone)
        self._templates = tenant.all_templates()

    def compose(self, command: NewCommand, *, now: datetime) -> Composed:
        """Return what goes out. Raises NoAddressError, TemplateRenderError or NotComposableError."""
        makers: dict[Channel, Callable[[], Composed]] = {
            Channel.SMS: lambda: self._text(command, now=now),
            Channel.EMAIL: lambda: self._mail(command, now=now),
            Channel.TASK: lambda: self._task(command, now=now),
            Channel.WEBHOOK: lambda: _webhook(command),
        }
        own_provider = self._tenant.delivery.provider_of(command.channel)
        if own_provider != command.provider or command.channel not in makers:
            raise NotComposableError(
                f"it is for {command.provider}, but {self._tenant.slug} sends {command.channel} by "
                f"{own_provider or 'nobody'}; see delivery in the tenant's file"
            )
        try:
            return makers[command.channel]()
        except (KeyError, TypeError, ValueError) as error:
            raise NotComposableError(f"its payload lacks or garbles a part: {error!r}") from error

    def _text(self, command: NewCommand, *, now: datetime) -> Letter:
        sms = self._tenant.delivery.sms
        payload = command.payload
        recipient = _recipient(command)
        template = payload.get("template")
        source = self._find(self._templates.sms, template) if template else None
        text = self._render(source, payload, now=now) if source is not None else str(payload["text"])
        size = measure_sms(text)
        prices = self._tenant.sms_prices
        cost = price_sms(size, recipient=recipient, prices=prices) if prices else None
        return Letter(
            to=recipient,
            sender=sms.sender if sms else "",
            text=text,
            template=template,
            template_version=template_version(source) if source else None,
            segments=size.count_segments,
            price=Price(amount_micros=int(cost * _MICROS), currency=prices.currency)
            if prices and cost is not None
            else None,
            is_immediate=bool(payload.get("is_immediate", False)),
        )

    def _mail(self, command: NewCommand, *, now: datetime) -> Letter:
        email = self._tenant.delivery.email
        payload = command.payload
        template = payload.get("template")
        found = self._find(self._templates.email, template) if template else None
        return Letter(
            to=_recipient(command),
            sender=email.sender if email else "",
            subject=self._render(found.subject, payload, now=now) if found else str(payload["subject"]),
            text=self._render(found.text, payload, now=now) if found else str(payload["text"]),
            template=template,
            template_version=template_version(found) if found else None,
            attachments=tuple(self._attach(each) for each in payload.get("attachments") or ()),
            is_immediate=bool(payload.get("is_immediate", False)),
        )

    def _attach(self, reference: Mapping[str, Any]) -> Attachment:
        """Read a file of the archive, if it is still the one that the command means."""
        if self._read_report is None:
            raise NotComposableError("it has a file of the archive of reports, which can't be read here")
        report_id, ending = str(reference["report_id"]), str(reference["format"])
        try:
            content = self._read_report(self._tenant.slug, report_id, ending)
        except (FrontdeskError, OSError) as error:
            raise NotComposableError(
                f"the {ending} of report {report_id} can't be read from the archive ({error}); put it back there, "
                "then redrive the command"
            ) from error
        if sha256(content).hexdigest() != reference["sha256"]:
            raise NotComposableError(
                f"the {ending} of report {report_id} is not the file that was archived: its SHA-256 is another; "
                "put the original back, then redrive the command"
            )
        return Attachment(name=str(reference["name"]), media_type=str(reference["type"]), content=content)

    def _task(self, command: NewCommand, *, now: datetime) -> Task:
        payload = command.payload
        return Task(
            title=self._render(str(payload["title"]), payload, now=now),
            kind=str(payload["kind"]),
            due_at=self._due_at(payload.get("due"), now=now),
            contact=payload.get("contact") or None,
            booking_id=payload.get("booking_id"),
        )

    def _due_at(self, due: object, *, now: datetime) -> datetime | None:
        if due == "end_of_day":
            local = now.astimezone(self._zone)
            return datetime.combine(local.date(), time(23, 59), tzinfo=self._zone).astimezone(UTC)
        if due is None:
            return None
        if not isinstance(due, int | float):
            raise TypeError(f"due is {due!r}; give end_of_day or seconds")
        return now + timedelta(seconds=due)

    def _find(self, templates: Mapping[str, Any], template: str) -> Any:
        if template not in templates:
            raise NotComposableError(f"{self._tenant.slug} has no template {template}; put it under templates")
        return templates[template]

    def _render(self, source: str, payload: Mapping[str, Any], *, now: datetime) -> str:
        phone = (payload.get("contact") or {}).get("phone")
        text = self._tenant.render_text(source, payload.get("variables") or {}, now=now, phone=phone)
        if not text.strip():
            raise TemplateRenderError("the text is empty; give the template words for this case")
        return text


def _recipient(command: NewCommand) -> str:
    recipient = command.payload.get("to")
    if not recipient:
        what = "phone number" if command.channel is Channel.SMS else "e-mail address"
        raise NoAddressError(f"the contact has no {what}")
    return str(recipient)


def _webhook(command: NewCommand) -> WebhookBody:
    payload = command.payload
    body = {"type": payload["fact_type"], "timestamp": payload["occurred_at"], "data": payload["variables"]}
    return WebhookBody(endpoint=str(payload["endpoint"]), body=orjson.dumps(body))
