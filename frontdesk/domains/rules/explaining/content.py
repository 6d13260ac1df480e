"""The words of a command: those that its outcome event keeps, or what the template makes of its payload now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from frontdesk.core.log.envelope import Event
from frontdesk.domains.rules.explaining.shapes import ContentRead
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.sending.sms_segments import measure_sms
from frontdesk.domains.sending.templates import EmailTemplate, TemplateRenderError, template_version

_SENT = ("message.sent", "task.created")


def content_told(event: Event) -> ContentRead:
    """Return what an outcome event says went out, or was to."""
    payload = orjson.loads(event.payload)
    return ContentRead(
        is_sent=event.type in _SENT,
        template=payload.get("template"),
        template_version=payload.get("template_version"),
        to=payload.get("to"),
        subject=payload.get("subject") or payload.get("title"),
        text=payload.get("body"),
        segments=payload.get("segments"),
    )


def content_now(command_type: str, payload: Mapping[str, Any], *, tenant: RuledBusiness) -> ContentRead | None:
    """Return what a text, e-mail or task would say now; None for what has no words."""
    subject: str | None = None
    template = payload.get("template")
    templates = tenant.all_templates()
    text: str | None = None
    found: str | EmailTemplate | None = None
    match command_type:
        case "send_sms":
            found = text = templates.sms.get(template) if template else None
        case "send_email":
            found = mail = templates.email.get(template) if template else None
            subject, text = (mail.subject, mail.text) if mail else (None, None)
        case "create_task":
            subject = str(payload.get("title"))
        case _:
            return None
    problem = f"the business's file has no template {template} now" if template and found is None else None
    variables = payload.get("variables") or {}
    try:
        subject, text = (tenant.render_text(each, variables) if each else None for each in (subject, text))
    except TemplateRenderError as error:
        subject, text, problem = None, None, error.detail
    if template is None and command_type != "create_task":  # a person's own words
        subject, text = payload.get("subject"), payload.get("text")
    return ContentRead(
        is_sent=False,
        template=template,
        template_version=template_version(found) if found else None,
        to=payload.get("to"),
        subject=subject,
        text=text,
        segments=measure_sms(text).count_segments if command_type == "send_sms" and text and not problem else None,
        problem=problem,
    )
