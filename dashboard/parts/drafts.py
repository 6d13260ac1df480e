"""What staff are about to send: texts from templates, their size and price, and whether it may be sent.

Pure: the rows come from the published file, templates and prices from the tenant's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.parts.typed_text.box import SmsRates
from frontdesk.domains.rules.vocabulary import BOOKING_FIELDS, CONTACT_FIELDS
from frontdesk.domains.sending.sms_segments import GSM_BASIC, GSM_EXTENSION, SEGMENT_CAPACITY, measure_sms, price_sms
from frontdesk.domains.sending.templates import TemplateRenderError, read_template
from frontdesk.domains.tenancy.tenant import Tenant

MessageChannel = Literal["sms", "email"]
_MICROS = 1_000_000


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
    """Return the text of a command as it will read, None if it can't be rendered as things stand."""
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


def find_sms_rates(tenant: Tenant | None, *, recipient: str) -> SmsRates:
    """Return what the browser needs to tell the size and the price of a text to this number while it is written."""
    prices = tenant.sms_prices if tenant else None
    cost = price_sms(measure_sms(""), recipient=recipient, prices=prices) if prices else None
    return SmsRates(
        basic="".join(sorted(GSM_BASIC)),
        extension="".join(sorted(GSM_EXTENSION)),
        capacity=SEGMENT_CAPACITY,
        currency=prices.currency if prices else None,
        price_micros=None if cost is None else int(cost * _MICROS),
    )


def find_objection(consents: Iterable[Any], *, channel: MessageChannel, address: str | None) -> Objection | None:
    """Return why a message by hand may not go out by this channel; None if nothing forbids it.

    Rows of fct_consents in any order. By hand is transactional: it needs no consent, but no withdrawal either. A
    consent is of the address that is written to; one that names none counts, but opens no address refused by itself.
    """
    consents_of_address = [
        row for row in consents if row.address in (None, address) and row.channel in (channel, "all")
    ]
    is_refused = any(row.address is not None and not row.is_granted for row in consents_of_address)
    applying = [
        row
        for row in consents_of_address
        if row.purpose in ("transactional", "all") and not (is_refused and row.address is None and row.is_granted)
    ]
    # Of a grant and a withdrawal at the same instant, the withdrawal is the later one, as in the models.
    newest = max(applying, key=lambda row: (row.changed_at, not row.is_granted), default=None)
    return None if newest is None or newest.is_granted else Objection(newest.evidence, newest.changed_at)
