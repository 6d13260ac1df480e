"""The words of a command: those that its outcome event keeps, or what the template makes of its payload now."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from core.automation.sms_segments import measure_sms
from core.automation.templates import TemplateRenderError, render
from core.envelope import Event
from core.explaining.shapes import ContentRead
from core.tenants import Tenant

#: As many characters of the digest as outcome events keep.
_VERSION_LENGTH = 12
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


def content_now(command_type: str, payload: Mapping[str, Any], *, tenant: Tenant) -> ContentRead | None:
    """Return what a text, e-mail or task would say now; None for what has no words."""
    subject: str | None = None
    template = payload.get("template")
    templates = tenant.all_templates()
    text: str | None
    match command_type:
        case "send_sms":
            text = templates.sms.get(template) if template else None
            words = text
        case "send_email":
            mail = templates.email.get(template) if template else None
            subject, text = (mail.subject, mail.text) if mail else (None, None)
            words = f"{subject}\n{text}" if mail else None
        case "create_task":
            subject, text, words = str(payload.get("title")), None, None
        case _:
            return None
    problem = f"the business's file has no template {template} now" if template and words is None else None
    try:
        subject, text = (_render(each, payload, tenant=tenant) for each in (subject, text))
    except TemplateRenderError as error:
        subject, text, problem = None, None, error.detail
    if template is None and command_type != "create_task":  # a person's own words
        subject, text = payload.get("subject"), payload.get("text")
    return ContentRead(
        is_sent=False,
        template=template,
        template_version=sha256(words.encode()).hexdigest()[:_VERSION_LENGTH] if words else None,
        to=payload.get("to"),
        subject=subject,
        text=text,
        segments=measure_sms(text).count_segments if command_type == "send_sms" and text and not problem else None,
        problem=problem,
    )


def _render(source: str | None, payload: Mapping[str, Any], *, tenant: Tenant) -> str | None:
    if source is None:
        return None
    business = {"name": tenant.name, "email": tenant.email, "phone": tenant.phone}
    variables = {**(payload.get("variables") or {}), "business": business}
    return render(source, variables=variables, zone=ZoneInfo(tenant.zone))
