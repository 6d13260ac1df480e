"""Rules of businesses as the rows that the models decide by, in the columns of the raw schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from frontdesk.domains.rules.rule import Action, CallWebhook, Condition, CreateTask, SendText, SyncRecord
from frontdesk.domains.rules.vocabulary import CONTACT_FIELDS, UNDONE_BY, offered_fields
from frontdesk.domains.sending.facts import MESSAGE_REQUESTED
from frontdesk.domains.sending.outbox.commands import MANUAL, Channel
from frontdesk.domains.sending.templates import EmailTemplate, Templates, read_template
from frontdesk.domains.tenancy.tenant import Tenant

_GROUPS = ("contact", "booking", "fact")

_TEXTS = pa.list_(pa.string())
_RULES = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("rule_id", pa.string()),
        ("rule_version", pa.int32()),
        ("facts", _TEXTS),
        ("anchor", pa.string()),
        ("offset_seconds", pa.int64()),
        ("once_per", pa.string()),
        ("message_class", pa.string()),
        ("booking_is", _TEXTS),
        ("unless_happened", pa.list_(pa.struct([("fact_type", pa.string()), ("scope", pa.string())]))),
        ("undone_by", pa.list_(pa.struct([("cause", pa.string()), ("fact_type", pa.string())]))),
        (
            "conditions",
            pa.list_(
                pa.struct(
                    [("field", pa.string()), ("kind", pa.string()), ("operator", pa.string()), ("expected", _TEXTS)]
                )
            ),
        ),
        ("holdout_percent", pa.int32()),
        ("is_shadow", pa.bool_()),
    ]
)
_ACTIONS = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("rule_id", pa.string()),
        ("command_type", pa.string()),
        ("only_fact_channel", pa.string()),
        ("template", pa.string()),
        ("settings", pa.string()),
        *((f"{group}_variables", _TEXTS) for group in _GROUPS),
    ]
)
_SENDERS = pa.schema([("tenant_id", pa.string()), ("channel", pa.string()), ("provider", pa.string())])


def rule_tables(tenants: Iterable[Tenant]) -> dict[str, pa.Table]:
    """Return the rows of raw.rules, raw.rule_actions and raw.senders, by table."""
    tenants = list(tenants)
    return {
        "rules": pa.Table.from_pylist([row for tenant in tenants for row in _rule_rows(tenant)], schema=_RULES),
        "rule_actions": pa.Table.from_pylist(
            [row for tenant in tenants for row in _action_rows(tenant)], schema=_ACTIONS
        ),
        "senders": pa.Table.from_pylist([row for tenant in tenants for row in _sender_rows(tenant)], schema=_SENDERS),
    }


def _rule_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for rule in tenant.rules:
        fields = offered_fields(rule.when)
        yield {
            "tenant_id": tenant.slug,
            "rule_id": rule.id,
            "rule_version": rule.version,
            "facts": rule.when,
            "anchor": rule.due.anchor,
            "offset_seconds": int(rule.due.offset.total_seconds()),
            "once_per": rule.once_per,
            "message_class": rule.message_class,
            "booking_is": rule.unless.booking_is,
            "unless_happened": [
                {"fact_type": fact, "scope": scope}
                for fact, scopes in sorted(rule.unless.happened.items())
                for scope in scopes
            ],
            "undone_by": [
                {"cause": cause, "fact_type": fact} for cause in rule.when for fact in UNDONE_BY.get(cause, ())
            ],
            "conditions": [_condition(condition, fields[condition.field].kind) for condition in rule.only_if],
            "holdout_percent": rule.holdout_percent,
            "is_shadow": rule.is_shadow,
        }
    yield {
        "tenant_id": tenant.slug,
        "rule_id": MANUAL,
        "rule_version": 1,
        "facts": [MESSAGE_REQUESTED],
        "anchor": "fact",
        "offset_seconds": 0,
        "once_per": "entity",
        "message_class": "transactional",
        "booking_is": [],
        "unless_happened": [],
        "undone_by": [],
        "conditions": [],
        "holdout_percent": 0,
        "is_shadow": False,
    }


def _condition(condition: Condition, kind: str) -> dict[str, Any]:
    value = condition.value
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return {
        "field": condition.field,
        "kind": kind,
        "operator": condition.operator,
        "expected": [_as_text(each, kind) for each in values],
    }


def _as_text(value: Any, kind: str) -> str:
    """Return a value as the models write that kind: macros/automation/rule_field.sql."""
    if kind == "instant":
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value).lower() if kind == "flag" else str(value)


def _action_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    templates = tenant.all_templates()
    for rule in tenant.rules:
        for command_type, action in rule.do.listed():
            if isinstance(action, CallWebhook | SyncRecord):
                names: Iterable[str] = offered_fields(rule.when)  # whoever is told may need any
            else:
                sources = _sources(action, command_type, templates)
                names = {use.name for source in sources for use in read_template(source)}
            yield {
                "tenant_id": tenant.slug,
                "rule_id": rule.id,
                "command_type": command_type,
                "only_fact_channel": None,
                "template": action.template if isinstance(action, SendText) else None,
                "settings": orjson.dumps(_settings(action)).decode(),
                **_variables(names),
            }
    for channel in ("sms", "email"):
        yield {
            "tenant_id": tenant.slug,
            "rule_id": MANUAL,
            "command_type": f"send_{channel}",
            "only_fact_channel": channel,
            "template": None,
            "settings": "{}",
            # Staff can ask for a template, which may speak of the contact.
            **_variables(f"contact.{field}" for field in CONTACT_FIELDS),
        }


def _settings(action: Action) -> dict[str, Any]:
    """Return what the deliverer needs of an action besides template and variables."""
    match action:
        case CreateTask(due=due):
            return {
                "kind": action.kind,
                "title": action.title,
                "due": due if isinstance(due, str) else int(due.total_seconds()),
            }
        case SyncRecord():
            return {"target": action.target, "record": action.record, "operation": action.operation}
        case CallWebhook():
            return {"endpoint": action.endpoint}
        case SendText():
            return {}


def _sources(action: Action, command_type: str, templates: Templates) -> tuple[str, ...]:
    match action:
        case SendText():
            known = templates.sms if command_type == "send_sms" else templates.email
            template: str | EmailTemplate = known[action.template]
            return (template,) if isinstance(template, str) else (template.subject, template.text)
        case CreateTask():
            return (action.title,)
        case _:
            return ()


def _variables(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns of variables, by group; the business's own come from the tenant's file."""
    parts = [name.partition(".") for name in sorted(names)]
    return {f"{group}_variables": [field for of, _, field in parts if of == group] for group in _GROUPS}


def _sender_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for channel in Channel:
        provider = tenant.delivery.provider_of(channel)
        if provider is not None:
            yield {"tenant_id": tenant.slug, "channel": channel.value, "provider": provider}
