"""What rules can speak of: facts, and the fields of contact, booking, fact and business, as the models have them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from frontdesk.core.values import told_by
from frontdesk.domains.attribution import facts as attribution
from frontdesk.domains.bookings import facts as bookings
from frontdesk.domains.identity import facts as identity
from frontdesk.domains.payments import facts as payments
from frontdesk.domains.sending import facts as sending
from frontdesk.domains.sending.facts import CONSENT_GRANTED, CONSENT_REVOKED
from frontdesk.domains.tasks import facts as tasks
from frontdesk.domains.tasks.facts import TASK_CANCELLED, TASK_COMPLETED

Kind = Literal["text", "number", "instant", "flag"]
#: Whether a fact of this type is about a booking: each, some (a payment may be for one) or none.
AboutBooking = Literal["always", "sometimes", "never"]


@dataclass(frozen=True)
class Field:
    """A field's kind of value, and whether it is always known."""

    kind: Kind
    is_always_known: bool = False


_TEXT, _NUMBER, _INSTANT, _FLAG = Field("text"), Field("number"), Field("instant"), Field("flag")
_KNOWN_TEXT, _KNOWN_NUMBER = Field("text", is_always_known=True), Field("number", is_always_known=True)
_KNOWN_INSTANT, _KNOWN_FLAG = Field("instant", is_always_known=True), Field("flag", is_always_known=True)

#: Columns of dim_contacts.
CONTACT_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "display_name": _KNOWN_TEXT,
        **dict.fromkeys(("first_name", "last_name", "company", "phone", "email"), _TEXT),
        **dict.fromkeys(("acquisition_channel", "acquisition_campaign"), _TEXT),
        "is_identified": _KNOWN_FLAG,
        **dict.fromkeys(
            ("count_bookings", "count_bookings_completed", "count_messages", "amount_paid_minor"), _KNOWN_NUMBER
        ),
        "currency": _KNOWN_TEXT,
        **dict.fromkeys(("first_seen_at", "last_seen_at"), _KNOWN_INSTANT),
    }
)
#: Columns of fct_bookings.
BOOKING_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        **dict.fromkeys(("booking_id", "source", "status", "currency"), _KNOWN_TEXT),
        **dict.fromkeys(("guest_name", "guest_first_name"), _TEXT),
        **dict.fromkeys(("service_key", "service_name", "staff_name", "location", "payment_status"), _TEXT),
        "price_minor": _NUMBER,
        "count_reschedules": _KNOWN_NUMBER,
        **dict.fromkeys(("created_at", "last_changed_at"), _KNOWN_INSTANT),
        **dict.fromkeys(("starts_at", "ends_at", "confirmed_at", "cancelled_at", "completed_at"), _INSTANT),
    }
)
#: Columns of the states that a contact and a booking were in: they are counted at the moment, and no mart has them.
MOMENT_FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "contact": MappingProxyType({"count_bookings_upcoming": _KNOWN_NUMBER}),
        "booking": MappingProxyType({"count_guest_bookings_completed": _KNOWN_NUMBER}),
    }
)
BookingStatus = Literal["pending", "confirmed", "cancelled", "completed", "no_show", "declined"]
BOOKING_STATUSES: tuple[str, ...] = get_args(BookingStatus)
#: Keys of the tenant's file; only texts speak of them.
BUSINESS_FIELDS: Mapping[str, Field] = MappingProxyType({"name": _KNOWN_TEXT, "email": _KNOWN_TEXT, "phone": _TEXT})

#: Columns of int_facts_attributed that every fact has.
_EVERY_FACT = {"source": _KNOWN_TEXT, "occurred_at": _KNOWN_INSTANT}


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """Facts of one shape: the columns of int_facts_attributed that they fill."""

    types: tuple[str, ...]
    fields: Mapping[str, Field]
    about_booking: AboutBooking = "never"


def _types(family: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{family}.{verb}" for verb in verbs)


#: A stage is told by its own fact; the noun itself is of a higher layer.
STAGE_CHANGED = "stage.changed"
# Facts of ours stand in their nouns' facts.py; the others are told by providers alone.
_ENGAGEMENTS = (
    *tasks.FACTS,
    *told_by(identity.FACTS, identity.NoteFact),
    *_types("deal", "created", "updated", "won", "lost", "abandoned", "deleted"),
    *_types(
        "invoice",
        "drafted",
        "sent",
        "viewed",
        "updated",
        "partially_paid",
        "paid",
        "overdue",
        "payment_failed",
        "voided",
    ),
    *_types("dispute", "opened", "closed"),
    *_types("subscription", "created", "updated", "paused", "resumed", "cancelled"),
    *_types("email", "delivered", "opened", "clicked", "bounced", "marked_as_spam", "unsubscribed"),
    *_types("campaign", "sent"),
    *_types("form", "submitted"),
    *_types("webinar", "registered"),
    *_types("notarization", "sent_to_signer", "completed", "completed_with_rejections", "declined", "expired"),
    *_types("notarization", "released", "recording_ready", "signer_failed"),
)
_ENGAGEMENT_FIELDS = MappingProxyType(
    {
        **dict.fromkeys(("entity_kind", "entity_id"), _KNOWN_TEXT),
        **dict.fromkeys(("title", "detail", "currency"), _TEXT),
        "amount_minor": _NUMBER,
    }
)
_SHAPES = (
    _Shape(
        types=tuple(bookings.FACTS),
        fields={
            "booking_id": _KNOWN_TEXT,
            **dict.fromkeys(("service_key", "service_name", "staff_name", "location", "payment_status"), _TEXT),
            "currency": _TEXT,
            "starts_at": _INSTANT,
            "ends_at": _INSTANT,
            "price_minor": _NUMBER,
        },
        about_booking="always",
    ),
    _Shape(
        types=(
            *payments.FACTS,
            *_types("payment", "pending", "cancelled", "expired", "disputed"),
            *_types("refund", "pending", "succeeded", "failed", "cancelled"),
            *_types("dispute", "updated", "won", "lost"),
        ),
        fields={
            "payment_id": _KNOWN_TEXT,
            **dict.fromkeys(("booking_id", "currency", "method", "failure_reason"), _TEXT),
            **dict.fromkeys(("service_name", "staff_name"), _TEXT),
            "tax_minor": _NUMBER,
            "amount_minor": _NUMBER,
            "refunded_minor": _NUMBER,
            "part_minor": _NUMBER,
        },
        about_booking="sometimes",
    ),
    _Shape(
        types=(
            *told_by(sending.FACTS, sending.MessageFact, sending.MessageReadFact),
            *_types("message", "queued", "sending"),
        ),
        fields={
            **dict.fromkeys(("message_id", "channel", "direction"), _KNOWN_TEXT),
            **dict.fromkeys(("body", "from_address", "to_address", "error_code", "opt_out_type"), _TEXT),
            "booking_id": _TEXT,
        },
        about_booking="sometimes",
    ),
    _Shape(
        types=told_by(attribution.FACTS, attribution.LeadFact),
        fields=dict.fromkeys(("lead_id", "channel", "medium", "campaign", "interest"), _TEXT),
    ),
    _Shape(
        types=told_by(attribution.FACTS, attribution.TouchFact),
        fields={**dict.fromkeys(("channel", "medium", "campaign", "currency"), _TEXT), "cost_minor": _NUMBER},
    ),
    _Shape(
        types=told_by(sending.FACTS, sending.ConsentFact),
        fields={
            **dict.fromkeys(("channel", "purpose"), _KNOWN_TEXT),
            "is_granted": _KNOWN_FLAG,
            "evidence": _TEXT,
        },
    ),
    _Shape(
        types=(*told_by(identity.FACTS, identity.ContactFact), "contact.deleted"),
        fields={"channel": _TEXT, "is_deleted": _KNOWN_FLAG},
    ),
    _Shape(types=_ENGAGEMENTS, fields=_ENGAGEMENT_FIELDS),
    _Shape(
        types=bookings.WAITLIST_FACTS,
        fields={
            **dict.fromkeys(("entity_kind", "entity_id"), _KNOWN_TEXT),
            **dict.fromkeys(("detail", "service_key", "service_name", "staff_name"), _TEXT),
            **dict.fromkeys(("starts_at", "ends_at"), _INSTANT),
        },
    ),
    _Shape(
        types=(STAGE_CHANGED,),
        fields={**_ENGAGEMENT_FIELDS, "booking_id": _TEXT},
        about_booking="sometimes",
    ),
)
_TASK_ENDS = (TASK_COMPLETED, TASK_CANCELLED)
#: What takes a fact back, or overtakes it: of the same payment, invoice, deal, dispute, the newest of these facts and
#: of the fact's own type says whether what it told still holds. What a booking is, its newest state says. Of a
#: payment that was received, the amounts decide: `payment.refunded` is all of it returned or lost, whatever told so.
UNDONE_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "payment.pending": _types("payment", "succeeded", "failed", "refunded"),
        "payment.succeeded": _types("payment", "failed", "refunded"),
        "payment.failed": _types("payment", "pending", "succeeded", "refunded"),
        "payment.disputed": _types("dispute", "won", "lost"),
        **dict.fromkeys(
            _types("invoice", "drafted", "sent", "viewed", "updated", "partially_paid", "overdue", "payment_failed"),
            _types("invoice", "paid", "voided"),
        ),
        "invoice.paid": _types("invoice", "voided"),
        CONSENT_GRANTED: (CONSENT_REVOKED,),
        CONSENT_REVOKED: (CONSENT_GRANTED,),
        **dict.fromkeys(_types("deal", "created", "updated"), _types("deal", "won", "lost", "abandoned", "deleted")),
        "deal.won": _types("deal", "lost", "abandoned", "deleted"),
        **dict.fromkeys(_types("deal", "lost", "abandoned"), _types("deal", "won", "deleted")),
        **dict.fromkeys(
            _types("subscription", "created", "updated", "resumed"), _types("subscription", "paused", "cancelled")
        ),
        "subscription.paused": _types("subscription", "resumed", "cancelled"),
        "subscription.cancelled": _types("subscription", "created", "resumed"),
        "dispute.opened": _types("dispute", "closed"),
        "notarization.sent_to_signer": _types(
            "notarization", "completed", "completed_with_rejections", "declined", "expired", "released"
        ),
        **dict.fromkeys(
            _types("notarization", "declined", "expired", "signer_failed"), _types("notarization", "completed")
        ),
        # An offer is an entity of its own: what becomes of it says nothing of the next.
        "waitlist.offered": _types("waitlist", "accepted", "declined", "expired", "withdrawn"),
        **{type_: _TASK_ENDS for type_ in tasks.FACTS if type_ not in _TASK_ENDS},
        # One stands in one stage: the next move, wherever it leads, is what there is to tell.
        STAGE_CHANGED: (STAGE_CHANGED,),
    }
)
_SHAPE_OF = MappingProxyType({fact: shape for shape in _SHAPES for fact in shape.types})
#: Every fact type that a rule can wait for.
FACT_TYPES = tuple(_SHAPE_OF)


def about_booking(facts: Iterable[str]) -> AboutBooking:
    """Return what holds for all of these facts."""
    shares = {_SHAPE_OF[fact].about_booking for fact in facts}
    if shares == {"always"}:
        return "always"
    return "never" if "never" in shares else "sometimes"


def offered_fields(facts: Iterable[str]) -> dict[str, Field]:
    """Return the fields, as group.name, that each of these facts offers; unknown types offer nothing."""
    known = [fact for fact in facts if fact in _SHAPE_OF]
    offered = {f"contact.{name}": field for name, field in {**CONTACT_FIELDS, **MOMENT_FIELDS["contact"]}.items()}
    if not known:
        return offered
    share = about_booking(known)
    if share != "never":
        for name, field in {**BOOKING_FIELDS, **MOMENT_FIELDS["booking"]}.items():
            offered[f"booking.{name}"] = field if share == "always" else Field(field.kind)
    shapes = [_EVERY_FACT | dict(_SHAPE_OF[fact].fields) for fact in known]
    for name in set.intersection(*(set(shape) for shape in shapes)):
        if len({shape[name].kind for shape in shapes}) == 1:
            is_always_known = all(shape[name].is_always_known for shape in shapes)
            offered[f"fact.{name}"] = Field(shapes[0][name].kind, is_always_known=is_always_known)
    return offered


def suggest(word: str, known: tuple[str, ...]) -> str:
    """Return "did you mean X?" or the ways that exist, for a word that is not known."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(choices)}"


def suggest_field(name: str, fields: Mapping[str, Field]) -> str:
    """Return what could be meant by a field that is not offered: one of its group, or the groups that are."""
    groups = sorted({field.partition(".")[0] for field in fields})
    siblings = tuple(field for field in fields if field.startswith(f"{name.partition('.')[0]}."))
    return suggest(name, siblings) if siblings else f"use a field of {', '.join(groups)}"
