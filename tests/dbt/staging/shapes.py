"""The columns that staging promises: the common ones, then those of each shape, in this order and of these types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

Columns = tuple[tuple[str, str], ...]

_TEXT, _WHOLE, _TRUTH, _INSTANT = "VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP WITH TIME ZONE"
_DAY, _UUID = "DATE", "UUID"

OF_EVENTS: Columns = (
    ("event_id", _TEXT),
    ("sequence", _WHOLE),
    ("tenant_id", _TEXT),
    ("source", _TEXT),
    ("source_event_id", _TEXT),
    ("occurred_at", _INSTANT),
    ("received_at", _INSTANT),
    ("fact_type", _TEXT),
)
OF_PEOPLE: Columns = (
    ("contact_ref_kind", _TEXT),
    ("contact_ref", _TEXT),
    ("phone_raw", _TEXT),
    ("email_raw", _TEXT),
    ("full_name", _TEXT),
    ("first_name", _TEXT),
    ("last_name", _TEXT),
    ("company", _TEXT),
)


class Shape(NamedTuple):
    """What the models of one shape have in common."""

    columns: Columns  #: after the common ones
    never_null: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[str]] = MappingProxyType({})  #: allowed values, NULL aside
    is_about_a_person: bool = True


def _one_of(values: str) -> frozenset[str]:
    return frozenset(values.split())


SHAPES: dict[str, Shape] = {
    "contacts": Shape((("channel", _TEXT), ("is_deleted", _TRUTH)), never_null=_one_of("is_deleted")),
    "leads": Shape(
        (("lead_id", _TEXT), ("channel", _TEXT), ("medium", _TEXT), ("campaign", _TEXT), ("interest", _TEXT))
    ),
    "touches": Shape(
        (("channel", _TEXT), ("medium", _TEXT), ("campaign", _TEXT), ("cost_minor", _WHOLE), ("currency", _TEXT))
    ),
    "bookings": Shape(
        (
            ("booking_id", _TEXT),
            ("change_order", _WHOLE),
            ("booking_status", _TEXT),
            ("status_basis", _TEXT),
            ("told_on", _DAY),
            ("is_reschedule", _TRUTH),
            ("service_key", _TEXT),
            ("service_name", _TEXT),
            ("starts_on", _DAY),
            ("starts_at", _INSTANT),
            ("ends_at", _INSTANT),
            ("price_minor", _WHOLE),
            ("currency", _TEXT),
            ("guest_full_name", _TEXT),
            ("staff_name", _TEXT),
            ("location", _TEXT),
            ("payment_status", _TEXT),
        ),
        never_null=_one_of("booking_id is_reschedule"),
        values={"booking_status": _one_of("pending confirmed cancelled completed no_show declined")},
    ),
    "payments": Shape(
        (
            ("payment_id", _TEXT),
            ("booking_id", _TEXT),
            ("payment_change", _TEXT),
            ("amount_minor", _WHOLE),
            ("refunded_minor", _WHOLE),
            ("currency", _TEXT),
            ("method", _TEXT),
            ("failure_reason", _TEXT),
        ),
        never_null=_one_of("payment_id payment_change"),
        values={
            "payment_change": _one_of("pending succeeded failed cancelled expired refunded refund disputed itemised"),
        },
    ),
    "messages": Shape(
        (
            ("message_id", _TEXT),
            ("channel", _TEXT),
            ("direction", _TEXT),
            ("message_status", _TEXT),
            ("body", _TEXT),
            ("from_address", _TEXT),
            ("to_address", _TEXT),
            ("error_code", _TEXT),
            ("opt_out_type", _TEXT),
            ("attachments", _TEXT),
        ),
        never_null=_one_of("message_id channel direction message_status"),
        values={
            "channel": _one_of("sms email whatsapp chat call"),
            "direction": _one_of("inbound outbound"),
            "message_status": _one_of("received queued sending sent delivered undelivered failed read"),
            "opt_out_type": _one_of("STOP START HELP"),
        },
    ),
    "consents": Shape(
        (("channel", _TEXT), ("purpose", _TEXT), ("is_granted", _TRUTH), ("evidence", _TEXT)),
        never_null=_one_of("channel purpose is_granted"),
        values={
            "channel": _one_of("sms email whatsapp call all"),
            "purpose": _one_of("marketing transactional all"),
        },
    ),
    "engagements": Shape(
        (
            ("entity_kind", _TEXT),
            ("entity_id", _TEXT),
            ("title", _TEXT),
            ("detail", _TEXT),
            ("amount_minor", _WHOLE),
            ("currency", _TEXT),
        ),
        never_null=_one_of("entity_kind entity_id"),
    ),
    "waitlist_entries": Shape(
        (
            ("entity_kind", _TEXT),
            ("entity_id", _TEXT),
            ("title", _TEXT),
            ("detail", _TEXT),
            ("change_order", _WHOLE),
            ("service_key", _TEXT),
            ("service_name", _TEXT),
            ("staff_name", _TEXT),
            ("starts_at", _INSTANT),
            ("ends_at", _INSTANT),
            ("attributes", _TEXT),
        ),
        never_null=_one_of("entity_kind entity_id"),
    ),
    "spend": Shape(
        (
            ("channel", _TEXT),
            ("campaign", _TEXT),
            ("period_start", _DAY),
            ("period_end", _DAY),
            ("amount_minor", _WHOLE),
            ("currency", _TEXT),
        ),
        is_about_a_person=False,
    ),
    "identity_decisions": Shape(
        (
            ("decision", _TEXT),
            ("identifier_key_a", _UUID),
            ("identifier_key_b", _UUID),
            ("decided_by", _TEXT),
            ("reason", _TEXT),
        ),
        is_about_a_person=False,
    ),
    "commands": Shape(
        (
            ("entity_kind", _TEXT),
            ("entity_id", _TEXT),
            ("title", _TEXT),
            ("detail", _TEXT),
            ("amount_minor", _WHOLE),
            ("currency", _TEXT),
        ),
        never_null=_one_of("entity_kind entity_id"),
    ),
}

#: Every staging model of a source, and the columns that together tell its rows apart.
MODEL_KEYS: dict[str, tuple[str, ...]] = {
    "stg_stripe__contacts": ("event_id",),
    "stg_stripe__payments": ("event_id",),
    "stg_stripe__engagements": ("event_id",),
    "stg_twilio__messages": ("event_id",),
    "stg_clicksend__messages": ("event_id",),
    "stg_wix__bookings": ("event_id",),
    "stg_manychat__leads": ("event_id",),
    "stg_manychat__consents": ("event_id", "channel"),
    "stg_zoho__contacts": ("event_id", "contact_ref"),
    "stg_zoho__payments": ("event_id",),
    # A mailing can report two departures of one address at different times; nothing else tells them apart.
    "stg_zoho__consents": (),
    "stg_zoho__engagements": ("event_id", "entity_id"),
    "stg_gohighlevel__contacts": ("event_id",),
    "stg_gohighlevel__bookings": ("event_id",),
    "stg_gohighlevel__messages": ("event_id",),
    "stg_gohighlevel__consents": ("event_id", "channel"),
    "stg_gohighlevel__engagements": ("event_id",),
    "stg_proof__engagements": ("event_id",),
    "stg_frontdesk__contacts": ("event_id",),
    "stg_frontdesk__leads": ("event_id",),
    "stg_frontdesk__touches": ("event_id",),
    "stg_frontdesk__bookings": ("event_id",),
    "stg_frontdesk__payments": ("event_id",),
    "stg_frontdesk__messages": ("event_id",),
    "stg_frontdesk__consents": ("event_id",),
    "stg_frontdesk__engagements": ("event_id",),
    "stg_frontdesk__commands": ("event_id",),
    "stg_frontdesk__waitlist_entries": ("event_id",),
    "stg_frontdesk__spend": ("event_id",),
    "stg_frontdesk__identity_decisions": ("event_id",),
}


_UNREAD_TIMES = ("unread_times", "STRUCT(problem VARCHAR, told VARCHAR)[]")

#: What only some sources tell, after the columns of their shape.
FURTHER_COLUMNS: Mapping[str, Columns] = MappingProxyType(
    {
        "stg_frontdesk__messages": (("command_key", _TEXT), ("booking_id", _TEXT)),
        "stg_frontdesk__payments": (
            ("service_name", _TEXT),
            ("staff_name", _TEXT),
            ("tax_minor", _WHOLE),
            ("taxes", _TEXT),
            ("lines", _TEXT),
        ),
        "stg_zoho__payments": (("unread_amount", _TEXT),),
        "stg_zoho__engagements": (("unread_amount", _TEXT),),
        "stg_gohighlevel__engagements": (("unread_amount", _TEXT),),
        "stg_wix__bookings": (("unread_amount", _TEXT), _UNREAD_TIMES),
        "stg_gohighlevel__bookings": (("detail", _TEXT), _UNREAD_TIMES),
        "stg_stripe__payments": (
            ("paid_at", _INSTANT),
            ("part_id", _TEXT),
            ("part_status", _TEXT),
            ("part_minor", _WHOLE),
            ("part_version", _WHOLE),
            ("fee_minor", _WHOLE),
            ("respond_by", _INSTANT),
            ("refund_step", _WHOLE),
            ("tax_minor", _WHOLE),
            ("charge_id", _TEXT),
            _UNREAD_TIMES,
        ),
        "stg_frontdesk__engagements": (
            ("booking_id", _TEXT),
            ("command_key", _TEXT),
            ("attributes", _TEXT),
        ),
        "stg_frontdesk__commands": (
            *(("channel", _TEXT), ("body", _TEXT), ("booking_id", _TEXT), ("error_code", _TEXT)),
            ("command_key", _TEXT),
        ),
    }
)


def shape_of(model: str) -> Shape:
    """Return the shape that a model's name ends with."""
    return SHAPES[model.partition("__")[2]]


def columns_of(model: str) -> Columns:
    """Return all columns of a model, in order, with their types."""
    shape = shape_of(model)
    people = OF_PEOPLE if shape.is_about_a_person else ()
    return OF_EVENTS + people + shape.columns + FURTHER_COLUMNS.get(model, ())
