"""What staff are about to send: texts from templates, their size and price, and whether it may be sent.

Pure: the rows come from the published file, templates and prices from the tenant's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.automation.sms_segments import measure_sms, price_sms
from core.automation.templates import TemplateRenderError, read_template
from core.automation.vocabulary import BOOKING_FIELDS, CONTACT_FIELDS
from core.tenants import Tenant
from dashboard.formatting import format_quantity

MessageChannel = Literal["sms", "email"]
#: Units of a text in one segment: (alone, in a series).
_CAPACITY = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True)
class Draft:
    """What would be sent; a text has no subject."""

    text: str
    subject: str = ""


@dataclass(frozen=True)
class Objection:
    """Why a contact may not be written to: the withdrawal, and what proves it."""

    evidence: str
    changed_at: Any


def offer_drafts(
    tenant: Tenant, *, channel: MessageChannel, contact: Mapping[str, Any], booking: Mapping[str, Any] | None
) -> dict[str, Draft]:
    """Return the business's templates as they read for this contact, by id; those that lack a value are left out."""
    templates = tenant.all_templates()
    sources = (
        {name: ("", text) for name, text in templates.sms.items()}
        if channel == "sms"
        else {name: (template.subject, template.text) for name, template in templates.email.items()}
    )
    variables = {
        "contact": {name: contact.get(name) for name in CONTACT_FIELDS},
        "booking": {name: (booking or {}).get(name) for name in BOOKING_FIELDS},
    }
    drafts: dict[str, Draft] = {}
    for name, (subject, text) in sorted(sources.items()):
        # No fact caused it: a template has its own words for that, or can't be sent by hand.
        used = [use.name.partition(".") for use in read_template(subject + text)]
        facts = [field for group, _, field in used if group == "fact"]
        known = {**variables, "fact": dict.fromkeys(facts)}
        try:
            drafts[name] = Draft(
                text=tenant.render_text(text, known).strip(), subject=tenant.render_text(subject, known).strip()
            )
        except TemplateRenderError:
            continue
    return drafts


def preview(tenant: Tenant, *, channel: str, payload: Mapping[str, Any]) -> str | None:
    """Return the text of a command as it will read, None where it can't be rendered as things stand."""
    template = payload.get("template")
    if template is None:
        return payload.get("text")
    templates = tenant.all_templates()
    known: Mapping[str, Any] = templates.sms if channel == "sms" else templates.email
    source = known.get(template)
    if source is None:
        return None
    try:
        return tenant.render_text(source if isinstance(source, str) else source.text, payload.get("variables") or {})
    except TemplateRenderError:
        return None


def describe_size(text: str, *, recipient: str, tenant: Tenant | None) -> str:
    """Return how long a text is, how many segments it takes and what it costs, as far as the tenant's file says."""
    size = measure_sms(text)
    alone, in_series = _CAPACITY[size.encoding]
    room = alone if size.count_segments == 1 else in_series * size.count_segments
    parts = [format_quantity(size.count_segments, "segment"), f"{size.count_units} of {room} characters"]
    if size.encoding == "UCS-2":
        parts.append("special characters make it longer")
    prices = tenant.sms_prices if tenant else None
    cost = price_sms(size, recipient=recipient, prices=prices) if prices else None
    parts.append(f"costs {prices.currency} {cost.normalize():f}" if prices and cost is not None else "price unknown")
    return " · ".join(parts)


def find_objection(consents: Iterable[Any], *, channel: MessageChannel) -> Objection | None:
    """Return why a message by hand may not go out by this channel; None where nothing forbids it.

    Rows of fct_consents in any order. By hand is transactional: it needs no consent, but no withdrawal either.
    """
    applying = [
        row for row in consents if row.channel in (channel, "all") and row.purpose in ("transactional", "all")
    ]
    # Of a grant and a withdrawal at the same instant, the withdrawal is the later one, as in the models.
    newest = max(applying, key=lambda row: (row.changed_at, not row.is_granted), default=None)
    return None if newest is None or newest.is_granted else Objection(newest.evidence, newest.changed_at)
